//! What the door hands to the journal, and what the journal answers.

use bytes::Bytes;

/// An accepted request, as it will be kept.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// ExportTraceServiceRequest as protobuf, without the spans that were rejected.
    pub body: Bytes,
    pub spans: u32,
    /// Size of the rows that decoding will make of it; bounds a segment together with `spans`.
    pub decoded_bytes: u64,
    /// xxh3-128 over the sender, then the body as it came (decompressed): equal for a client's retry.
    pub hash: u128,
    /// Unix time in nanoseconds.
    pub received_ns: u64,
    /// Zeros for a sender without a key.
    pub key_id: [u8; 16],
}

/// Both mean: the spans are safe, acknowledge them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    Stored,
    /// The same sender sent the same body within the last minutes: counted, not stored again.
    Repeated,
}

/// Why nothing can be acknowledged now. All are temporary for the sender: 503 or UNAVAILABLE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The journal holds as many bytes as it may; the store is behind.
    Full,
    /// The disk has less free space than is kept in reserve.
    DiskReserve,
    /// The disk refused a write or a sync; what it holds is unknown until a restart.
    SyncFailed,
    /// More is waiting for the disk than may wait.
    Busy,
    Stopping,
}

impl Unavailable {
    /// One word for counters.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Full => "journal_full",
            Self::DiskReserve => "disk_reserve",
            Self::SyncFailed => "sync_failed",
            Self::Busy => "busy",
            Self::Stopping => "stopping",
        }
    }

    /// One sentence for the sender.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Full => {
                "Clew's journal is full because its store is behind; the spans were not taken, send them again"
            }
            Self::DiskReserve => {
                "Clew's disk is nearly full; the spans were not taken, send them again and free disk space on the server"
            }
            Self::SyncFailed => {
                "Clew's disk failed to write; the spans were not taken, send them again"
            }
            Self::Busy => "Clew is busy; the spans were not taken, send them again",
            Self::Stopping => "Clew is stopping; the spans were not taken, send them again",
        }
    }
}
