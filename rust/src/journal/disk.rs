//! What a failed step on the disk means, decided in one place.

use std::fs::File;
use std::io;
use std::path::Path;

#[derive(Debug)]
pub(super) enum Trouble {
    /// No space: what was there before is intact, and the step may be tried again.
    Full(io::Error),
    /// What the disk holds is unknown: only a new process may try again.
    Lost(io::Error),
}

impl Trouble {
    pub fn of_write(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error),
            _ => Self::Lost(error),
        }
    }

    /// Never a full disk, whatever the error says: the kernel may have dropped the pages, and a second sync would lie.
    pub fn of_sync(error: io::Error) -> Self {
        Self::Lost(error)
    }

    pub fn into_error(self) -> io::Error {
        match self {
            Self::Full(error) | Self::Lost(error) => error,
        }
    }
}

/// A new or renamed file survives a power cut only once its folder is synced.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The name of a regular file; None for anything else, which is somebody else's whatever it is called.
pub(super) fn regular_file(entry: &std::fs::DirEntry) -> Option<String> {
    entry.file_type().ok()?.is_file().then_some(())?;
    entry.file_name().into_string().ok()
}
