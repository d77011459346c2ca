//! What the door counts. Every cell is looked up once; a request then costs a few relaxed
//! additions.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::counters;

/// A closed set of label values.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($variant),* }
        impl $name {
            pub const COUNT: usize = [$($word),*].len();
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

words!(Signal { Traces = "traces", Metrics = "metrics", Logs = "logs", Unknown = "unknown" });
words!(Transport { Http = "http", Grpc = "grpc" });
words!(Encoding { Protobuf = "protobuf", Json = "json", Unknown = "unknown" });
words!(
    /// How a request ended.
    Outcome {
        Accepted = "accepted",
        Partial = "partial",
        Rejected = "rejected",
        Empty = "empty",
        Repeated = "repeated",
        NotKept = "not_kept",
        Plaintext = "plaintext",
        MissingKey = "missing_key",
        MalformedKey = "malformed_key",
        UnknownKey = "unknown_key",
        RevokedKey = "revoked_key",
        ExpiredKey = "expired_key",
        WrongScope = "wrong_scope",
        KeyInQuery = "key_in_query",
        KeysUnavailable = "keys_unavailable",
        UnknownPath = "unknown_path",
        Method = "method",
        ContentType = "content_type",
        ContentEncoding = "content_encoding",
        TooLarge = "too_large",
        CorruptCompression = "corrupt_compression",
        Malformed = "malformed",
        MemoryBudget = "memory_budget",
        Rate = "rate",
        KeyRate = "key_rate",
        Unavailable = "unavailable",
        SlowBody = "slow_body",
        Aborted = "aborted",
        Deadline = "deadline",
    }
);

const CELLS: usize = Signal::COUNT * Transport::COUNT * Encoding::COUNT * Outcome::COUNT;
static REQUESTS: [OnceLock<&'static AtomicU64>; CELLS] = [const { OnceLock::new() }; CELLS];

fn request(signal: Signal, transport: Transport, encoding: Encoding, outcome: Outcome) {
    let at = ((signal as usize * Transport::COUNT + transport as usize) * Encoding::COUNT
        + encoding as usize)
        * Outcome::COUNT
        + outcome as usize;
    if let Some(cell) = REQUESTS.get(at) {
        cell.get_or_init(|| {
            counters::handle(
                "clew_intake_requests_total",
                &[
                    ("signal", signal.word()),
                    ("transport", transport.word()),
                    ("encoding", encoding.word()),
                    ("outcome", outcome.word()),
                ],
            )
        })
        .fetch_add(1, Ordering::Relaxed);
    }
}

/// A request that is counted however it ends: as aborted, if it is dropped because its sender went
/// away.
pub struct Pending {
    signal: Signal,
    transport: Transport,
    encoding: Encoding,
    outcome: Outcome,
}

impl Pending {
    pub fn new(signal: Signal, transport: Transport, encoding: Encoding) -> Self {
        Self {
            signal,
            transport,
            encoding,
            outcome: Outcome::Aborted,
        }
    }

    pub fn ends(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        request(self.signal, self.transport, self.encoding, self.outcome);
    }
}

/// Upper bounds in microseconds: the target is 2-4 ms on a busy disk.
const BOUNDS: [(u64, &str); 12] = [
    (250, "250"),
    (500, "500"),
    (1_000, "1000"),
    (2_000, "2000"),
    (4_000, "4000"),
    (8_000, "8000"),
    (16_000, "16000"),
    (32_000, "32000"),
    (64_000, "64000"),
    (250_000, "250000"),
    (1_000_000, "1000000"),
    (u64::MAX, "+Inf"),
];

/// Counters of spans, bytes and the time to an acknowledgement.
#[derive(Clone, Copy)]
pub struct Meter {
    pub spans_accepted: &'static AtomicU64,
    pub spans_repeated: &'static AtomicU64,
    pub replaced_utf8: &'static AtomicU64,
    pub wire_bytes: &'static AtomicU64,
    pub body_bytes: &'static AtomicU64,
    pub held_bytes: &'static AtomicU64,
    pub open_connections: &'static AtomicU64,
    ack_sum: &'static AtomicU64,
    ack_count: &'static AtomicU64,
    ack_buckets: [&'static AtomicU64; BOUNDS.len()],
}

impl Meter {
    pub fn new() -> Self {
        let plain = |name| counters::handle(name, &[]);
        let bytes = |form| counters::handle("clew_intake_received_bytes_total", &[("form", form)]);
        Self {
            spans_accepted: plain("clew_intake_spans_accepted_total"),
            spans_repeated: plain("clew_intake_spans_repeated_total"),
            replaced_utf8: plain("clew_intake_strings_replaced_total"),
            wire_bytes: bytes("wire"),
            body_bytes: bytes("decompressed"),
            held_bytes: plain("clew_intake_held_bytes"),
            open_connections: plain("clew_intake_open_connections"),
            ack_sum: plain("clew_intake_ack_microseconds_sum"),
            ack_count: plain("clew_intake_ack_microseconds_count"),
            ack_buckets: BOUNDS.map(|(_, le)| {
                counters::handle("clew_intake_ack_microseconds_bucket", &[("le", le)])
            }),
        }
    }

    pub fn acknowledged(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        add(self.ack_sum, micros);
        add(self.ack_count, 1);
        for (cell, (bound, _)) in self.ack_buckets.iter().zip(BOUNDS).rev() {
            if micros > bound {
                break;
            }
            add(cell, 1);
        }
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

/// Spans that were valid or not and are not stored; the sender was told.
pub fn spans_rejected(reason: &'static str, count: u64) {
    counters::add(
        "clew_intake_spans_rejected_total",
        &[("reason", reason)],
        count,
    );
}

/// Values, names and keys that were cut, and attributes that were dropped, of spans that were kept.
pub fn cut(reason: &'static str, count: u32) {
    counters::add(
        "clew_intake_cut_total",
        &[("reason", reason)],
        u64::from(count),
    );
}

/// Valid spans that could not be acknowledged; the sender was asked to send them again.
pub fn spans_refused(reason: &'static str, count: u64) {
    counters::add(
        "clew_intake_spans_refused_total",
        &[("reason", reason)],
        count,
    );
}

pub fn connection(protocol: &'static str) {
    counters::add(
        "clew_intake_connections_total",
        &[("protocol", protocol)],
        1,
    );
}

/// What was spoken after a TLS handshake; the connection itself was counted as tls.
pub fn connection_inside_tls(protocol: &'static str) {
    counters::add(
        "clew_intake_tls_connections_total",
        &[("protocol", protocol)],
        1,
    );
}

/// Connections that were closed before their first byte was looked at.
pub fn connection_refused(reason: &'static str) {
    counters::add(
        "clew_intake_connections_refused_total",
        &[("reason", reason)],
        1,
    );
}

/// Connections that ended otherwise than by a clean close.
pub fn connection_failed(reason: &'static str) {
    counters::add(
        "clew_intake_connection_failures_total",
        &[("reason", reason)],
        1,
    );
}

/// The journal did not take a record of the ledger; it is offered again.
pub fn ledger_refused(reason: &[(&str, &str)]) {
    counters::add("clew_intake_ledger_refused_total", reason, 1);
}

pub fn add(cell: &AtomicU64, count: u64) {
    cell.fetch_add(count, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histogram_buckets_are_cumulative() {
        let meter = Meter::new();
        let before: Vec<u64> = meter
            .ack_buckets
            .iter()
            .map(|c| c.load(Ordering::Relaxed))
            .collect();
        meter.acknowledged(Duration::from_micros(900));
        let grown: Vec<bool> = meter
            .ack_buckets
            .iter()
            .zip(before)
            .map(|(cell, old)| cell.load(Ordering::Relaxed) > old)
            .collect();
        assert!(grown.iter().skip(2).all(|grew| *grew), "{grown:?}");
    }
}
