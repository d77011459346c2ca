//! What is behind the last readable record of a segment that a killed process left: a torn tail, or more.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::disk::{Trouble, sync_folder};
use super::format::{self, RECORD_HEADER, RecordHeader};
use super::seal::Unsealed;
use crate::counters;

/// Bodies come from senders and may hold what looks like headers: the checksums that are computed are bounded.
const CHECKED_BYTES: usize = 256 << 20;

/// True when a whole record is behind the first byte: the disk damaged what is before it, for a process that was killed
/// leaves at most one torn group. True as well when the bound is reached before it is sure.
pub(super) fn holds_a_record(rest: &[u8]) -> bool {
    let mut left = CHECKED_BYTES;
    for at in 1..rest.len().saturating_sub(RECORD_HEADER - 1) {
        let candidate = rest.get(at..).unwrap_or_default();
        let Some(header) = RecordHeader::decode_likely(candidate) else {
            continue;
        };
        let end = RECORD_HEADER + header.length as usize;
        let Some(body) = candidate.get(RECORD_HEADER..end) else {
            continue;
        };
        if format::crc(body) == header.body_crc || left < body.len() {
            return true;
        }
        left -= body.len();
    }
    false
}

/// Copies everything behind `segment.synced` to the dead-letter folder; durable when it returns.
pub(super) fn keep(folder: &Path, segment: &mut Unsealed) -> Result<(), Trouble> {
    let mut rest = Vec::new();
    segment
        .file
        .seek(SeekFrom::Start(segment.synced))
        .and_then(|_| segment.file.read_to_end(&mut rest))
        .map_err(Trouble::Lost)?;
    let dead_letters = folder.join("dead-letter");
    std::fs::create_dir_all(&dead_letters).map_err(Trouble::of_write)?;
    let id = format!("{:032x}", u128::from_be_bytes(segment.id));
    let name = format!("{id}-{:010}", segment.synced);
    let described = serde_json::json!({
        "segment": id,
        "offset": segment.synced,
        "reason": "no whole record starts here although records follow: the disk changed the open segment",
        "bytes": rest.len(),
    })
    .to_string();
    for (extension, content) in [("torn", rest.as_slice()), ("json", described.as_bytes())] {
        let path = dead_letters.join(format!("{name}.{extension}"));
        let mut file = File::create(path).map_err(Trouble::of_write)?;
        file.write_all(content).map_err(Trouble::of_write)?;
        file.sync_all().map_err(Trouble::of_sync)?;
    }
    sync_folder(&dead_letters)
        .and_then(|()| sync_folder(folder))
        .map_err(Trouble::of_sync)?;
    counters::add("clew_journal_dead_letters_total", &[("kind", "torn")], 1);
    eprintln!(
        "clew: journal: {id} is damaged at byte {}: what follows was kept in {}",
        segment.synced,
        dead_letters.join(format!("{name}.torn")).display()
    );
    Ok(())
}
