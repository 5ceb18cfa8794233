//! One path that layers say something about.

use std::fmt;
use std::path::{Path, PathBuf};

use super::directory::Directory;
use crate::limits;
use crate::node::Node;

/// One path that layers say something about, and what lies there in the real tree.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Where.
    pub(crate) path: PathBuf,
    /// What lies there in the real tree, whether or not a run sees it.
    pub(crate) before: Option<Node>,
    /// What a run sees there; nothing: it was removed.
    pub(crate) after: Option<Node>,
    /// The layer that says so.
    pub(crate) layer: usize,
    /// The directory, if layers have one.
    pub(crate) inside: Option<Directory>,
    /// Why nothing can be done about it.
    pub(crate) left_out: Option<LeftOut>,
}

/// Why something is told, but not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOut {
    /// A socket leads nowhere without its program.
    Socket,
    /// A device file.
    Device,
    /// In the real tree another file system or directory is mounted there.
    Mount,
    /// In the real tree its permissions keep the caller out.
    Closed,
    /// Its path is longer than the kernel takes (4,095 bytes). What lies below is not looked at.
    TooLong,
    /// It lies below more than [`limits::DEPTH`](crate::limits::DEPTH) directories. What lies below is not looked at.
    TooDeep,
}

impl LeftOut {
    /// Why a path is too much.
    pub(super) fn of_path(path: &Path) -> Option<Self> {
        if path.as_os_str().len() > limits::PATH_BYTES {
            Some(Self::TooLong)
        } else if path.components().count() > limits::DEPTH {
            Some(Self::TooDeep)
        } else {
            None
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Socket => "a socket",
            Self::Device => "a device file",
            Self::Mount => "something is mounted there",
            Self::Closed => "its permissions do not let you in",
            Self::TooLong => "its path is too long",
            Self::TooDeep => "it lies too deep",
        })
    }
}
