//! The files of one session's log.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::at;
use crate::places::sync_directory;
use crate::{LedgerError, files};

/// The end of a session's log, to which is written.
pub(crate) struct Segments {
    directory: PathBuf,
    number: u64,
    path: PathBuf,
    file: File,
    /// Bytes in the last file.
    bytes: u64,
    /// Bytes in those before it.
    before: u64,
}

impl Segments {
    /// Makes the first file.
    pub(crate) fn create(directory: &Path) -> Result<Self, LedgerError> {
        let path = directory.join("0");
        let file = at(files::end_of().create_new(true).open(&path), "make", &path)?;
        Ok(Self { directory: directory.to_owned(), number: 0, path, file, bytes: 0, before: 0 })
    }

    /// Goes on with the last file of a log.
    pub(crate) fn reopen(path: &Path) -> Result<Self, LedgerError> {
        let file = at(files::end_of().open(path), "open", path)?;
        let bytes = at(file.metadata(), "look at", path)?.len();
        let number = path.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or_default();
        let directory = path.parent().unwrap_or(path).to_owned();
        Ok(Self { directory, number, path: path.to_owned(), file, bytes, before: 0 })
    }

    /// Bytes of the last file, and of all.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.bytes, self.before + self.bytes)
    }

    /// Writes lines. When that fails the file ends as it did before, if that can still be done.
    pub(crate) fn write(&mut self, lines: &[u8]) -> Result<(), LedgerError> {
        if let Err(error) = files::append(&mut self.file, lines) {
            let _ = self.file.set_len(self.bytes);
            return at(Err(error), "write", &self.path);
        }
        self.bytes += lines.len() as u64;
        Ok(())
    }

    /// Shortens the last file.
    pub(crate) fn cut(&mut self, bytes: u64) -> Result<(), LedgerError> {
        at(self.file.set_len(bytes), "cut", &self.path)?;
        self.bytes = bytes;
        Ok(())
    }

    /// What was written is on the disk afterwards.
    pub(crate) fn sync(&self) -> Result<(), LedgerError> {
        at(self.file.sync_data(), "sync", &self.path)
    }

    /// Begins another file.
    pub(crate) fn rotate(&mut self) -> Result<(), LedgerError> {
        self.sync()?;
        let number = self.number + 1;
        let path = self.directory.join(number.to_string());
        self.file = at(files::end_of().create_new(true).open(&path), "make", &path)?;
        sync_directory(&self.directory)?;
        self.before += self.bytes;
        (self.number, self.path, self.bytes) = (number, path, 0);
        Ok(())
    }
}
