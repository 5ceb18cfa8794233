//! Why a survey could not be finished.

use std::{io, path::PathBuf};

/// Why a survey could not be finished. Nothing it saw until then should be relied on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SurveyError {
    /// A root is missing, not a directory, or may not be read.
    #[error("failed to open the root {}", path.display())]
    Root {
        /// The root as the caller named it.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system ran out of something (descriptors, memory) in the middle of the tree.
    #[error("failed to read the directory {}", path.display())]
    Exhausted {
        /// The directory, relative to its root.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The tree is deeper than the limit.
    #[error("failed to survey {}: more than {maximum} levels below the root", path.display())]
    TooDeep {
        /// The first directory that is too deep, relative to its root.
        path: PathBuf,
        /// The limit.
        maximum: usize,
    },
    /// There are more matches than the limit.
    #[error("failed to survey the tree: more than {maximum} entries to report")]
    TooManyMatches {
        /// The limit.
        maximum: usize,
    },
    /// There are more directories than the limit.
    #[error("failed to survey the tree: more than {maximum} directories")]
    TooManyDirectories {
        /// The limit.
        maximum: usize,
    },
}
