//! Where everything lies in the directory of a ledger.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::{at, found};
use crate::limits::SESSION_NAME_BYTES_MAX;
use crate::{LedgerError, files};

/// The directory of a ledger.
#[derive(Debug, Clone)]
pub(crate) struct Places(PathBuf);

impl Places {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self(root)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.join("key")
    }

    pub(crate) fn public_key(&self) -> PathBuf {
        self.0.join("key.pub")
    }

    /// The log of sessions.
    pub(crate) fn heads(&self) -> PathBuf {
        self.0.join("heads")
    }

    pub(crate) fn sessions(&self) -> PathBuf {
        self.0.join("sessions")
    }

    /// The directory of a session's segments, whose names are numbers from 0.
    pub(crate) fn session(&self, id: &str) -> PathBuf {
        self.sessions().join(id)
    }

    /// Where there is a file for each session that is not closed, locked by its writer.
    pub(crate) fn running(&self) -> PathBuf {
        self.0.join("running")
    }

    /// The sessions that have a log.
    pub(crate) fn logs(&self) -> Result<Vec<String>, LedgerError> {
        names(&self.sessions())
    }

    /// The sessions that are not closed.
    pub(crate) fn unclosed(&self) -> Result<Vec<String>, LedgerError> {
        names(&self.running())
    }

    /// Does a living writer hold this session?
    pub(crate) fn is_held(&self, id: &str) -> bool {
        File::open(self.running().join(id)).is_ok_and(|marker| marker.try_lock_shared().is_err())
    }

    /// Does the log of a session have a line, or a piece of one?
    pub(crate) fn has_lines(&self, id: &str) -> Result<bool, LedgerError> {
        Ok(self.bytes(id)? > 0)
    }

    /// How large the log of a session is; nothing at all if there is none.
    pub(crate) fn bytes(&self, id: &str) -> Result<u64, LedgerError> {
        let mut bytes = 0;
        for path in self.segments(id)?.unwrap_or_default() {
            // One that is not there was pruned just now.
            bytes += found(std::fs::metadata(&path), "look at", &path)?.map_or(0, |data| data.len());
        }
        Ok(bytes)
    }

    /// The segments of a session, in order; nothing if it has no directory.
    pub(crate) fn segments(&self, id: &str) -> Result<Option<Vec<PathBuf>>, LedgerError> {
        let directory = self.session(id);
        let Some(entries) = found(std::fs::read_dir(&directory), "list", &directory)? else { return Ok(None) };
        if !files::is_its_name(&directory) {
            return Ok(None);
        }
        let mut numbers = Vec::new();
        for entry in entries {
            let name = at(entry, "list", &directory)?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(Some(numbers.iter().map(|number| directory.join(number.to_string())).collect()))
    }
}

/// Can a session have this name? It is that of a directory.
pub(crate) fn check_name(id: &str) -> Result<(), LedgerError> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let good = !id.is_empty() && id.len() <= SESSION_NAME_BYTES_MAX && !id.starts_with('.') && id.bytes().all(letter);
    if good && files::can_name(id) { Ok(()) } else { Err(LedgerError::Name(id.to_owned())) }
}

/// Makes a directory that only the caller can enter, if there is none.
pub(crate) fn make_directory(path: &Path) -> Result<(), LedgerError> {
    if path.is_dir() {
        return Ok(());
    }
    at(files::make_directory(path, true), "make", path)
}

/// Takes care that what was made or removed in a directory stays so after a power cut.
pub(crate) fn sync_directory(path: &Path) -> Result<(), LedgerError> {
    at(files::sync_directory(path), "sync", path)
}

fn names(directory: &Path) -> Result<Vec<String>, LedgerError> {
    let entries = found(std::fs::read_dir(directory), "list", directory)?;
    let mut names = Vec::new();
    for entry in entries.into_iter().flatten() {
        let name = at(entry, "list", directory)?.file_name().into_string().ok();
        names.extend(name.filter(|name| check_name(name).is_ok()));
    }
    names.sort_unstable();
    Ok(names)
}
