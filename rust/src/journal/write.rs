//! The writer thread: group commit. It syncs again as soon as the previous sync ends; whatever came meanwhile is one group.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::disk::{Trouble, sync_folder};
use super::format::{self, RECORD_HEADER, RecordHeader, SegmentHeader};
use super::lock::Lock;
use super::seal::Unsealed;
use super::{Command, Pending, Shared, now_ns};
use crate::counters;
use crate::fault::{self, Faults};
use crate::record::Unavailable;

const DAY_NS: u64 = 86_400_000_000_000;
/// One group is at most this much, so that the first of a long queue is not kept waiting by the last.
const GROUP_BYTES: usize = 16 << 20;
const GROUP_RECORDS: usize = 4096;
/// Linux takes 1,024 slices a call; a record is two.
const SLICES: usize = 1024;
/// A full disk is not asked for a new segment more often than this.
const CREATE_AGAIN_AFTER: Duration = Duration::from_millis(250);
/// How long a segment past its age is written on when the sealer has no room for it.
const HAND_OVER_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How often the writer looks whether a busy sealer has room; it only waits when a segment is at its limits.
const LOOK_FOR_ROOM_EVERY: Duration = Duration::from_millis(5);

/// A segment that is being written.
struct OpenSegment {
    segment: Unsealed,
    receive_day: u16,
    /// Spans and decoded size with what is staged, to know when the segment ends.
    planned_spans: u64,
    planned_bytes: u64,
    seal_at: Instant,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    to_seal: mpsc::SyncSender<Unsealed>,
    lock: Arc<Lock>,
    open: Option<OpenSegment>,
    staged: Vec<(RecordHeader, Pending)>,
    last_day: u16,
    create_after: Option<Instant>,
}

impl Writer {
    pub fn new(
        shared: Arc<Shared>,
        to_seal: mpsc::SyncSender<Unsealed>,
        lock: Arc<Lock>,
        last_day: u16,
    ) -> Self {
        Self {
            shared,
            to_seal,
            lock,
            open: None,
            staged: Vec::new(),
            last_day,
            create_after: None,
        }
    }

    pub fn run(&mut self, commands: &mpsc::Receiver<Command>) {
        loop {
            let stop = self.take_group(commands);
            self.flush();
            if stop {
                self.hand_over(true);
                return;
            }
            if let Some(open) = &self.open
                && open.seal_at <= Instant::now()
                && !self.hand_over(false)
                && let Some(open) = &mut self.open
            {
                open.seal_at = Instant::now() + HAND_OVER_AGAIN_AFTER;
            }
        }
    }

    /// Waits for a record or for the open segment's age; stages what is there. True when asked to stop.
    fn take_group(&mut self, commands: &mpsc::Receiver<Command>) -> bool {
        let first = match &self.open {
            Some(open) => {
                let wait = open.seal_at.saturating_duration_since(Instant::now());
                match commands.recv_timeout(wait) {
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
        if let Err(why) = self.make_room(&pending) {
            self.shared.settle(pending, Err(why));
            return;
        }
        if let Some(open) = &mut self.open {
            open.planned_spans += u64::from(pending.spans);
            open.planned_bytes += pending.decoded_bytes;
        }
        let header = RecordHeader {
            kind: pending.kind as u8,
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

    /// A segment is open and takes this record.
    fn make_room(&mut self, pending: &Pending) -> Result<(), Unavailable> {
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
            if !self.hand_over(true) {
                return Err(Unavailable::DiskReserve);
            }
        }
        if self.shared.failed() {
            return Err(Unavailable::SyncFailed);
        }
        if self.open.is_none() {
            if self.create_after.is_some_and(|at| Instant::now() < at) {
                return Err(Unavailable::DiskReserve);
            }
            match self.create(day) {
                Ok(open) => self.open = Some(open),
                Err(trouble) => {
                    self.create_after = Some(Instant::now() + CREATE_AGAIN_AFTER);
                    return Err(self.cannot_write("creating a segment", trouble));
                }
            }
        }
        Ok(())
    }

    fn create(&mut self, receive_day: u16) -> Result<OpenSegment, Trouble> {
        let options = &self.shared.options;
        self.lock.raise_day(receive_day, &options.faults)?;
        self.last_day = receive_day;
        let id = uuid::Uuid::now_v7().into_bytes();
        let path = options.folder.join(format::file_name(id, format::OPEN));
        options
            .faults
            .step("journal.create")
            .and_then(|()| OpenOptions::new().create_new(true).write(true).open(&path))
            .map_err(Trouble::of_write)
            .and_then(|file| {
                let header = SegmentHeader {
                    id,
                    receive_day,
                    created_ns: now_ns(),
                };
                self.begin(&file, &header).inspect_err(|_| {
                    let _ = std::fs::remove_file(&path); // without records it is nothing; recovery deletes it as well
                })?;
                Ok(OpenSegment {
                    segment: Unsealed::new(path, id, file),
                    receive_day,
                    planned_spans: 0,
                    planned_bytes: 0,
                    seal_at: Instant::now() + options.seal_age,
                })
            })
    }

    fn begin(&self, mut file: &File, header: &SegmentHeader) -> Result<(), Trouble> {
        let options = &self.shared.options;
        options
            .faults
            .step("journal.write_header")
            .and_then(|()| file.write_all(&header.encode()))
            .map_err(Trouble::of_write)?;
        options
            .faults
            .step("journal.sync_created")
            .and_then(|()| sync_folder(&options.folder))
            .map_err(Trouble::of_sync)?;
        fault::point("journal.after_create");
        Ok(())
    }

    /// Writes and syncs what is staged, then tells every sender.
    fn flush(&mut self) {
        if self.staged.is_empty() {
            return;
        }
        let staged = std::mem::take(&mut self.staged);
        let outcome = match &mut self.open {
            // Another sync of a file that failed to sync would succeed and mean nothing.
            _ if self.shared.failed() => Err(Unavailable::SyncFailed),
            Some(open) => {
                write_and_sync(&mut open.segment.file, &staged, &self.shared.options.faults)
                    .map_err(|trouble| self.roll_back(trouble))
            }
            None => Err(Unavailable::SyncFailed),
        };
        if let (Ok(written), Some(open)) = (outcome, &mut self.open) {
            let segment = &mut open.segment;
            segment.synced += written;
            segment.records += staged.len() as u64;
            segment.spans += staged
                .iter()
                .map(|(header, _)| u64::from(header.spans))
                .sum::<u64>();
            segment
                .hashes
                .extend(staged.iter().map(|(_, p)| (p.received_ns, p.hash)));
            self.shared.used.fetch_add(written, Ordering::Relaxed);
            // Until the next look: a small disk is full before it.
            let _ = self
                .shared
                .free
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
                    Some(free.saturating_sub(written))
                });
        }
        let outcome = outcome.map(|_| ());
        for (_, pending) in staged {
            self.shared.settle(pending, outcome);
        }
    }

    /// Cuts the file back to what is known to be synced. A full disk is a reason to refuse; any other failure ends the
    /// journal, because after a failed sync the kernel may have dropped the pages and a second sync would lie.
    fn roll_back(&self, trouble: Trouble) -> Unavailable {
        let why = self.cannot_write("writing a segment", trouble);
        let cut = self.open.as_ref().map_or(Ok(()), |open| {
            let segment = &open.segment;
            self.shared.options.faults.step("journal.cut")?;
            segment.file.set_len(segment.synced)?;
            (&segment.file).seek(SeekFrom::Start(segment.synced))?;
            Ok(())
        });
        if let Err(error) = cut {
            let what = "cutting a segment back to its last synced record";
            return self.cannot_write(what, Trouble::Lost(error));
        }
        why
    }

    fn cannot_write(&self, what: &str, trouble: Trouble) -> Unavailable {
        match trouble {
            Trouble::Full(_) => {
                let reason = [("reason", "disk_full")];
                counters::add("clew_journal_write_errors_total", &reason, 1);
                Unavailable::DiskReserve
            }
            Trouble::Lost(error) => {
                let reason = [("reason", "io")];
                counters::add("clew_journal_write_errors_total", &reason, 1);
                self.shared.fail(what, &error);
                Unavailable::SyncFailed
            }
        }
    }

    /// Gives the open segment to the sealer. False: the sealer has no room and the segment stays open. The patient
    /// caller waits for room, but not while the sealer itself waits for a full disk.
    fn hand_over(&mut self, patient: bool) -> bool {
        let Some(mut open) = self.open.take() else {
            return true;
        };
        if open.segment.records == 0 {
            let _ = std::fs::remove_file(&open.segment.path); // nothing in it: recovery would delete it as well
            return true;
        }
        if self.shared.failed() {
            return true; // its file may not be synced again: recovery seals it at the next start
        }
        loop {
            match self.to_seal.try_send(open.segment) {
                // A sealer that died left the journal failed; recovery seals at the next start.
                Ok(()) | Err(mpsc::TrySendError::Disconnected(_)) => return true,
                Err(mpsc::TrySendError::Full(segment)) => open.segment = segment,
            }
            if !patient || self.shared.sealer_waits.load(Ordering::Acquire) {
                self.open = Some(open);
                return false;
            }
            std::thread::sleep(LOOK_FOR_ROOM_EVERY);
        }
    }
}

/// Bytes written, all synced.
fn write_and_sync(
    file: &mut File,
    staged: &[(RecordHeader, Pending)],
    faults: &Faults,
) -> Result<u64, Trouble> {
    faults.step("journal.write").map_err(Trouble::of_write)?;
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
        match file.write_vectored(some) {
            Ok(0) => return Err(Trouble::Lost(io::ErrorKind::WriteZero.into())),
            Ok(n) => IoSlice::advance_slices(&mut rest, n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Trouble::of_write(error)),
        }
    }
    fault::point("journal.after_append");
    fault::point("journal.before_sync");
    let started = Instant::now();
    faults
        .step("journal.sync")
        .and_then(|()| file.sync_data())
        .map_err(Trouble::of_sync)?;
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
