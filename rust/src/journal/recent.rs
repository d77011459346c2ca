//! Which bodies were taken lately, so that a client's retry after a lost answer is acknowledged but not stored again.
//!
//! A hash rides in its record's header, so it is exactly as durable as the record. When a segment is sealed its hashes are
//! copied to `recent-<unix ns>.hashes`, because the store deletes the segment; that file is synced before the rename.

use std::collections::{HashMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::format::crc;
use crate::record::Unavailable;

/// How long a repeated body is recognised; the longest SDK retry budget is the Collector's 5 minutes.
pub const WINDOW: Duration = Duration::from_secs(600);
const MAGIC: [u8; 8] = *b"CLEWHSH1";
const ENTRY: usize = 28;

pub type Outcome = Result<(), Unavailable>;

enum State {
    /// Being written: twins wait for the outcome of the first.
    InFlight(Vec<oneshot::Sender<Outcome>>),
    Done,
}

pub enum Claim {
    /// Nobody has it: the caller must append, and then call `settle`.
    New,
    Repeated,
    Wait(oneshot::Receiver<Outcome>),
}

pub struct Recent {
    states: HashMap<u128, State>,
    done: VecDeque<(Instant, u128)>,
    capacity: usize,
}

impl Recent {
    pub fn new(capacity: usize) -> Self {
        Self {
            states: HashMap::new(),
            done: VecDeque::new(),
            capacity: capacity.max(1),
        }
    }

    pub fn claim(&mut self, hash: u128) -> Claim {
        self.forget_old(Instant::now());
        match self.states.get_mut(&hash) {
            Some(State::Done) => Claim::Repeated,
            Some(State::InFlight(waiting)) => {
                let (tell, told) = oneshot::channel();
                waiting.push(tell);
                Claim::Wait(told)
            }
            None => {
                self.states.insert(hash, State::InFlight(Vec::new()));
                Claim::New
            }
        }
    }

    /// The append of `hash` ended. Waiting twins get the same outcome; a failed one may be tried again.
    pub fn settle(&mut self, hash: u128, outcome: Outcome) {
        if let Some(State::InFlight(waiting)) = self.states.remove(&hash) {
            for twin in waiting {
                let _ = twin.send(outcome); // a twin whose client is gone has nobody to tell
            }
        }
        if outcome.is_ok() {
            self.remember(hash, Instant::now());
        }
    }

    pub fn remember(&mut self, hash: u128, at: Instant) {
        if self.states.insert(hash, State::Done).is_none() {
            self.done.push_back((at, hash));
        }
        while self.done.len() > self.capacity {
            self.forget_first();
        }
    }

    pub fn len(&self) -> usize {
        self.done.len()
    }

    fn forget_old(&mut self, now: Instant) {
        while self
            .done
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, hash)) = self.done.pop_front() {
            self.states.remove(&hash);
        }
    }
}

/// The hashes on disk, in generations of one window each.
pub struct Log {
    folder: PathBuf,
    current: Option<(File, u64)>,
}

impl Log {
    /// Reads what is younger than the window, oldest first, and deletes the rest.
    pub fn open(folder: &Path, now_ns: u64) -> io::Result<(Self, Vec<(u64, u128)>)> {
        let mut files = generations(folder)?;
        files.sort_unstable();
        let mut found = Vec::new();
        for (started_ns, path) in files {
            if now_ns.saturating_sub(started_ns) > 2 * nanos(WINDOW) {
                std::fs::remove_file(&path)?;
                continue;
            }
            let mut bytes = Vec::new();
            File::open(&path)?.read_to_end(&mut bytes)?;
            let Some(entries) = bytes.strip_prefix(&MAGIC) else {
                continue;
            };
            for entry in entries.chunks_exact(ENTRY) {
                let Some((received_ns, hash)) = decode(entry) else {
                    break;
                };
                if now_ns.saturating_sub(received_ns) <= nanos(WINDOW) {
                    found.push((received_ns, hash));
                }
            }
        }
        Ok((
            Self {
                folder: folder.to_owned(),
                current: None,
            },
            found,
        ))
    }

    /// Durable when it returns, so that the segment may be given away.
    pub fn append(&mut self, entries: &[(u64, u128)], now_ns: u64) -> io::Result<()> {
        let result = self.try_append(entries, now_ns);
        if result.is_err() {
            self.current = None; // it may end in half an entry: the next attempt starts a generation of its own
        }
        result
    }

    fn try_append(&mut self, entries: &[(u64, u128)], now_ns: u64) -> io::Result<()> {
        let fresh = self
            .current
            .as_ref()
            .is_some_and(|(_, started)| now_ns.saturating_sub(*started) < nanos(WINDOW));
        if !fresh {
            let path = self.folder.join(format!("recent-{now_ns:020}.hashes"));
            let mut file = OpenOptions::new().create(true).append(true).open(path)?;
            file.write_all(&MAGIC)?;
            sync_folder(&self.folder)?;
            self.current = Some((file, now_ns));
            for (started_ns, path) in generations(&self.folder)? {
                if now_ns.saturating_sub(started_ns) > 2 * nanos(WINDOW) {
                    std::fs::remove_file(path)?;
                }
            }
        }
        let mut bytes = Vec::with_capacity(entries.len() * ENTRY);
        for (received_ns, hash) in entries {
            let at = bytes.len();
            bytes.extend_from_slice(&received_ns.to_le_bytes());
            bytes.extend_from_slice(&hash.to_le_bytes());
            let sum = crc(bytes.get(at..).unwrap_or_default());
            bytes.extend_from_slice(&sum.to_le_bytes());
        }
        if let Some((file, _)) = &mut self.current {
            file.write_all(&bytes)?;
            file.sync_data()?;
        }
        Ok(())
    }
}

fn decode(entry: &[u8]) -> Option<(u64, u128)> {
    let (content, sum) = entry.split_at_checked(ENTRY - 4)?;
    (crc(content).to_le_bytes() == sum).then_some(())?;
    let (received, hash) = content.split_at_checked(8)?;
    Some((
        u64::from_le_bytes(received.try_into().ok()?),
        u128::from_le_bytes(hash.try_into().ok()?),
    ))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn generations(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let started = name.to_str().and_then(|n| {
            n.strip_prefix("recent-")?
                .strip_suffix(".hashes")?
                .parse()
                .ok()
        });
        if let Some(started) = started {
            out.push((started, entry.path()));
        }
    }
    Ok(out)
}

/// A new or renamed file survives a power cut only once its folder is synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twin_in_flight_waits_and_gets_the_first_ones_outcome() {
        let mut recent = Recent::new(8);
        assert!(matches!(recent.claim(1), Claim::New));
        let Claim::Wait(mut told) = recent.claim(1) else {
            panic!("the twin must wait")
        };
        recent.settle(1, Ok(()));
        assert_eq!(told.try_recv(), Ok(Ok(())));
        assert!(matches!(recent.claim(1), Claim::Repeated));
    }

    #[test]
    fn failed_body_may_be_sent_again() {
        let mut recent = Recent::new(8);
        assert!(matches!(recent.claim(1), Claim::New));
        recent.settle(1, Err(Unavailable::Full));
        assert!(matches!(recent.claim(1), Claim::New));
    }

    #[test]
    fn oldest_entries_give_way_at_capacity() {
        let mut recent = Recent::new(2);
        for hash in 1..=3 {
            recent.remember(hash, Instant::now());
        }
        assert_eq!(recent.len(), 2);
        assert!(matches!(recent.claim(1), Claim::New));
        assert!(matches!(recent.claim(3), Claim::Repeated));
    }

    #[test]
    fn log_gives_back_the_window_and_forgets_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let minute = 60_000_000_000;
        let (mut log, found) = Log::open(folder.path(), 100 * minute).unwrap();
        assert!(found.is_empty());
        log.append(&[(100 * minute, 5), (100 * minute, 6)], 100 * minute)
            .unwrap();
        let (_, found) = Log::open(folder.path(), 105 * minute).unwrap();
        assert_eq!(found, vec![(100 * minute, 5), (100 * minute, 6)]);
        let (_, found) = Log::open(folder.path(), 111 * minute).unwrap();
        assert!(found.is_empty());
        let (_, _) = Log::open(folder.path(), 130 * minute).unwrap();
        assert!(generations(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn torn_log_entry_ends_the_reading_without_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = Log::open(folder.path(), 1).unwrap();
        log.append(&[(1, 5), (1, 6)], 1).unwrap();
        let (_, path) = generations(folder.path()).unwrap().remove(0);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let (_, found) = Log::open(folder.path(), 2).unwrap();
        assert_eq!(found, vec![(1, 5)]);
    }
}
