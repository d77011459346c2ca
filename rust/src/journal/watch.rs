//! Looks at the folder's size and the disk's free space. A failed look keeps the last values.

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::disk::regular_file;
use super::{Shared, format};

const EVERY: Duration = Duration::from_millis(250);
/// After an outage there are tens of thousands of segments (86,400 took 0.09 s): a look is at most 2 % of the time.
const PAUSE_FOR_LOOK: u32 = 50;

pub(super) struct Watch {
    disk_at: Instant,
    folder_at: Instant,
}

impl Watch {
    pub fn start(shared: &Shared) -> Self {
        let now = Instant::now();
        let mut watch = Self {
            disk_at: now,
            folder_at: now,
        };
        watch.look(shared);
        watch
    }

    /// Time until the next look.
    pub fn pause(&self) -> Duration {
        self.disk_at.saturating_duration_since(Instant::now())
    }

    /// Looks at what is due.
    pub fn look(&mut self, shared: &Shared) {
        let started = Instant::now();
        if started < self.disk_at {
            return;
        }
        let folder = &shared.options.folder;
        if let Ok(disk) = rustix::fs::statvfs(folder) {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            shared.free.store(free, Ordering::Relaxed);
        }
        self.disk_at = started + EVERY;
        if started < self.folder_at {
            return;
        }
        if let Ok(used) = used_bytes(folder) {
            shared.used.store(used, Ordering::Relaxed);
        }
        self.folder_at = started + pause_after(started.elapsed());
    }
}

fn pause_after(look: Duration) -> Duration {
    EVERY.max(look.saturating_mul(PAUSE_FOR_LOOK))
}

fn used_bytes(folder: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let ours = regular_file(&entry).is_some_and(|name| {
            format::id_of(&name, format::SEALED).is_some()
                || format::id_of(&name, format::OPEN).is_some()
        });
        if ours {
            total += entry.metadata().map_or(0, |m| m.len()); // the store may just have deleted it
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_looks_are_rare() {
        assert_eq!(pause_after(Duration::from_millis(1)), EVERY);
        assert_eq!(
            pause_after(Duration::from_millis(90)),
            Duration::from_millis(4500)
        );
    }

    #[test]
    fn folder_with_a_segments_name_is_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        let name = |n: u8, extension| folder.path().join(format::file_name([n; 16], extension));
        std::fs::create_dir(name(1, format::SEALED)).unwrap();
        std::fs::write(name(2, format::SEALED), [0; 10]).unwrap();
        std::fs::write(name(3, format::OPEN), [0; 5]).unwrap();
        assert_eq!(used_bytes(folder.path()).unwrap(), 15);
    }
}
