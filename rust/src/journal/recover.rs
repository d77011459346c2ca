//! What a killed intake left: open segments are cut to their last whole record, synced and sealed.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::disk::{Trouble, regular_file};
use super::format::{self, Item, Items, Kind, SegmentHeader};
use super::log::Log;
use super::recent::{Recent, WINDOW};
use super::seal::{Closing, Step, Unsealed};
use super::{Options, torn};
use crate::counters;

pub(super) struct Recovered {
    pub recent: Recent,
    pub closing: Closing,
    /// What could not be sealed because the disk is full; the sealer waits for space.
    pub leftovers: Vec<Unsealed>,
    /// The highest receive day that is known; it is never lowered.
    pub last_day: u16,
}

/// `known_day`: 0 when the lock file names none; then the segments that are still there do.
pub(super) fn recover(options: &Options, known_day: u16, now_ns: u64) -> io::Result<Recovered> {
    let folder = &options.folder;
    let (log, mut hashes) = Log::open(
        folder,
        options.faults.clone(),
        options.repeat_entries,
        now_ns,
    )?;
    let mut closing = Closing {
        folder: folder.clone(),
        faults: options.faults.clone(),
        log,
    };
    let mut last_day = known_day;
    let mut leftovers = Vec::new();
    for (id, path) in open_segments(folder, known_day == 0, &mut last_day)? {
        let Some((day, mut segment)) = read_leftover(path, id)? else {
            continue;
        };
        last_day = last_day.max(day);
        hashes.extend_from_slice(&segment.hashes);
        match closing.close(&mut segment) {
            Ok(()) => counters::add("clew_journal_segments_recovered_total", &[], 1),
            Err(Trouble::Full(_)) => leftovers.push(segment),
            Err(trouble) => return Err(trouble.into_error()),
        }
    }
    Ok(Recovered {
        recent: remembered(hashes, options.repeat_entries, now_ns),
        closing,
        leftovers,
        last_day,
    })
}

/// Open segments, oldest first. Raises `day` to that of the sealed ones when asked to read them.
fn open_segments(
    folder: &Path,
    read_days: bool,
    day: &mut u16,
) -> io::Result<Vec<([u8; 16], PathBuf)>> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Some(name) = regular_file(&entry) else {
            continue;
        };
        if let Some(id) = format::id_of(&name, format::OPEN) {
            open.push((id, entry.path()));
        } else if read_days && format::id_of(&name, format::SEALED).is_some() {
            *day = day_of(&entry.path()).max(*day);
        }
    }
    open.sort_unstable();
    Ok(open)
}

fn remembered(mut hashes: Vec<(u64, u128)>, capacity: usize, now_ns: u64) -> Recent {
    hashes.sort_unstable();
    let mut recent = Recent::new(capacity);
    let now = Instant::now();
    for (received_ns, hash) in hashes {
        let age = Duration::from_nanos(now_ns.saturating_sub(received_ns));
        if let (true, Some(at)) = (age <= WINDOW, now.checked_sub(age)) {
            recent.remember(hash, at);
        }
    }
    recent
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

/// None: nothing in it, or nothing of ours.
fn read_leftover(path: PathBuf, id: [u8; 16]) -> io::Result<Option<(u16, Unsealed)>> {
    let bytes = std::fs::read(&path)?;
    let Ok(header) = SegmentHeader::decode(&bytes) else {
        if bytes.len() <= format::SEGMENT_HEADER {
            std::fs::remove_file(&path)?; // killed before the header was whole: nothing was acknowledged from it
        } else {
            counters::add("clew_journal_unreadable_segments_total", &[], 1);
            eprintln!(
                "clew: journal: {} is not a segment that this Clew can read; it is left alone",
                path.display()
            );
        }
        return Ok(None);
    };
    let file = OpenOptions::new().read(true).write(true).open(&path)?;
    let mut segment = Unsealed::new(path, id, file);
    for item in Items::new(&bytes) {
        match item {
            // The seal is written anew. What it promised before a kill is what is counted now.
            Item::Record { header, .. } | Item::DamagedBody { header, .. }
                if header.kind == Kind::Seal as u8 =>
            {
                break;
            }
            Item::Record {
                offset,
                header,
                body,
            } => {
                count(&mut segment, offset, header.spans, body);
                segment.hashes.push((header.received_ns, header.hash));
            }
            // Not synced whole, then it was not acknowledged; or the disk went bad under an acknowledged record: it is
            // kept, the store puts it into the dead-letter folder. Its sender's retry is stored, so no hash is kept.
            Item::DamagedBody {
                offset,
                header,
                body,
            } => count(&mut segment, offset, header.spans, body),
            Item::Unreadable { rest, .. } => {
                counters::add("clew_journal_torn_bytes_total", &[], rest.len() as u64);
                if torn::holds_a_record(rest) {
                    segment.next = Step::KeepTorn;
                }
            }
        }
    }
    if segment.records == 0 && segment.next != Step::KeepTorn {
        std::fs::remove_file(&segment.path)?;
        return Ok(None);
    }
    Ok(Some((header.receive_day, segment)))
}

fn count(segment: &mut Unsealed, offset: usize, spans: u32, body: &[u8]) {
    segment.records += 1;
    segment.spans += u64::from(spans);
    segment.synced = (offset + format::RECORD_HEADER + body.len()) as u64;
}
