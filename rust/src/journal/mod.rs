//! Requests on disk before they are acknowledged.
//!
//! `append` returns once the record is synced. Sealed segments (`*.seg`) belong to the store process, which deletes them.
//! Nothing that was acknowledged is lost by a kill or a power cut; what was not acknowledged may survive as well.

pub mod format;
mod read;
mod recent;
mod recover;
mod seal;
mod write;

pub use read::{Dead, Segment, read_segment};

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

use crate::admit::Sink;
use crate::record::{Appended, NewRecord, Unavailable};
use crate::validate;
use recent::{Claim, Outcome, Recent};

#[derive(Clone, Debug)]
pub struct Options {
    pub folder: PathBuf,
    /// A segment is sealed when it holds this many spans …
    pub seal_spans: u32,
    /// … or rows of this size, once decoded …
    pub seal_decoded_bytes: u64,
    /// … or is this old.
    pub seal_age: Duration,
    /// Refuse when the segments that the store has not taken yet are this large.
    pub cap_bytes: u64,
    /// Refuse when the disk has less than this free.
    pub reserve_bytes: u64,
    /// Refuse when bodies of this size wait for the disk.
    pub waiting_bytes: u64,
    /// How many bodies are remembered to recognise repeats.
    pub repeat_entries: usize,
}

impl Options {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            seal_spans: 300_000,
            seal_decoded_bytes: 64 << 20,
            seal_age: Duration::from_secs(1),
            cap_bytes: 8 << 30,
            reserve_bytes: 1 << 30,
            waiting_bytes: 256 << 20,
            repeat_entries: 1 << 18,
        }
    }
}

/// Shared between the callers of `append`, the writer thread and the sealer thread.
struct Shared {
    options: Options,
    recent: Mutex<Recent>,
    /// Bytes of all segments in the folder: looked up by the sealer thread, advanced by the writer.
    used: AtomicU64,
    free: AtomicU64,
    waiting: AtomicU64,
    state: AtomicU8,
    stopping: AtomicBool,
}

const RUNNING: u8 = 0;
const FAILED: u8 = 1;
const STOPPED: u8 = 2;

impl Shared {
    fn recent(&self) -> MutexGuard<'_, Recent> {
        // No code under the lock can leave the map half changed, so a poisoned lock is usable.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse_if_unable(&self, bytes: u64) -> Result<(), Unavailable> {
        if self.stopping.load(Ordering::Acquire) {
            return Err(Unavailable::Stopping);
        }
        if self.state.load(Ordering::Acquire) == FAILED {
            return Err(Unavailable::SyncFailed);
        }
        if self.free.load(Ordering::Relaxed) < self.options.reserve_bytes {
            return Err(Unavailable::DiskReserve);
        }
        if self.used.load(Ordering::Relaxed).saturating_add(bytes) > self.options.cap_bytes {
            return Err(Unavailable::Full);
        }
        if self.waiting.load(Ordering::Relaxed).saturating_add(bytes) > self.options.waiting_bytes {
            return Err(Unavailable::Busy);
        }
        Ok(())
    }
}

/// One record on its way to the disk.
struct Pending {
    body: bytes::Bytes,
    body_crc: u32,
    spans: u32,
    decoded_bytes: u64,
    hash: u128,
    received_ns: u64,
    key_id: [u8; 16],
    tell: oneshot::Sender<Outcome>,
}

impl Pending {
    /// What it counts for while it waits: the body and about what the record itself takes in memory.
    fn cost(&self) -> u64 {
        self.body.len() as u64 + 512
    }
}

enum Command {
    Append(Pending),
    Stop,
}

/// A handle; clones share the writer.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Command>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    /// Held for its lock on the folder: one process writes a journal.
    _lock: Arc<File>,
}

impl Journal {
    /// Recovers what a killed process left (torn tails are cut, open segments sealed) and starts the writer.
    pub fn open(options: Options) -> io::Result<Self> {
        std::fs::create_dir_all(&options.folder)?;
        let lock = lock_folder(&options.folder)?;
        let recovered = recover::recover(&options, now_ns())?;
        let shared = Arc::new(Shared {
            recent: Mutex::new(recovered.recent),
            used: AtomicU64::new(0),
            free: AtomicU64::new(u64::MAX),
            waiting: AtomicU64::new(0),
            state: AtomicU8::new(RUNNING),
            stopping: AtomicBool::new(false),
            options,
        });
        seal::watch(&shared);
        let (queue, commands) = mpsc::channel();
        let (to_seal, sealing) = mpsc::sync_channel(4);
        let mut writer = write::Writer::new(Arc::clone(&shared), to_seal, recovered.last_day);
        let mut sealer = seal::Sealer::new(Arc::clone(&shared), recovered.log);
        let threads = vec![
            std::thread::Builder::new()
                .name("journal".to_owned())
                .spawn(move || writer.run(&commands))?,
            std::thread::Builder::new()
                .name("journal-seal".to_owned())
                .spawn(move || sealer.run(&sealing))?,
        ];
        Ok(Self {
            shared,
            queue,
            threads: Arc::new(Mutex::new(threads)),
            _lock: Arc::new(lock),
        })
    }

    /// Returns after the record is on disk. A dropped future changes nothing: the record is written all the same.
    pub async fn append(&self, record: NewRecord) -> Result<Appended, Unavailable> {
        self.shared.refuse_if_unable(record.body.len() as u64)?;
        let options = &self.shared.options;
        let parts = validate::split(
            &record.body,
            record.spans,
            record.decoded_bytes,
            options.seal_spans,
            options.seal_decoded_bytes,
        );
        let whole = parts.len() == 1;
        let mut waits = Vec::with_capacity(parts.len());
        let mut stored = false;
        for (index, part) in parts.into_iter().enumerate() {
            // A retry is split alike, so each part has a hash of its own and only what is missing is written.
            let hash = if whole {
                record.hash
            } else {
                part_hash(record.hash, index as u64)
            };
            let claim = self.shared.recent().claim(hash);
            match claim {
                Claim::Repeated => {}
                Claim::Wait(told) => waits.push(told),
                Claim::New => {
                    stored = true;
                    waits.push(self.enqueue(&record, part, hash));
                }
            }
        }
        for told in waits {
            told.await.unwrap_or(Err(Unavailable::Stopping))?;
        }
        Ok(if stored {
            Appended::Stored
        } else {
            Appended::Repeated
        })
    }

    fn enqueue(
        &self,
        record: &NewRecord,
        part: validate::Part,
        hash: u128,
    ) -> oneshot::Receiver<Outcome> {
        let (tell, told) = oneshot::channel();
        let pending = Pending {
            body_crc: format::crc(&part.body),
            body: part.body,
            spans: part.spans,
            decoded_bytes: part.decoded_bytes,
            hash,
            received_ns: record.received_ns,
            key_id: record.key_id,
            tell,
        };
        self.shared
            .waiting
            .fetch_add(pending.cost(), Ordering::Relaxed);
        if let Err(mpsc::SendError(Command::Append(pending))) =
            self.queue.send(Command::Append(pending))
        {
            self.shared
                .recent()
                .settle(hash, Err(Unavailable::Stopping));
            let _ = pending.tell.send(Err(Unavailable::Stopping));
        }
        told
    }

    /// The disk failed: nothing is acknowledged any more, and only a new process may try again.
    pub fn failed(&self) -> bool {
        self.shared.state.load(Ordering::Acquire) == FAILED
    }

    /// Writes what waits, seals the open segment and ends the threads. Later appends are refused.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        let _ = self.queue.send(Command::Stop); // an error means that the writer is gone already
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join(); // a panicked thread has printed its message
        }
    }

    /// Gauges for the counters' snapshot: name and value.
    pub fn gauges(&self) -> [(&'static str, u64); 4] {
        [
            (
                "clew_journal_bytes",
                self.shared.used.load(Ordering::Relaxed),
            ),
            (
                "clew_journal_disk_free_bytes",
                self.shared.free.load(Ordering::Relaxed),
            ),
            (
                "clew_journal_waiting_bytes",
                self.shared.waiting.load(Ordering::Relaxed),
            ),
            (
                "clew_journal_repeat_entries",
                self.shared.recent().len() as u64,
            ),
        ]
    }
}

impl Sink for Journal {
    fn append(
        &self,
        record: NewRecord,
    ) -> impl Future<Output = Result<Appended, Unavailable>> + Send {
        Self::append(self, record)
    }
}

fn part_hash(hash: u128, index: u64) -> u128 {
    let mut bytes = [0u8; 24];
    let (first, last) = bytes.split_at_mut(16);
    first.copy_from_slice(&hash.to_le_bytes());
    last.copy_from_slice(&index.to_le_bytes());
    xxhash_rust::xxh3::xxh3_128(&bytes)
}

pub(crate) fn now_ns() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        })
}

fn lock_folder(folder: &Path) -> io::Result<File> {
    let path = folder.join(".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).map_err(
        |_| {
            io::Error::new(
                io::ErrorKind::WouldBlock,
                format!(
                    "another process uses the journal in {}: stop it, or choose another --data-dir",
                    folder.display()
                ),
            )
        },
    )?;
    Ok(file)
}

#[cfg(test)]
mod tests;
