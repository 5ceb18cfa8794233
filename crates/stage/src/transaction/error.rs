//! What can go wrong, and what state that leaves.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::conflict::{Conflict, Reason};

/// Why a transaction did not come about.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Paths do not look as was expected. Nothing has changed.
    #[error("{} does not fit: {}{}", count(.0), .0.first().map(ToString::to_string).unwrap_or_default(), if .0.len() > 1 { ", …" } else { "" })]
    Conflicts(Vec<Conflict>),
    /// Something could not be done. Nothing has changed.
    #[error("{path}: {source}", path = .path.display())]
    Failed {
        /// Where, in the tree or in the directory of the transaction.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It stopped in the middle. [`recover`](super::recover) goes on with it.
    #[error("stopped in the middle: {source}")]
    Unfinished {
        /// Why.
        source: io::Error,
    },
    /// All that could be was turned back, but here somebody else has changed something meanwhile, which was left alone.
    /// What was there before stays in the folder `kept` of the transaction.
    #[error("turned back, but for {}: {}", count(.0), .0.first().map(ToString::to_string).unwrap_or_default())]
    Left(Vec<Conflict>),
    /// The directory already belongs to a transaction.
    #[error("a transaction has been here already")]
    InUse,
    /// There is nothing to undo: it was never finished.
    #[error("nothing has been done that could be undone")]
    NothingToUndo,
    /// It was undone before.
    #[error("it has been undone already")]
    AlreadyUndone,
    /// The tree is another one than that of the transaction.
    #[error("{path} is not the directory it was", path = .0.display())]
    AnotherTree(PathBuf),
    /// What the directory says cannot be trusted. Nothing was touched.
    #[error("{path}: {damage}", path = .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What about it.
        damage: Damage,
    },
}

/// What is wrong with a file that the transaction wrote.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// No text of ours.
    #[error("damaged: {0}")]
    Text(#[from] serde_json::Error),
    /// A version that this program does not know.
    #[error("written by another version ({0})")]
    Version(u32),
    /// Longer than anything that is written.
    #[error("too long")]
    TooLong,
    /// A path that leads out of the tree, or a number twice.
    #[error("damaged: {0}")]
    Sense(&'static str),
}

/// Why carrying out stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something else lies there.
    Conflict(Conflict),
    /// It could not be done.
    Failed(PathBuf, io::Error),
}

impl Stop {
    /// What an error at a path means: a link or a mount in the way, or nothing at all, is the doing of somebody else.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| match Errno::from_io_error(&error) {
            Some(Errno::LOOP | Errno::XDEV) => Self::Conflict(Conflict::at(path, Reason::Elsewhere)),
            Some(Errno::NOENT | Errno::NOTDIR) => Self::Conflict(Conflict::at(path, Reason::NoDirectory)),
            _ => Self::Failed(path.to_owned(), error),
        }
    }

    /// What it means if all has been turned back.
    pub(super) fn without_trace(self) -> Error {
        match self {
            Self::Conflict(conflict) => Error::Conflicts(vec![conflict]),
            Self::Failed(path, source) => Error::Failed { path, source },
        }
    }

    /// What it means if it has not.
    pub(super) fn in_the_middle(self) -> Error {
        let source = match self {
            Self::Conflict(conflict) => io::Error::other(conflict.to_string()),
            Self::Failed(path, source) => io::Error::new(source.kind(), format!("{}: {source}", path.display())),
        };
        Error::Unfinished { source }
    }
}

impl Error {
    /// Something failed at a path, and left no trace.
    pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Failed { path: path.to_owned(), source }
    }

    /// Something failed that has to be gone on with.
    pub(super) fn unfinished(source: io::Error) -> Self {
        Self::Unfinished { source }
    }
}

fn count(conflicts: &[Conflict]) -> String {
    match conflicts.len() {
        1 => "one path".to_owned(),
        many => format!("{many} paths"),
    }
}
