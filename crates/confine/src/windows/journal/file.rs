//! Where the journal is kept.

use std::io;
use std::path::{Path, PathBuf};

use crate::windows::{durable, limits};

/// Bytes that outlive a crash.
pub trait Storage {
    /// All of them; `None` when there is no journal yet.
    fn read(&mut self) -> io::Result<Option<Vec<u8>>>;
    /// Adds some at the end. They are on the disk when it returns; a crash before that may leave some of them.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Puts others in their place. At any time either are on the disk.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Keeps a copy, and says where.
    fn keep_copy(&mut self) -> io::Result<String>;
}

/// A file in the state directory.
#[derive(Debug)]
pub struct JournalFile {
    path: PathBuf,
}

impl JournalFile {
    /// The journal in `directory`.
    pub fn of(directory: &Path) -> Self {
        Self { path: directory.join("journal") }
    }
}

impl Storage for JournalFile {
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        durable::read(&self.path, limits::MAX_JOURNAL_BYTES)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        durable::append(&self.path, bytes)
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        durable::replace(&self.path, bytes)
    }

    fn keep_copy(&mut self) -> io::Result<String> {
        durable::copy_aside(&self.path).map(|path| path.display().to_string())
    }
}
