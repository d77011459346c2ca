//! The journal's bytes on disk. `docs/formats/journal.md` is the specification; this file is its only reader and writer.

use std::io;

pub const MAGIC: [u8; 8] = *b"CLEWJRNL";
pub const VERSION: u16 = 1;
pub const SEGMENT_HEADER: usize = 64;
pub const RECORD_HEADER: usize = 64;
/// Largest body that a reader believes; a request is at most 64 MiB and is split before it gets here.
pub const MAX_BODY: usize = 256 << 20;

pub const OPEN: &str = "open";
pub const SEALED: &str = "seg";

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// An ExportTraceServiceRequest as protobuf.
    Traces = 1,
    /// Lines of the ledger, see `ledger::body`.
    Ledger = 2,
    /// Closes a segment: counts of what is before it.
    Seal = 255,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    pub id: [u8; 16],
    /// Days since 1970-01-01, UTC: the partition that every row of this segment goes to.
    pub receive_day: u16,
    pub created_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    pub kind: u8,
    pub length: u32,
    pub spans: u32,
    pub received_ns: u64,
    pub hash: u128,
    pub key_id: [u8; 16],
    pub policy_version: u32,
    pub body_crc: u32,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(slot) = out.get_mut(at..at + bytes.len()) {
        slot.copy_from_slice(bytes);
    }
}

pub fn crc(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

impl SegmentHeader {
    pub fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut out = [0u8; SEGMENT_HEADER];
        put(&mut out, 0, &MAGIC);
        put(&mut out, 8, &VERSION.to_le_bytes());
        put(&mut out, 10, &(SEGMENT_HEADER as u16).to_le_bytes());
        put(&mut out, 12, &self.receive_day.to_le_bytes());
        put(&mut out, 16, &self.id);
        put(&mut out, 32, &self.created_ns.to_le_bytes());
        let sum = crc(out.get(..60).unwrap_or_default());
        put(&mut out, 60, &sum.to_le_bytes());
        out
    }

    /// Refuses what it cannot be sure of: another file, a damaged header, a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let short = || {
            format!(
                "the file has {} bytes, a segment header has {SEGMENT_HEADER}",
                bytes.len()
            )
        };
        let head = bytes.get(..SEGMENT_HEADER).ok_or_else(short)?;
        if array::<8>(head, 0) != Some(MAGIC) {
            return Err("not a journal segment: the magic is missing".to_owned());
        }
        if array(head, 60).map(u32::from_le_bytes) != head.get(..60).map(crc) {
            return Err("the segment header is damaged: its checksum differs".to_owned());
        }
        let version = array(head, 8).map_or(0, u16::from_le_bytes);
        if version != VERSION {
            return Err(format!(
                "segment format {version}, this Clew reads format {VERSION}: start the version that wrote it"
            ));
        }
        Ok(Self {
            receive_day: array(head, 12).map_or(0, u16::from_le_bytes),
            id: array(head, 16).unwrap_or_default(),
            created_ns: array(head, 32).map_or(0, u64::from_le_bytes),
        })
    }
}

impl RecordHeader {
    pub fn encode(&self) -> [u8; RECORD_HEADER] {
        let mut out = [0u8; RECORD_HEADER];
        put(&mut out, 4, &self.body_crc.to_le_bytes());
        put(&mut out, 8, &self.length.to_le_bytes());
        put(&mut out, 12, &[self.kind]);
        put(&mut out, 16, &self.received_ns.to_le_bytes());
        put(&mut out, 24, &self.hash.to_le_bytes());
        put(&mut out, 40, &self.key_id);
        put(&mut out, 56, &self.spans.to_le_bytes());
        put(&mut out, 60, &self.policy_version.to_le_bytes());
        let sum = crc(out.get(4..).unwrap_or_default());
        put(&mut out, 0, &sum.to_le_bytes());
        out
    }

    /// `decode` for a search at every offset: most are refused before a checksum is computed.
    pub fn decode_likely(bytes: &[u8]) -> Option<Self> {
        let likely = bytes.get(12) != Some(&0) && bytes.get(13..16) == Some(&[0; 3]);
        likely.then(|| Self::decode(bytes)).flatten()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..RECORD_HEADER)?;
        if array(head, 0).map(u32::from_le_bytes) != head.get(4..).map(crc) {
            return None;
        }
        let header = Self {
            body_crc: array(head, 4).map(u32::from_le_bytes)?,
            length: array(head, 8).map(u32::from_le_bytes)?,
            kind: *head.get(12)?,
            received_ns: array(head, 16).map(u64::from_le_bytes)?,
            hash: array(head, 24).map(u128::from_le_bytes)?,
            key_id: array(head, 40)?,
            spans: array(head, 56).map(u32::from_le_bytes)?,
            policy_version: array(head, 60).map(u32::from_le_bytes)?,
        };
        (header.length as usize <= MAX_BODY).then_some(header)
    }
}

/// The body of the record that closes a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SealBody {
    pub records: u64,
    pub spans: u64,
}

impl SealBody {
    pub fn encode(&self) -> [u8; 16] {
        let mut out = [0u8; 16];
        put(&mut out, 0, &self.records.to_le_bytes());
        put(&mut out, 8, &self.spans.to_le_bytes());
        out
    }

    pub fn decode(body: &[u8]) -> Option<Self> {
        Some(Self {
            records: array(body, 0).map(u64::from_le_bytes)?,
            spans: array(body, 8).map(u64::from_le_bytes)?,
        })
    }
}

/// One step of reading a segment.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    Record {
        offset: usize,
        header: RecordHeader,
        body: &'a [u8],
    },
    /// The header is sound but the body is not: this record is lost, the next one is readable.
    DamagedBody {
        offset: usize,
        header: RecordHeader,
        body: &'a [u8],
    },
    /// From here on nothing can be read: a torn tail in an open segment, damage in a sealed one.
    Unreadable { offset: usize, rest: &'a [u8] },
}

/// Walks the records of a whole segment file. Stops after `Unreadable`.
pub struct Items<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Items<'a> {
    pub fn new(file: &'a [u8]) -> Self {
        Self {
            file,
            at: SEGMENT_HEADER,
        }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let offset = self.at;
        let rest = self.file.get(offset..).filter(|rest| !rest.is_empty())?;
        let parsed = RecordHeader::decode(rest).and_then(|header| {
            let end = RECORD_HEADER.checked_add(header.length as usize)?;
            Some((header, rest.get(RECORD_HEADER..end)?, end))
        });
        let Some((header, body, end)) = parsed else {
            self.at = self.file.len();
            return Some(Item::Unreadable { offset, rest });
        };
        self.at = offset + end;
        Some(if crc(body) == header.body_crc {
            Item::Record {
                offset,
                header,
                body,
            }
        } else {
            Item::DamagedBody {
                offset,
                header,
                body,
            }
        })
    }
}

/// `<32 hex digits>.<extension>` → the segment's id.
pub fn id_of(file_name: &str, extension: &str) -> Option<[u8; 16]> {
    let stem = file_name.strip_suffix(extension)?.strip_suffix('.')?;
    if stem.len() != 32 || !stem.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    u128::from_str_radix(stem, 16).ok().map(u128::to_be_bytes)
}

pub fn file_name(id: [u8; 16], extension: &str) -> String {
    format!("{:032x}.{extension}", u128::from_be_bytes(id))
}

pub fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(body: &[u8], spans: u32) -> Vec<u8> {
        let header = RecordHeader {
            kind: Kind::Traces as u8,
            length: body.len() as u32,
            spans,
            received_ns: 7,
            hash: 9,
            key_id: [3; 16],
            policy_version: 4,
            body_crc: crc(body),
        };
        let mut out = header.encode().to_vec();
        out.extend_from_slice(body);
        out
    }

    fn segment(bodies: &[&[u8]]) -> Vec<u8> {
        let mut out = SegmentHeader {
            id: [1; 16],
            receive_day: 20_000,
            created_ns: 5,
        }
        .encode()
        .to_vec();
        for body in bodies {
            out.extend_from_slice(&record(body, 1));
        }
        out
    }

    #[test]
    fn headers_come_back_as_written() {
        let header = SegmentHeader {
            id: [8; 16],
            receive_day: 65_535,
            created_ns: u64::MAX,
        };
        assert_eq!(SegmentHeader::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn newer_format_is_refused_with_both_versions_named() {
        let mut bytes = SegmentHeader {
            id: [8; 16],
            receive_day: 1,
            created_ns: 2,
        }
        .encode();
        bytes[8] = 9;
        let sum = crc(&bytes[..60]);
        bytes[60..64].copy_from_slice(&sum.to_le_bytes());
        let message = SegmentHeader::decode(&bytes).unwrap_err();
        assert!(
            message.contains("format 9") && message.contains("format 1"),
            "{message}"
        );
    }

    #[test]
    fn tail_torn_at_every_byte_keeps_every_whole_record() {
        let whole = segment(&[b"first", b"second!"]);
        let second_starts = SEGMENT_HEADER + RECORD_HEADER + 5;
        for cut in SEGMENT_HEADER..whole.len() {
            let records = Items::new(&whole[..cut])
                .filter(|i| matches!(i, Item::Record { .. }))
                .count();
            let expected = usize::from(cut >= second_starts);
            assert_eq!(records, expected, "cut at {cut}");
        }
    }

    #[test]
    fn damaged_body_costs_one_record_only() {
        let mut bytes = segment(&[b"first", b"second!"]);
        bytes[SEGMENT_HEADER + RECORD_HEADER] ^= 1;
        let items: Vec<_> = Items::new(&bytes).collect();
        assert!(matches!(items[0], Item::DamagedBody { .. }));
        assert!(matches!(
            items[1],
            Item::Record {
                body: b"second!",
                ..
            }
        ));
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let whole = segment(&[b"first", b"second!"]);
        for at in SEGMENT_HEADER..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            let sound = Items::new(&bytes)
                .filter(|i| matches!(i, Item::Record { .. }))
                .count();
            assert!(sound < 2, "flip at {at} went unnoticed");
        }
    }

    #[test]
    fn only_segment_names_are_taken_for_segments() {
        let id = [0xab; 16];
        assert_eq!(id_of(&file_name(id, SEALED), SEALED), Some(id));
        for name in [
            "x.seg",
            "README",
            ".seg",
            "abababababababababababababababab",
            "ABABABABABABABABABABABABABABABAB.seg",
        ] {
            assert_eq!(id_of(name, SEALED), None, "{name}");
        }
    }
}
