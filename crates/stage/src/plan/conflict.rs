//! Why a change cannot be made.

use std::io;
use std::path::PathBuf;

use crate::merge::Conflicting;

/// A change that cannot be made.
#[derive(Debug)]
pub struct Conflict {
    /// Where.
    pub path: PathBuf,
    /// Why.
    pub why: Why,
}

/// Why a change cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// The list of changes is older than what lies there.
    #[error("it has changed since the changes were listed")]
    Stale,
    /// Both sides have changed it, and it cannot be merged.
    #[error("the run and somebody else have changed it, and it cannot be merged")]
    Both,
    /// Both sides have changed the same lines.
    #[error("the run and somebody else have changed the same lines")]
    Lines(Vec<Conflicting>),
    /// The run has changed what somebody removed.
    #[error("the run has changed it, and somebody else has removed it")]
    Removed,
    /// The run has removed what somebody changed.
    #[error("the run has removed it, and somebody else has changed it")]
    Changed,
    /// Somebody has made something else there.
    #[error("the run has made it, and somebody else has made something there, too")]
    Made,
    /// There is something in a directory that is to be removed, and stays.
    #[error("the directory is not empty: {0:?} would stay")]
    NotEmpty(PathBuf),
    /// What lay there when the run changed it is not known.
    #[error("what lay there before the run is not known, for it was changed while the run went on")]
    Unknown,
    /// There is no directory to make it in.
    #[error("the directory that it lies in is not there")]
    NoDirectory,
    /// It would not be the same file any more.
    #[error("the file has other names, and only a part of it would change")]
    OtherNames,
    /// The list of changes is not complete.
    #[error(transparent)]
    Exceeded(#[from] crate::layers::Exceeded),
    /// It cannot be looked at.
    #[error(transparent)]
    Io(#[from] io::Error),
}
