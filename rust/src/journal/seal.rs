//! The sealer thread: closes segments beside the writer, so that sealing delays no acknowledgement, and watches the disk.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::disk::{Trouble, sync_folder};
use super::format::{self, Kind, RecordHeader, SealBody};
use super::log::Log;
use super::watch::Watch;
use super::{Shared, now_ns, torn};
use crate::counters;
use crate::fault::{self, Faults};

const AGAIN_AFTER: Duration = Duration::from_millis(500);
const LOOK_FOR_STOP_EVERY: Duration = Duration::from_millis(20);

/// The next thing to do with a segment. What is done is never done again: a second sync of a file would lie, and a
/// published file belongs to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    KeepTorn,
    Seal,
    LogHashes,
    Publish,
    SyncFolder,
}

/// A segment on its way to the store.
pub(super) struct Unsealed {
    pub path: PathBuf,
    pub id: [u8; 16],
    pub file: File,
    /// Receive time and hash of every sound record, for the log of recent bodies.
    pub hashes: Vec<(u64, u128)>,
    /// Records and spans, the damaged ones as well: what the seal promises.
    pub records: u64,
    pub spans: u64,
    /// Where the seal goes; everything before it is kept.
    pub synced: u64,
    pub next: Step,
}

impl Unsealed {
    pub fn new(path: PathBuf, id: [u8; 16], file: File) -> Self {
        Self {
            path,
            id,
            file,
            hashes: Vec::new(),
            records: 0,
            spans: 0,
            synced: format::SEGMENT_HEADER as u64,
            next: Step::Seal,
        }
    }
}

/// Closes one segment after the other; the same at a start and while the journal runs.
pub(super) struct Closing {
    pub folder: PathBuf,
    pub faults: Faults,
    pub log: Log,
}

impl Closing {
    /// After `Full` it may be called again and goes on where it was.
    pub fn close(&mut self, segment: &mut Unsealed) -> Result<(), Trouble> {
        loop {
            segment.next = match segment.next {
                Step::KeepTorn => {
                    self.faults
                        .step("journal.write_torn")
                        .map_err(Trouble::of_write)?;
                    torn::keep(&self.folder, segment)?;
                    Step::Seal
                }
                Step::Seal => {
                    fault::point("journal.before_seal");
                    self.write_seal(segment)?;
                    Step::LogHashes
                }
                Step::LogHashes => {
                    self.log.append(&segment.hashes, now_ns())?;
                    fault::point("journal.after_seal_sync");
                    Step::Publish
                }
                Step::Publish => {
                    let sealed = format::file_name(segment.id, format::SEALED);
                    self.faults
                        .step("journal.rename")
                        .and_then(|()| std::fs::rename(&segment.path, self.folder.join(sealed)))
                        .map_err(Trouble::of_write)?;
                    Step::SyncFolder
                }
                Step::SyncFolder => {
                    self.faults
                        .step("journal.sync_renamed")
                        .and_then(|()| sync_folder(&self.folder))
                        .map_err(Trouble::of_sync)?;
                    fault::point("journal.after_seal");
                    return Ok(());
                }
            }
        }
    }

    fn write_seal(&self, segment: &mut Unsealed) -> Result<(), Trouble> {
        let seal = seal_record(&SealBody {
            records: segment.records,
            spans: segment.spans,
        });
        let file = &mut segment.file;
        self.faults
            .step("journal.write_seal")
            .and_then(|()| file.set_len(segment.synced)) // an earlier attempt may have left half a seal
            .and_then(|()| file.seek(SeekFrom::Start(segment.synced)))
            .and_then(|_| file.write_all(&seal))
            .map_err(Trouble::of_write)?;
        self.faults
            .step("journal.sync_seal")
            .and_then(|()| file.sync_data())
            .map_err(Trouble::of_sync)
    }
}

pub(super) struct Sealer {
    shared: Arc<Shared>,
    closing: Closing,
    leftovers: Vec<Unsealed>,
    watch: Watch,
}

impl Sealer {
    /// `leftovers`: what a start could not seal because the disk was full.
    pub fn new(
        shared: Arc<Shared>,
        closing: Closing,
        leftovers: Vec<Unsealed>,
        watch: Watch,
    ) -> Self {
        Self {
            shared,
            closing,
            leftovers,
            watch,
        }
    }

    pub fn run(&mut self, segments: &mpsc::Receiver<Unsealed>) {
        for leftover in std::mem::take(&mut self.leftovers) {
            if !self.close_when_possible(leftover) {
                return;
            }
        }
        loop {
            match segments.recv_timeout(self.watch.pause()) {
                Ok(segment) => {
                    if !self.close_when_possible(segment) {
                        return;
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
            self.watch.look(&self.shared);
        }
    }

    /// An unsealed segment is safe but unseen, so a full disk is waited out; when stopping, the next start seals it.
    /// False: the disk failed, and this process touches it no more.
    fn close_when_possible(&mut self, mut segment: Unsealed) -> bool {
        let mut told = false;
        loop {
            let error = match self.closing.close(&mut segment) {
                Ok(()) => break,
                Err(Trouble::Full(error)) => error,
                Err(Trouble::Lost(error)) => {
                    counters::add("clew_journal_seal_errors_total", &[], 1);
                    let what = format!("sealing {}", segment.path.display());
                    self.shared.fail(&what, &error);
                    return false;
                }
            };
            counters::add("clew_journal_seal_errors_total", &[], 1);
            if !told {
                let path = segment.path.display();
                eprintln!(
                    "clew: journal: sealing {path} failed: {error}; free disk space, it is tried again"
                );
                told = true;
            }
            if self.shared.stopping.load(Ordering::Acquire) {
                return true;
            }
            self.wait();
        }
        self.shared.sealer_waits.store(false, Ordering::Release);
        counters::add("clew_journal_segments_sealed_total", &[], 1);
        true
    }

    fn wait(&mut self) {
        self.shared.sealer_waits.store(true, Ordering::Release);
        let until = Instant::now() + AGAIN_AFTER;
        while Instant::now() < until && !self.shared.stopping.load(Ordering::Acquire) {
            self.watch.look(&self.shared);
            std::thread::sleep(LOOK_FOR_STOP_EVERY);
        }
    }
}

fn seal_record(body: &SealBody) -> Vec<u8> {
    let body = body.encode();
    let header = RecordHeader {
        kind: Kind::Seal as u8,
        length: body.len() as u32,
        spans: 0,
        received_ns: now_ns(),
        hash: 0,
        key_id: [0; 16],
        policy_version: 0,
        body_crc: format::crc(&body),
    };
    let mut out = header.encode().to_vec();
    out.extend_from_slice(&body);
    out
}
