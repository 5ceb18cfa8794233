//! Why a step does not fit.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::node::Node;

use super::seen::{Seen, Shape};

/// A path at which something else lies than was expected when somebody decided what shall be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Where, relative to the tree.
    pub path: PathBuf,
    /// Why.
    pub reason: Reason,
}

/// Why a step does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Something else lies there. Twice the same: it is another one, or has been changed.
    Differs {
        /// What was expected; nothing where nothing was.
        expected: Option<Shape>,
        /// What lies there.
        found: Option<Shape>,
    },
    /// What a run left there has been changed since.
    Changed,
    /// Something has been made where a run left nothing.
    Made,
    /// A directory that shall go holds something that shall stay.
    NotEmpty {
        /// One of those, relative to the tree.
        holds: PathBuf,
    },
    /// What shall lie there would lie in no directory.
    NoDirectory,
    /// A link or a mount is in the way, which lead elsewhere.
    Elsewhere,
    /// There shall be another name of something that is no file.
    NoFile {
        /// Where no file is.
        named: PathBuf,
    },
    /// The list of steps itself makes no sense there: a path twice, or one that is none.
    Senseless,
}

impl Conflict {
    /// One at a path.
    pub(crate) fn at(path: &Path, reason: Reason) -> Self {
        Self { path: path.to_owned(), reason }
    }

    /// Something else lies there.
    pub(crate) fn differs(path: &Path, expected: Option<&Seen>, found: Option<&Node>) -> Self {
        let (expected, found) = (expected.map(|seen| seen.shape), found.map(|node| Shape::of(&node.kind)));
        Self::at(path, Reason::Differs { expected, found })
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {}", self.path.display(), self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { expected: Some(expected), found: Some(found) } if expected == found => {
                write!(to, "{found} lies there that has been changed")
            }
            Self::Differs { expected, found } => {
                write!(to, "{} was expected, {} lies there", named(*expected), named(*found))
            }
            Self::Changed => to.write_str("it has been changed since the run"),
            Self::Made => to.write_str("it has been made since the run"),
            Self::NotEmpty { holds } => write!(to, "it holds {}, which nobody spoke of", holds.display()),
            Self::NoDirectory => to.write_str("it would lie in no directory"),
            Self::Elsewhere => to.write_str("a link or a mount is in the way"),
            Self::NoFile { named } => write!(to, "{} is no file that it could be another name of", named.display()),
            Self::Senseless => to.write_str("no step can be taken there"),
        }
    }
}

fn named(shape: Option<Shape>) -> String {
    shape.map_or_else(|| "nothing".to_owned(), |shape| shape.to_string())
}
