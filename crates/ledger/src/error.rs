//! What can fail.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Flaw;

/// Why the ledger cannot be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// There is no room.
    #[error("failed to {action} {}: the disk is full, or the share of it", path.display())]
    Full {
        /// What was done.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// The place cannot be written.
    #[error("failed to {action} {}: it is not writable", path.display())]
    NotWritable {
        /// What was done.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// Something else failed.
    #[error("failed to {action} {}", path.display())]
    Io {
        /// What was done.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// The key is not one, or is not safe.
    #[error("the key {} {why}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong, as the rest of a sentence.
        why: &'static str,
    },
    /// The ledger was opened with the public key only.
    #[error("the ledger was opened for reading only")]
    ReadingOnly,
    /// A session cannot have this name.
    #[error("{0:?} is no name of a session: letters, digits, `-`, `_` and `.` only, not first a `.`")]
    Name(String),
    /// There is such a session already.
    #[error("there is a session {0} already")]
    Exists(String),
    /// There is no such session.
    #[error("there is no session {0}")]
    NoSession(String),
    /// There is no such event, or it is not yet signed.
    #[error("session {session} has no signed event {seq}; numbers between events are those of signatures")]
    NoEvent {
        /// The session.
        session: String,
        /// The place that was asked for.
        seq: u64,
    },
    /// The session's log was pruned.
    #[error("the log of session {0} was pruned")]
    Pruned(String),
    /// A text is no checkpoint.
    #[error("this is no checkpoint of a ledger")]
    NotACheckpoint,
    /// The ledger is not what was written.
    #[error(transparent)]
    Flaw(#[from] Flaw),
    /// The writer's thread is no more, without having said why.
    #[error("the ledger's writer stopped unexpectedly")]
    Stopped,
    /// The writer failed earlier.
    #[error(transparent)]
    Writer(Arc<LedgerError>),
}

/// Says what failed, and where.
pub(crate) fn at<T>(result: io::Result<T>, action: &'static str, path: &Path) -> Result<T, LedgerError> {
    result.map_err(|source| {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                LedgerError::Full { action, path, source }
            }
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                LedgerError::NotWritable { action, path, source }
            }
            _ => LedgerError::Io { action, path, source },
        }
    })
}

/// Says so as well; nothing where there is no such file.
pub(crate) fn found<T>(result: io::Result<T>, action: &'static str, path: &Path) -> Result<Option<T>, LedgerError> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        result => at(result, action, path).map(Some),
    }
}
