//! Requests on disk before they are acknowledged.
//!
//! `append` returns once the record is synced. Sealed segments (`*.seg`) belong to the store process, which deletes them.
//! Nothing that was acknowledged is lost by a kill or a power cut; what was not acknowledged may survive as well.

mod disk;
pub mod format;
mod lock;
mod log;
mod read;
mod recent;
mod recover;
mod seal;
mod torn;
mod watch;
mod write;

pub use read::{Dead, Segment, read_segment};

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

use crate::admit::Sink;
use crate::fault::Faults;
use crate::record::{Appended, NewRecord, Unavailable};
use crate::validate;
use lock::Lock;
use recent::{Claim, Outcome, Recent};
use watch::Watch;

/// The ledger leaves this part of the cap to spans.
const LEDGER_LEAVES: u64 = 8;

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
    /// What a test wants from the disk.
    pub faults: Faults,
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
            faults: Faults::default(),
        }
    }
}

/// Kept free whatever the reserve: a segment that cannot be sealed for want of space is never stored, and
/// so never makes any.
const ROOM_TO_SEAL: u64 = 1 << 20;

/// Shared between the callers of `append`, the writer thread and the sealer thread.
struct Shared {
    options: Options,
    recent: Mutex<Recent>,
    /// Bytes of all segments in the folder: looked up by the watching thread, advanced by the writer.
    used: AtomicU64,
    free: AtomicU64,
    waiting: AtomicU64,
    /// The disk failed or a thread died. It stays so: only a new process may try again.
    failed: AtomicBool,
    stopping: AtomicBool,
    /// The sealer waits for space on a full disk.
    sealer_waits: AtomicBool,
}

impl Shared {
    fn recent(&self) -> MutexGuard<'_, Recent> {
        // No code under the lock can leave the map half changed, so a poisoned lock is usable.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    fn fail(&self, what: &str, error: &io::Error) {
        self.failed.store(true, Ordering::Release);
        eprintln!("clew: journal: {what} failed: {error}; nothing is acknowledged until a restart");
    }

    fn settle(&self, pending: Pending, outcome: Outcome) {
        self.waiting.fetch_sub(pending.cost(), Ordering::Relaxed);
        self.recent().settle(pending.hash, outcome);
        let _ = pending.tell.send(outcome); // the client may be gone; its retry finds the hash
    }

    /// Why a record that nobody will write any more is refused. Unless a stop was asked for, a thread has died; its
    /// records may be dropped before its `Ending` says so.
    fn why_abandoned(&self) -> Unavailable {
        if !self.stopping.load(Ordering::Acquire) {
            self.failed.store(true, Ordering::Release);
        }
        if self.failed() {
            Unavailable::SyncFailed
        } else {
            Unavailable::Stopping
        }
    }

    fn refuse_if_unable(&self, bytes: u64) -> Result<(), Unavailable> {
        self.refuse_if_above(bytes, 0)
    }

    /// `left`: bytes of the cap that must stay free for others.
    fn refuse_if_above(&self, bytes: u64, left: u64) -> Result<(), Unavailable> {
        if self.stopping.load(Ordering::Acquire) {
            return Err(Unavailable::Stopping);
        }
        if self.failed() {
            return Err(Unavailable::SyncFailed);
        }
        let waiting = self.waiting.load(Ordering::Relaxed).saturating_add(bytes);
        let free = self.free.load(Ordering::Relaxed).saturating_sub(waiting);
        if free < self.options.reserve_bytes.max(ROOM_TO_SEAL) {
            return Err(Unavailable::DiskReserve);
        }
        let used = self.used.load(Ordering::Relaxed);
        if used.saturating_add(bytes) > self.options.cap_bytes.saturating_sub(left) {
            return Err(Unavailable::Full);
        }
        if waiting > self.options.waiting_bytes {
            return Err(Unavailable::Busy);
        }
        Ok(())
    }
}

/// Dropped when a journal thread ends, however it ends: nobody may wait for a thread that is gone.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        // The writer ends unasked as well when every handle is gone; nobody is left then to see the mark.
        if std::thread::panicking() {
            self.0.failed.store(true, Ordering::Release);
        }
        let why = self.0.why_abandoned();
        self.0.recent().abandon(why);
    }
}

/// One record on its way to the disk.
struct Pending {
    kind: format::Kind,
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
    /// One process writes a journal.
    _lock: Arc<Lock>,
}

impl Journal {
    /// Recovers what a killed process left (torn tails are cut, open segments sealed) and starts the writer.
    pub fn open(options: Options) -> io::Result<Self> {
        std::fs::create_dir_all(&options.folder)?;
        let lock = Arc::new(Lock::take(&options.folder)?);
        let recovered = recover::recover(&options, lock.day(), now_ns())?;
        let shared = Arc::new(Shared {
            recent: Mutex::new(recovered.recent),
            used: AtomicU64::new(0),
            free: AtomicU64::new(u64::MAX),
            waiting: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            sealer_waits: AtomicBool::new(false),
            options,
        });
        let watch = Watch::start(&shared);
        let (queue, commands) = mpsc::channel();
        let (to_seal, sealing) = mpsc::sync_channel(4);
        let mut writer = write::Writer::new(
            Arc::clone(&shared),
            to_seal,
            Arc::clone(&lock),
            recovered.last_day,
        );
        let mut sealer = seal::Sealer::new(
            Arc::clone(&shared),
            recovered.closing,
            recovered.leftovers,
            watch,
        );
        let (writing, closing) = (Ending(Arc::clone(&shared)), Ending(Arc::clone(&shared)));
        let threads = vec![
            std::thread::Builder::new()
                .name("journal".to_owned())
                .spawn(move || {
                    let _ending = writing;
                    let commands = commands; // dropped before `_ending`, so that nothing is queued behind it
                    writer.run(&commands);
                })?,
            std::thread::Builder::new()
                .name("journal-seal".to_owned())
                .spawn(move || {
                    let _ending = closing;
                    sealer.run(&sealing);
                })?,
        ];
        Ok(Self {
            shared,
            queue,
            threads: Arc::new(Mutex::new(threads)),
            _lock: lock,
        })
    }

    /// Returns after the record is on disk. A dropped future changes nothing: the record is written all the same.
    pub async fn append(&self, record: NewRecord) -> Result<Appended, Unavailable> {
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
        let mut new = Vec::new();
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
                Claim::New => new.push((part, hash)),
            }
        }
        let stored = !new.is_empty();
        if stored {
            let bytes = new.iter().map(|(part, _)| part.body.len() as u64).sum();
            if let Err(why) = self.shared.refuse_if_unable(bytes) {
                let mut recent = self.shared.recent();
                for (_, hash) in new {
                    recent.settle(hash, Err(why));
                }
                return Err(why);
            }
        }
        for (part, hash) in new {
            waits.push(self.enqueue(format::Kind::Traces, &record, part, hash));
        }
        for told in waits {
            told.await
                .unwrap_or_else(|_| Err(self.shared.why_abandoned()))?;
        }
        Ok(if stored {
            Appended::Stored
        } else {
            Appended::Repeated
        })
    }

    /// A record of the ledger: no spans, and equal ones are not the same. The last eighth of the cap is for spans.
    pub async fn append_ledger(&self, body: bytes::Bytes) -> Result<(), Unavailable> {
        let kept_for_spans = self.shared.options.cap_bytes / LEDGER_LEAVES;
        self.shared
            .refuse_if_above(body.len() as u64, kept_for_spans)?;
        let part = validate::Part {
            spans: 0,
            decoded_bytes: body.len() as u64,
            body: body.clone(),
        };
        let record = NewRecord {
            body,
            spans: 0,
            decoded_bytes: part.decoded_bytes,
            hash: uuid::Uuid::now_v7().as_u128(),
            received_ns: now_ns(),
            key_id: [0; 16],
        };
        self.enqueue(format::Kind::Ledger, &record, part, record.hash)
            .await
            .unwrap_or_else(|_| Err(self.shared.why_abandoned()))
    }

    fn enqueue(
        &self,
        kind: format::Kind,
        record: &NewRecord,
        part: validate::Part,
        hash: u128,
    ) -> oneshot::Receiver<Outcome> {
        let (tell, told) = oneshot::channel();
        let pending = Pending {
            kind,
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
                .settle(pending, Err(self.shared.why_abandoned()));
        }
        told
    }

    /// The disk failed or a thread died: nothing is acknowledged any more, and only a new process may try again.
    pub fn failed(&self) -> bool {
        self.shared.failed()
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

    fn append_ledger(
        &self,
        body: bytes::Bytes,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send {
        Self::append_ledger(self, body)
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

#[cfg(test)]
mod tests;
