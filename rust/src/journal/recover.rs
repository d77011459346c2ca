//! What a killed intake left: open segments are cut to their last whole record, synced and sealed.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::Options;
use super::format::{self, Item, Items, Kind, SealBody, SegmentHeader};
use super::recent::{Log, Recent, WINDOW, sync_folder};
use super::seal::seal_record;
use crate::counters;

pub(super) struct Recovered {
    pub recent: Recent,
    pub log: Log,
    /// The highest receive day that any leftover segment carries; it is never lowered.
    pub last_day: u16,
}

pub(super) fn recover(options: &Options, now_ns: u64) -> io::Result<Recovered> {
    let folder = &options.folder;
    let (mut log, mut hashes) = Log::open(folder, now_ns)?;
    let mut last_day = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if let Some(id) = format::id_of(name, format::OPEN) {
            let (day, found) = seal_leftover(folder, &entry.path(), id, &mut log, now_ns)?;
            last_day = last_day.max(day);
            hashes.extend(found);
        } else if format::id_of(name, format::SEALED).is_some() {
            last_day = last_day.max(day_of(&entry.path()));
        }
    }
    hashes.sort_unstable();
    let mut recent = Recent::new(options.repeat_entries);
    let newest: VecDeque<_> = hashes.into_iter().collect();
    let now = Instant::now();
    for (received_ns, hash) in newest {
        let age = Duration::from_nanos(now_ns.saturating_sub(received_ns));
        if let (true, Some(at)) = (age <= WINDOW, now.checked_sub(age)) {
            recent.remember(hash, at);
        }
    }
    Ok(Recovered {
        recent,
        log,
        last_day,
    })
}

fn day_of(path: &Path) -> u16 {
    let mut head = [0u8; format::SEGMENT_HEADER];
    let read =
        std::fs::File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut head));
    match (read, SegmentHeader::decode(&head)) {
        (Ok(()), Ok(header)) => header.receive_day,
        _ => 0, // the store process reports a segment that cannot be read
    }
}

type Found = (u16, Vec<(u64, u128)>);

fn seal_leftover(
    folder: &Path,
    path: &Path,
    id: [u8; 16],
    log: &mut Log,
    now_ns: u64,
) -> io::Result<Found> {
    let bytes = std::fs::read(path)?;
    let Ok(header) = SegmentHeader::decode(&bytes) else {
        if bytes.len() <= format::SEGMENT_HEADER {
            std::fs::remove_file(path)?; // killed before the header was whole: nothing was acknowledged from it
        } else {
            counters::add("clew_journal_unreadable_segments_total", &[], 1);
            eprintln!(
                "clew: journal: {} is not a segment that this Clew can read; it is left alone",
                path.display()
            );
        }
        return Ok((0, Vec::new()));
    };
    let mut hashes = Vec::new();
    let mut spans = 0;
    let mut end = format::SEGMENT_HEADER;
    let mut sealed = false;
    for item in Items::new(&bytes) {
        match item {
            Item::Record {
                offset,
                header,
                body,
            } => {
                end = offset + format::RECORD_HEADER + body.len();
                if header.kind == Kind::Seal as u8 {
                    sealed = true;
                } else {
                    hashes.push((header.received_ns, header.hash));
                    spans += u64::from(header.spans);
                }
            }
            // The next header may be sound, but what was not synced whole was not acknowledged … unless the disk
            // went bad under an acknowledged record: keep it, the store puts it into the dead-letter folder.
            Item::DamagedBody { offset, body, .. } => {
                end = offset + format::RECORD_HEADER + body.len();
            }
            Item::Unreadable { rest, .. } => {
                counters::add("clew_journal_torn_bytes_total", &[], rest.len() as u64);
            }
        }
    }
    if end == format::SEGMENT_HEADER {
        std::fs::remove_file(path)?;
        return Ok((header.receive_day, hashes));
    }
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.set_len(end as u64)?;
    if !sealed {
        file.seek(SeekFrom::End(0))?;
        file.write_all(&seal_record(&SealBody {
            records: hashes.len() as u64,
            spans,
        }))?;
    }
    file.sync_all()?;
    log.append(&hashes, now_ns)?;
    std::fs::rename(path, folder.join(format::file_name(id, format::SEALED)))?;
    sync_folder(folder)?;
    counters::add("clew_journal_segments_recovered_total", &[], 1);
    Ok((header.receive_day, hashes))
}
