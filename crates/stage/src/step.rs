//! One path of a tree that is to become something else.

use std::path::PathBuf;
use std::sync::Arc;

use crate::node::{Attributes, Node, Time};
use crate::tree::Tree;

/// One path of a tree that is to become something else, if it still is what it was when somebody decided so.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where, relative to the tree.
    pub path: PathBuf,
    /// What must lie there: files and links the very same, unchanged (by their identity); of directories that they are some.
    /// Nothing: nothing may lie there.
    pub expected: Option<Node>,
    /// What shall lie there.
    pub wanted: Wanted,
}

/// What shall lie at a path.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Nothing. What lies in a directory has steps of its own.
    Nothing,
    /// A directory; where one is, it keeps what is in it.
    Directory(Meta),
    /// An ordinary file.
    File(Content, Meta),
    /// A symbolic link.
    Link {
        /// What it says.
        target: PathBuf,
        /// `st_mtime`.
        modified: Time,
    },
    /// A named pipe.
    Pipe(Meta),
    /// Another name of the file that is at this path when all is done.
    Same(PathBuf),
}

/// What a file shall contain.
#[derive(Debug, Clone)]
pub enum Content {
    /// What it contains already: only what is said about it changes.
    Kept,
    /// These bytes.
    Bytes(Arc<[u8]>),
    /// What this file contains; holes stay holes.
    Of(Arc<Tree>, PathBuf),
    /// The same, written into the file that is there, which has other names that shall see it.
    Into(Arc<Tree>, PathBuf),
}

/// What is said about a file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Permission bits.
    pub mode: u32,
    /// `st_mtime`.
    pub modified: Time,
    /// Extended attributes and access lists.
    pub attributes: Attributes,
}
