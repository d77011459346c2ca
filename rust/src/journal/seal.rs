//! The sealer thread: closes segments beside the writer, so that sealing delays no acknowledgement, and watches the disk.

use std::io::{self, Seek, SeekFrom, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::format::{self, Kind, RecordHeader, SealBody};
use super::recent::{Log, sync_folder};
use super::write::OpenSegment;
use super::{Shared, now_ns};
use crate::counters;
use crate::fault;

const WATCH_EVERY: Duration = Duration::from_millis(250);
const RETRY_AFTER: Duration = Duration::from_secs(1);

pub(super) struct Sealer {
    shared: Arc<Shared>,
    log: Log,
}

impl Sealer {
    pub fn new(shared: Arc<Shared>, log: Log) -> Self {
        Self { shared, log }
    }

    pub fn run(&mut self, segments: &mpsc::Receiver<OpenSegment>) {
        let mut watched = Instant::now();
        loop {
            match segments.recv_timeout(WATCH_EVERY.saturating_sub(watched.elapsed())) {
                Ok(segment) => self.seal_until_done(segment),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
            if watched.elapsed() >= WATCH_EVERY {
                watch(&self.shared);
                watched = Instant::now();
            }
        }
    }

    /// An unsealed segment is safe but unseen, so a full disk is waited out. When stopping, the next start seals it.
    fn seal_until_done(&mut self, mut segment: OpenSegment) {
        while let Err(error) = self.seal(&mut segment) {
            counters::add("clew_journal_seal_errors_total", &[], 1);
            eprintln!(
                "clew: journal: sealing {} failed: {error}; it is tried again",
                segment.path.display()
            );
            if self.shared.stopping.load(Ordering::Acquire) {
                return;
            }
            watch(&self.shared);
            std::thread::sleep(RETRY_AFTER);
        }
        counters::add("clew_journal_segments_sealed_total", &[], 1);
    }

    fn seal(&mut self, segment: &mut OpenSegment) -> io::Result<()> {
        fault::point("journal.before_seal");
        let body = SealBody {
            records: segment.hashes.len() as u64,
            spans: segment.spans,
        };
        segment.file.set_len(segment.synced)?; // an earlier attempt may have left half a seal record
        segment.file.seek(SeekFrom::Start(segment.synced))?;
        segment.file.write_all(&seal_record(&body))?;
        segment.file.sync_data()?;
        self.log.append(&segment.hashes, now_ns())?;
        fault::point("journal.after_seal_sync");
        let folder = &self.shared.options.folder;
        std::fs::rename(
            &segment.path,
            folder.join(format::file_name(segment.id, format::SEALED)),
        )?;
        sync_folder(folder)?;
        fault::point("journal.after_seal");
        Ok(())
    }
}

pub(super) fn seal_record(body: &SealBody) -> Vec<u8> {
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

/// Looks at the folder and the disk; a failed look keeps the last values.
pub(super) fn watch(shared: &Shared) {
    let folder = &shared.options.folder;
    if let Ok(used) = used_bytes(folder) {
        shared.used.store(used, Ordering::Relaxed);
    }
    if let Ok(disk) = rustix::fs::statvfs(folder) {
        shared.free.store(
            disk.f_bavail.saturating_mul(disk.f_frsize),
            Ordering::Relaxed,
        );
    }
}

fn used_bytes(folder: &std::path::Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|n| {
            format::id_of(n, format::SEALED).is_some() || format::id_of(n, format::OPEN).is_some()
        });
        if ours {
            total += entry.metadata().map_or(0, |m| m.len()); // the store may just have deleted it
        }
    }
    Ok(total)
}
