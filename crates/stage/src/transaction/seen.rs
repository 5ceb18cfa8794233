//! By what the journal tells things apart.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::node::{Kind, Node, Time};

/// Something that lay somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Which one (`st_ino`), on the file system of the tree. No number is used twice while a transaction lives, since it
    /// keeps whatever had one.
    pub inode: u64,
    /// Of what kind.
    pub shape: Shape,
    /// What it looked like. Nothing: that does not matter, as for directories.
    pub look: Option<Look>,
}

/// What changes when somebody changes a file. Its `st_ctime` is not among it: moving a file changes that as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// Permission bits.
    pub mode: u32,
    /// How long it is, if it is a file.
    pub bytes: u64,
    /// `st_mtime`.
    pub modified: Time,
}

/// A kind without what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// An ordinary file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A device file.
    Device,
}

impl Seen {
    /// What was seen.
    pub(super) fn of(node: &Node) -> Self {
        let bytes = if let Kind::File { bytes } = node.kind { bytes } else { 0 };
        let look = Look { mode: node.mode, bytes, modified: node.modified };
        Self { inode: node.identity.inode, shape: Shape::of(&node.kind), look: (!node.is_directory()).then_some(look) }
    }

    /// Whether it is the very same, unchanged.
    pub(super) fn fits(&self, node: &Node) -> bool {
        let now = Self::of(node);
        self.inode == now.inode && self.shape == now.shape && (self.look.is_none() || self.look == now.look)
    }
}

impl Shape {
    /// The kind of something.
    pub(super) fn of(kind: &Kind) -> Self {
        match kind {
            Kind::File { .. } => Self::File,
            Kind::Directory => Self::Directory,
            Kind::Link { .. } => Self::Link,
            Kind::Pipe => Self::Pipe,
            Kind::Socket => Self::Socket,
            Kind::Device { .. } => Self::Device,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::File => "a file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device file",
        })
    }
}
