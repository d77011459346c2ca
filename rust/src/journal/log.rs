//! The hashes of sealed segments on disk: `recent-<unix ns>.hashes`, because the store deletes the segments.
//!
//! Generations end at the window or at as many entries as memory holds; the newest two say everything that is remembered.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::disk::{Trouble, regular_file, sync_folder};
use super::format::crc;
use super::recent::WINDOW;
use crate::fault::Faults;

const MAGIC: [u8; 8] = *b"CLEWHSH1";
const ENTRY: usize = 28;
const KEPT: usize = 2;

pub(super) struct Log {
    folder: PathBuf,
    faults: Faults,
    capacity: usize,
    current: Option<Current>,
}

struct Current {
    file: File,
    started_ns: u64,
    /// The same moment on a clock that nobody sets.
    started: Instant,
    entries: usize,
}

impl Current {
    fn length(&self) -> u64 {
        (MAGIC.len() + self.entries * ENTRY) as u64
    }
}

type Entry = (u64, u128);

impl Log {
    /// Reads at most `capacity` entries that are younger than the window, the newest; goes on with the newest generation.
    pub fn open(
        folder: &Path,
        faults: Faults,
        capacity: usize,
        now_ns: u64,
    ) -> io::Result<(Self, Vec<Entry>)> {
        let generations = prune(folder, now_ns, None)?;
        let mut found = Vec::new();
        for (_, path) in &generations {
            let room = capacity.saturating_sub(found.len());
            found.extend(
                newest_entries(path, room)?
                    .into_iter()
                    .filter(|(received_ns, _)| now_ns.saturating_sub(*received_ns) <= window_ns()),
            );
        }
        let current = generations
            .first()
            .and_then(|(started_ns, path)| resume(path, *started_ns, now_ns));
        let log = Self {
            folder: folder.to_owned(),
            faults,
            capacity: capacity.max(1),
            current,
        };
        Ok((log, found))
    }

    /// Durable when it returns, so that the segment may be given away. After `Full` nothing of it is in the log.
    pub fn append(&mut self, entries: &[Entry], now_ns: u64) -> Result<(), Trouble> {
        let fresh = self.current.as_ref().is_some_and(|current| {
            current.entries < self.capacity
                && now_ns.abs_diff(current.started_ns) < window_ns()
                && current.started.elapsed() < WINDOW
        });
        if !fresh {
            self.current = Some(self.start(now_ns)?);
        }
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let written = self
            .faults
            .step("journal.write_hashes")
            .and_then(|()| current.file.write_all(&encode(entries)));
        if let Err(error) = written {
            // Half an entry would shift all that follow.
            current
                .file
                .set_len(current.length())
                .map_err(Trouble::of_sync)?;
            return Err(Trouble::of_write(error));
        }
        self.faults
            .step("journal.sync_hashes")
            .and_then(|()| current.file.sync_data())
            .map_err(Trouble::of_sync)?;
        current.entries += entries.len();
        Ok(())
    }

    /// A new generation, with a name above those before it also when the clock was set back.
    fn start(&self, now_ns: u64) -> Result<Current, Trouble> {
        let newest = generations(&self.folder)
            .map_err(Trouble::of_write)?
            .into_iter()
            .map(|(started_ns, _)| started_ns)
            .filter(|started_ns| !is_far(*started_ns, now_ns))
            .max();
        let started_ns = newest.map_or(now_ns, |newest| now_ns.max(newest.saturating_add(1)));
        let path = self.folder.join(format!("recent-{started_ns:020}.hashes"));
        self.faults
            .step("journal.create_hashes")
            .map_err(Trouble::of_write)?;
        let mut file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(&path)
            .map_err(Trouble::of_write)?;
        let made = file
            .write_all(&MAGIC)
            .map_err(Trouble::of_write)
            .and_then(|()| sync_folder(&self.folder).map_err(Trouble::of_sync));
        if let Err(trouble) = made {
            let _ = std::fs::remove_file(&path); // the error that is returned says more
            return Err(trouble);
        }
        // A listing that fails here fails at the next generation as well, and only costs disk until then.
        let _ = prune(&self.folder, now_ns, Some(&path));
        Ok(Current {
            file,
            started_ns,
            started: Instant::now(),
            entries: 0,
        })
    }
}

/// Deletes all but the newest two generations, and those of another time; returns what is left, newest first.
fn prune(folder: &Path, now_ns: u64, current: Option<&Path>) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut kept = Vec::new();
    let mut all = generations(folder)?;
    all.sort_unstable_by(|a, b| b.cmp(a));
    for (started_ns, path) in all {
        let is_current = current == Some(path.as_path());
        if is_current || (kept.len() < KEPT && !is_far(started_ns, now_ns)) {
            kept.push((started_ns, path));
        } else {
            let _ = std::fs::remove_file(&path); // costs disk only; it is tried again with the next generation
        }
    }
    Ok(kept)
}

fn is_far(started_ns: u64, now_ns: u64) -> bool {
    now_ns.abs_diff(started_ns) > 2 * window_ns()
}

fn window_ns() -> u64 {
    u64::try_from(WINDOW.as_nanos()).unwrap_or(u64::MAX)
}

/// The last `room` whole entries. A damaged one is left out: all have one size, so the next is found without it.
fn newest_entries(path: &Path, room: usize) -> io::Result<Vec<Entry>> {
    let mut file = File::open(path)?;
    let whole = whole_entries(file.metadata()?.len());
    let wanted = whole.min(room);
    let at = MAGIC.len() + (whole - wanted) * ENTRY;
    file.seek(SeekFrom::Start(at as u64))?;
    let mut bytes = Vec::with_capacity(wanted * ENTRY);
    file.take((wanted * ENTRY) as u64).read_to_end(&mut bytes)?;
    Ok(bytes.chunks_exact(ENTRY).filter_map(decode).collect())
}

fn whole_entries(length: u64) -> usize {
    usize::try_from(length).map_or(0, |length| length.saturating_sub(MAGIC.len()) / ENTRY)
}

/// The newest generation, cut to whole entries. None: the next append starts another.
fn resume(path: &Path, started_ns: u64, now_ns: u64) -> Option<Current> {
    let file = OpenOptions::new().append(true).open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let age = Duration::from_nanos(now_ns.saturating_sub(started_ns));
    let current = Current {
        file,
        started_ns,
        started: Instant::now().checked_sub(age)?,
        entries: whole_entries(length),
    };
    (length >= MAGIC.len() as u64).then_some(())?;
    current.file.set_len(current.length()).ok()?;
    Some(current)
}

fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len() * ENTRY);
    for (received_ns, hash) in entries {
        let at = bytes.len();
        bytes.extend_from_slice(&received_ns.to_le_bytes());
        bytes.extend_from_slice(&hash.to_le_bytes());
        let sum = crc(bytes.get(at..).unwrap_or_default());
        bytes.extend_from_slice(&sum.to_le_bytes());
    }
    bytes
}

fn decode(entry: &[u8]) -> Option<Entry> {
    let (content, sum) = entry.split_at_checked(ENTRY - 4)?;
    (crc(content).to_le_bytes() == sum).then_some(())?;
    let (received, hash) = content.split_at_checked(8)?;
    Some((
        u64::from_le_bytes(received.try_into().ok()?),
        u128::from_le_bytes(hash.try_into().ok()?),
    ))
}

/// Files with the name and the beginning of a generation, in no order; everything else is somebody else's.
fn generations(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let started_ns = regular_file(&entry).and_then(|name| started_ns_of(&name));
        if let Some(started_ns) = started_ns
            && is_ours(&entry.path())
        {
            out.push((started_ns, entry.path()));
        }
    }
    Ok(out)
}

fn started_ns_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("recent-")?.strip_suffix(".hashes")?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(())?;
    digits.parse().ok()
}

/// A kill may have left less than the whole magic.
fn is_ours(path: &Path) -> bool {
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut head))
        .is_ok_and(|_| MAGIC.starts_with(&head))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    fn open(folder: &Path, capacity: usize, now_ns: u64) -> (Log, Vec<Entry>) {
        Log::open(folder, Faults::default(), capacity, now_ns).unwrap()
    }

    fn names(folder: &Path) -> Vec<u64> {
        let mut names: Vec<_> = generations(folder)
            .unwrap()
            .into_iter()
            .map(|(started_ns, _)| started_ns)
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn log_gives_back_the_window_and_forgets_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, found) = open(folder.path(), 100, 100 * MINUTE);
        assert!(found.is_empty());
        log.append(&[(100 * MINUTE, 5), (100 * MINUTE, 6)], 100 * MINUTE)
            .unwrap();
        let (_, found) = open(folder.path(), 100, 105 * MINUTE);
        assert_eq!(found, vec![(100 * MINUTE, 5), (100 * MINUTE, 6)]);
        let (_, found) = open(folder.path(), 100, 111 * MINUTE);
        assert!(found.is_empty());
        open(folder.path(), 100, 130 * MINUTE);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn torn_entry_is_cut_and_the_generation_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path(), 100, 1);
        log.append(&[(1, 5), (1, 6)], 1).unwrap();
        let (_, path) = generations(folder.path()).unwrap().remove(0);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let (mut log, found) = open(folder.path(), 100, 2);
        assert_eq!(found, vec![(1, 5)]);
        log.append(&[(2, 7)], 2).unwrap();
        let (_, found) = open(folder.path(), 100, 3);
        assert_eq!(found, vec![(1, 5), (2, 7)]);
        assert_eq!(names(folder.path()).len(), 1);
    }

    #[test]
    fn log_keeps_two_generations_and_a_start_reads_only_what_fits() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path(), 10, 1);
        for hash in 0..100 {
            log.append(&[(1, hash)], 1).unwrap(); // the clock stands still
        }
        assert_eq!(names(folder.path()).len(), 2);
        let (_, found) = open(folder.path(), 10, 1);
        let mut hashes: Vec<_> = found.into_iter().map(|(_, hash)| hash).collect();
        hashes.sort_unstable();
        assert_eq!(hashes, (90..100).collect::<Vec<_>>());
        let (_, found) = open(folder.path(), 3, 1);
        assert_eq!(found, vec![(1, 97), (1, 98), (1, 99)]);
    }

    #[test]
    fn starts_in_a_row_add_no_generations() {
        let folder = tempfile::tempdir().unwrap();
        for at in 1..=5 {
            let (mut log, found) = open(folder.path(), 100, at);
            assert_eq!(found.len() as u64, at - 1);
            log.append(&[(at, u128::from(at))], at).unwrap();
        }
        assert_eq!(names(folder.path()).len(), 1);
    }

    #[test]
    fn generation_of_a_wrong_clock_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path(), 100, 1000 * MINUTE);
        log.append(&[(1000 * MINUTE, 5)], 1000 * MINUTE).unwrap();
        open(folder.path(), 100, 900 * MINUTE);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn full_disk_leaves_no_half_entry_and_no_file_a_try() {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::plan(&["journal.create_hashes@1=28", "journal.write_hashes@2=28"]);
        let (mut log, _) = Log::open(folder.path(), faults.unwrap(), 100, 1).unwrap();
        assert!(matches!(log.append(&[(1, 5)], 1), Err(Trouble::Full(_))));
        assert!(names(folder.path()).is_empty());
        log.append(&[(1, 5)], 1).unwrap();
        assert!(matches!(log.append(&[(1, 6)], 1), Err(Trouble::Full(_))));
        log.append(&[(1, 7)], 1).unwrap();
        let (_, found) = open(folder.path(), 100, 1);
        assert_eq!(found, vec![(1, 5), (1, 7)]);
        assert_eq!(names(folder.path()).len(), 1);
    }

    #[test]
    fn files_of_others_are_never_generations() {
        let folder = tempfile::tempdir().unwrap();
        let text = "recent-00000000000000000007.hashes";
        std::fs::write(folder.path().join(text), b"my notes").unwrap();
        std::fs::write(folder.path().join("recent-2020.hashes"), MAGIC).unwrap();
        std::fs::create_dir(folder.path().join("recent-00000000000000000008.hashes")).unwrap();
        let (mut log, found) = open(folder.path(), 100, 1000 * MINUTE);
        log.append(&[(1000 * MINUTE, 5)], 1000 * MINUTE).unwrap();
        assert!(found.is_empty());
        assert_eq!(names(folder.path()), vec![1000 * MINUTE]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
    }
}
