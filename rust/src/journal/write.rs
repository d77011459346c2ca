//! The writer thread: group commit. It syncs again as soon as the previous sync ends; whatever came meanwhile is one group.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use super::format::{self, Kind, RECORD_HEADER, RecordHeader, SEGMENT_HEADER, SegmentHeader};
use super::recent::sync_folder;
use super::{Command, FAILED, Pending, STOPPED, Shared, now_ns};
use crate::counters;
use crate::fault;
use crate::record::Unavailable;

const DAY_NS: u64 = 86_400_000_000_000;
/// One group is at most this much, so that the first of a long queue is not kept waiting by the last.
const GROUP_BYTES: usize = 16 << 20;
const GROUP_RECORDS: usize = 4096;
/// Linux takes 1,024 slices a call; a record is two.
const SLICES: usize = 1024;

/// A segment that is being written.
pub(super) struct OpenSegment {
    pub path: PathBuf,
    pub id: [u8; 16],
    pub file: File,
    /// Receive time and hash of every record, for the log of recent bodies.
    pub hashes: Vec<(u64, u128)>,
    /// Spans of the synced records.
    pub spans: u64,
    /// Everything before this offset is synced.
    pub synced: u64,
    receive_day: u16,
    /// Spans and decoded size with what is staged, to know when the segment ends.
    planned_spans: u64,
    planned_bytes: u64,
    opened: Instant,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    to_seal: mpsc::SyncSender<OpenSegment>,
    open: Option<OpenSegment>,
    staged: Vec<(RecordHeader, Pending)>,
    last_day: u16,
}

impl Writer {
    pub fn new(shared: Arc<Shared>, to_seal: mpsc::SyncSender<OpenSegment>, last_day: u16) -> Self {
        Self {
            shared,
            to_seal,
            open: None,
            staged: Vec::new(),
            last_day,
        }
    }

    pub fn run(&mut self, commands: &mpsc::Receiver<Command>) {
        loop {
            let stop = self.take_group(commands);
            self.flush();
            let age = self.shared.options.seal_age;
            if stop
                || self
                    .open
                    .as_ref()
                    .is_some_and(|open| open.opened.elapsed() >= age)
            {
                self.seal();
            }
            if stop {
                self.shared.state.store(STOPPED, Ordering::Release);
                for command in commands.try_iter() {
                    if let Command::Append(pending) = command {
                        self.settle(pending, Err(Unavailable::Stopping));
                    }
                }
                return;
            }
        }
    }

    /// Waits for a record or for the open segment's age; stages what is there. True when asked to stop.
    fn take_group(&mut self, commands: &mpsc::Receiver<Command>) -> bool {
        let first = match &self.open {
            Some(open) => {
                match commands.recv_timeout(
                    self.shared
                        .options
                        .seal_age
                        .saturating_sub(open.opened.elapsed()),
                ) {
                    Ok(command) => command,
                    Err(mpsc::RecvTimeoutError::Timeout) => return false,
                    Err(mpsc::RecvTimeoutError::Disconnected) => return true,
                }
            }
            None => match commands.recv() {
                Ok(command) => command,
                Err(mpsc::RecvError) => return true,
            },
        };
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Stop => return true,
                Command::Append(pending) => {
                    bytes += pending.body.len();
                    self.stage(pending);
                }
            }
            if bytes >= GROUP_BYTES || self.staged.len() >= GROUP_RECORDS {
                return false;
            }
            next = commands.try_recv().ok();
        }
        false
    }

    fn stage(&mut self, pending: Pending) {
        let day = u16::try_from(pending.received_ns / DAY_NS)
            .unwrap_or(u16::MAX)
            .max(self.last_day);
        let options = &self.shared.options;
        let ends = self.open.as_ref().is_some_and(|open| {
            open.receive_day != day
                || open.planned_spans + u64::from(pending.spans) > u64::from(options.seal_spans)
                || (open.planned_spans > 0
                    && open.planned_bytes + pending.decoded_bytes > options.seal_decoded_bytes)
        });
        if ends {
            self.flush();
            self.seal();
        }
        if self.open.is_none() {
            match self.create(day) {
                Ok(open) => self.open = Some(open),
                Err(error) => {
                    let why = self.cannot_write("creating a segment", &error);
                    self.settle(pending, Err(why));
                    return;
                }
            }
        }
        if let Some(open) = &mut self.open {
            open.planned_spans += u64::from(pending.spans);
            open.planned_bytes += pending.decoded_bytes;
        }
        let header = RecordHeader {
            kind: Kind::Traces as u8,
            length: pending.body.len() as u32,
            spans: pending.spans,
            received_ns: pending.received_ns,
            hash: pending.hash,
            key_id: pending.key_id,
            policy_version: 0,
            body_crc: pending.body_crc,
        };
        self.staged.push((header, pending));
    }

    fn create(&mut self, receive_day: u16) -> io::Result<OpenSegment> {
        let id = uuid::Uuid::now_v7().into_bytes();
        let path = self
            .shared
            .options
            .folder
            .join(format::file_name(id, format::OPEN));
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .open(&path)?;
        file.write_all(
            &SegmentHeader {
                id,
                receive_day,
                created_ns: now_ns(),
            }
            .encode(),
        )?;
        sync_folder(&self.shared.options.folder)?;
        fault::point("journal.after_create");
        self.last_day = receive_day;
        Ok(OpenSegment {
            path,
            id,
            file,
            hashes: Vec::new(),
            spans: 0,
            synced: SEGMENT_HEADER as u64,
            receive_day,
            planned_spans: 0,
            planned_bytes: 0,
            opened: Instant::now(),
        })
    }

    /// Writes and syncs what is staged, then tells every sender.
    fn flush(&mut self) {
        if self.staged.is_empty() {
            return;
        }
        let staged = std::mem::take(&mut self.staged);
        let outcome = match &mut self.open {
            Some(open) => write_and_sync(open, &staged),
            None => Err(io::Error::other("no segment is open")),
        };
        let outcome = outcome.map_err(|error| self.roll_back(&error));
        if let (Ok(written), Some(open)) = (outcome, &mut self.open) {
            open.synced += written;
            open.spans += staged
                .iter()
                .map(|(header, _)| u64::from(header.spans))
                .sum::<u64>();
            open.hashes
                .extend(staged.iter().map(|(_, p)| (p.received_ns, p.hash)));
            self.shared.used.fetch_add(written, Ordering::Relaxed);
        }
        let outcome = outcome.map(|_| ());
        for (_, pending) in staged {
            self.settle(pending, outcome);
        }
    }

    fn settle(&self, pending: Pending, outcome: Result<(), Unavailable>) {
        self.shared
            .waiting
            .fetch_sub(pending.cost(), Ordering::Relaxed);
        self.shared.recent().settle(pending.hash, outcome);
        let _ = pending.tell.send(outcome); // the client may be gone; its retry finds the hash
    }

    /// Cuts the file back to what is known to be synced. A full disk is a reason to refuse; any other failure ends the
    /// journal, because after a failed sync the kernel may have dropped the pages and a second sync would lie.
    fn roll_back(&mut self, error: &io::Error) -> Unavailable {
        let why = self.cannot_write("writing a segment", error);
        let cut = match &self.open {
            Some(open) => open.file.set_len(open.synced).and_then(|()| {
                io::Seek::seek(&mut &open.file, io::SeekFrom::Start(open.synced)).map(|_| ())
            }),
            None => Ok(()),
        };
        if let Err(error) = cut {
            return self.fail("cutting a segment back to its last synced record", &error);
        }
        why
    }

    fn cannot_write(&self, what: &str, error: &io::Error) -> Unavailable {
        if error.kind() == io::ErrorKind::StorageFull
            || error.kind() == io::ErrorKind::QuotaExceeded
        {
            counters::add(
                "clew_journal_write_errors_total",
                &[("reason", "disk_full")],
                1,
            );
            return Unavailable::DiskReserve;
        }
        self.fail(what, error)
    }

    fn fail(&self, what: &str, error: &io::Error) -> Unavailable {
        counters::add("clew_journal_write_errors_total", &[("reason", "io")], 1);
        eprintln!("clew: journal: {what} failed: {error}; nothing is acknowledged until a restart");
        self.shared.state.store(FAILED, Ordering::Release);
        Unavailable::SyncFailed
    }

    fn seal(&mut self) {
        let Some(open) = self.open.take() else { return };
        if open.hashes.is_empty() {
            let _ = std::fs::remove_file(&open.path); // nothing in it: recovery would delete it as well
            return;
        }
        let _ = self.to_seal.send(open); // the sealer outlives the writer; if it died, recovery seals at the next start
    }
}

/// Bytes written, all synced.
fn write_and_sync(open: &mut OpenSegment, staged: &[(RecordHeader, Pending)]) -> io::Result<u64> {
    let headers: Vec<[u8; RECORD_HEADER]> =
        staged.iter().map(|(header, _)| header.encode()).collect();
    let mut slices: Vec<IoSlice<'_>> = Vec::with_capacity(2 * staged.len());
    let mut written = 0;
    for (header, (_, pending)) in headers.iter().zip(staged) {
        slices.push(IoSlice::new(header));
        slices.push(IoSlice::new(&pending.body));
        written += (RECORD_HEADER + pending.body.len()) as u64;
    }
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        let some = rest.get(..rest.len().min(SLICES)).unwrap_or_default();
        match open.file.write_vectored(some) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => IoSlice::advance_slices(&mut rest, n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    fault::point("journal.after_append");
    fault::point("journal.before_sync");
    let started = Instant::now();
    open.file.sync_data()?;
    counters::add("clew_journal_syncs_total", &[], 1);
    counters::add(
        "clew_journal_sync_nanoseconds_total",
        &[],
        started.elapsed().as_nanos() as u64,
    );
    counters::add("clew_journal_records_total", &[], staged.len() as u64);
    counters::add("clew_journal_written_bytes_total", &[], written);
    fault::point("journal.after_sync");
    Ok(written)
}
