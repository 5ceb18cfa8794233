//! One path that is not what it was.

use std::path::PathBuf;

use crate::layers::LeftOut;
use crate::node::Node;

/// One path at which a run sees something else than what lies in the real tree.
#[derive(Debug, Clone)]
pub struct Change {
    /// Where, relative to the tree.
    pub path: PathBuf,
    /// What lies in the real tree.
    pub before: Option<Node>,
    /// What the run left there; nothing: it was removed.
    pub after: Option<Node>,
    /// The layer that says so; 0 is the topmost.
    pub layer: usize,
    /// In one word.
    pub what: What,
    /// The path, earlier in the list or unchanged, that is another name of the same file.
    pub same: Option<PathBuf>,
}

/// What has become of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Nothing was there.
    Created,
    /// It contains something else, or as a link, leads elsewhere. What is said about it may have changed as well.
    Modified,
    /// Nothing is there any more.
    Deleted {
        /// Where it is now, if it was renamed.
        to: Option<PathBuf>,
    },
    /// Nothing was there, and what is there now was elsewhere.
    Renamed {
        /// Where it was.
        from: PathBuf,
    },
    /// It contains the same; permissions, attributes or access lists are others.
    Mode,
    /// It was of another kind.
    KindChanged,
    /// Only its time is another.
    Touched,
    /// It cannot be taken over, and why.
    LeftOut(LeftOut),
}

impl Change {
    /// Whether a directory was there, and is not any more. What was below has changes of its own.
    pub fn removes_directory(&self) -> bool {
        let is_directory = |node: &Option<Node>| node.as_ref().is_some_and(Node::is_directory);
        is_directory(&self.before) && !is_directory(&self.after)
    }

    /// Whether a directory is there, and was not before.
    pub fn makes_directory(&self) -> bool {
        let is_directory = |node: &Option<Node>| node.as_ref().is_some_and(Node::is_directory);
        is_directory(&self.after) && !is_directory(&self.before)
    }
}
