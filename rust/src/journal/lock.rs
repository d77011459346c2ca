//! The file `.lock`: one process writes a journal, and the receive day is never lowered.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};

use super::disk::Trouble;
use crate::fault::Faults;

pub(super) struct Lock {
    file: File,
    /// What the file says; 0: nothing.
    day: AtomicU16,
}

impl Lock {
    pub fn take(folder: &Path) -> io::Result<Self> {
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(folder.join(".lock"))?;
        let refused = |_| {
            io::Error::new(
                io::ErrorKind::WouldBlock,
                format!(
                    "another process uses the journal in {}: stop it, or choose another --data-dir",
                    folder.display()
                ),
            )
        };
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .map_err(refused)?;
        let mut text = Vec::new();
        (&mut file).take(16).read_to_end(&mut text)?;
        let day = std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        Ok(Self {
            file,
            day: AtomicU16::new(day.unwrap_or(0)),
        })
    }

    /// The receive day that no later segment may fall below; 0 when none is known.
    pub fn day(&self) -> u16 {
        self.day.load(Ordering::Relaxed)
    }

    /// Durable when it returns.
    pub fn raise_day(&self, day: u16, faults: &Faults) -> Result<(), Trouble> {
        if day <= self.day() {
            return Ok(());
        }
        let text = format!("{day:05}\n"); // as long for every day, so that a write never leaves digits of another
        faults
            .step("journal.write_day")
            .and_then(|()| self.file.write_all_at(text.as_bytes(), 0))
            .and_then(|()| self.file.set_len(text.len() as u64))
            .map_err(Trouble::of_write)?;
        self.file.sync_data().map_err(Trouble::of_sync)?;
        self.day.store(day, Ordering::Relaxed);
        Ok(())
    }
}
