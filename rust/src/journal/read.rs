//! A sealed segment as the store process sees it: whole records, and what cannot be read, told apart.

use std::path::Path;

use super::format::{self, Item, Items, Kind, RecordHeader, SealBody, SegmentHeader};

/// Bytes that cannot be stored, for the dead-letter folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// Where in the segment they are.
    pub offset: usize,
    pub reason: String,
    pub bytes: Vec<u8>,
}

/// A segment file in memory; at most the sealing limits plus one record.
pub struct Segment {
    pub header: SegmentHeader,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment")
            .field("header", &self.header)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

/// Reads the file whole. An error says why it is not a segment that this version can read.
pub fn read_segment(path: &Path) -> std::io::Result<Segment> {
    let bytes = std::fs::read(path)?;
    let header = SegmentHeader::decode(&bytes)
        .map_err(|why| format::invalid(format!("{}: {why}", path.display())))?;
    Ok(Segment { header, bytes })
}

impl Segment {
    /// Calls `store` with each record of a known type; what it refuses, and what cannot be read, is returned.
    pub fn each(
        &self,
        mut store: impl FnMut(&RecordHeader, &[u8]) -> Result<(), String>,
    ) -> Vec<Dead> {
        let mut dead = Vec::new();
        let mut seen = SealBody::default();
        let mut promised = None;
        let mut whole = true;
        for item in Items::new(&self.bytes) {
            match item {
                Item::Record { header, body, .. } if header.kind == Kind::Seal as u8 => {
                    promised = SealBody::decode(body);
                }
                Item::Record {
                    offset,
                    header,
                    body,
                } => {
                    seen.records += 1;
                    seen.spans += u64::from(header.spans);
                    if ![Kind::Traces as u8, Kind::Ledger as u8].contains(&header.kind) {
                        let reason =
                            format!("record type {} is unknown to this version", header.kind);
                        dead.push(Dead {
                            offset,
                            reason,
                            bytes: body.to_vec(),
                        });
                    } else if let Err(reason) = store(&header, body) {
                        dead.push(Dead {
                            offset,
                            reason,
                            bytes: body.to_vec(),
                        });
                    }
                }
                Item::DamagedBody {
                    offset,
                    header,
                    body,
                } => {
                    seen.records += 1;
                    seen.spans += u64::from(header.spans);
                    let reason =
                        "the checksum of the record's body differs: the disk changed it".to_owned();
                    dead.push(Dead {
                        offset,
                        reason,
                        bytes: body.to_vec(),
                    });
                }
                Item::Unreadable { offset, rest } => {
                    whole = false;
                    let reason = "no whole record starts here: the disk changed or cut the segment"
                        .to_owned();
                    dead.push(Dead {
                        offset,
                        reason,
                        bytes: rest.to_vec(),
                    });
                }
            }
        }
        if whole && promised != Some(seen) {
            let seal = promised.map_or_else(
                || "the seal is missing".to_owned(),
                |promised| format!("the seal promises {promised:?}"),
            );
            let reason = format!("{seal}, the segment holds {seen:?}: the disk changed or cut it");
            dead.push(Dead {
                offset: self.bytes.len(),
                reason,
                bytes: Vec::new(),
            });
        }
        dead
    }
}
