//! Why a stage cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a stage cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is none of that name.
    #[error("there is no stage {name}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// There is one already.
    #[error("there is a stage {name} already")]
    Exists {
        /// The name.
        name: String,
    },
    /// It has a snapshot of that name already.
    #[error("the stage {name} has a snapshot {snapshot} already")]
    SnapshotExists {
        /// The stage.
        name: String,
        /// The snapshot.
        snapshot: String,
    },
    /// It would not do as the name of a directory.
    #[error(
        "{name:?} is no name for a stage: letters, digits, `-`, `_` and `.`, at most {most}, and not `{reserved}`, which is the run that began last",
        most = super::stages::NAME_MAX,
        reserved = super::stages::RESERVED
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A run or another command uses it.
    #[error("the stage {name} is in use")]
    InUse {
        /// The name.
        name: String,
    },
    /// It has no such snapshot.
    #[error("the stage {name} has no snapshot {snapshot}")]
    NoSnapshot {
        /// The stage.
        name: String,
        /// The snapshot.
        snapshot: String,
    },
    /// Its record cannot be read.
    #[error("the record {} is damaged: {why}", path.display())]
    Damaged {
        /// The record.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The disk.
    #[error("failed to {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Names the path that an error happened at.
pub(crate) fn at<T>(result: io::Result<T>, action: &'static str, path: &Path) -> Result<T, StoreError> {
    result.map_err(|source| StoreError::Disk { action, path: path.to_owned(), source })
}
