//! What lay at a path.

use serde::{Deserialize, Serialize};

use crate::content::Digest;
use crate::node::{Attributes, Identity, Kind, Node, Time};

/// What lay at a path before a run changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Was {
    /// Somebody has changed it while the run went on, and so nobody knows what the run has seen.
    Unknown,
    /// Nothing.
    Nothing,
    /// An ordinary file.
    File {
        /// Which one.
        identity: Identity,
        /// Its permissions.
        mode: u32,
        /// Of its attributes and access lists.
        attributes: Digest,
        /// Of its content, if that was read.
        content: Option<Digest>,
        /// Whether the content was kept.
        kept: bool,
    },
    /// A directory.
    Directory {
        /// Its permissions.
        mode: u32,
        /// Of its attributes and access lists.
        attributes: Digest,
    },
    /// A symbolic link.
    Link {
        /// Which one.
        identity: Identity,
        /// Of where it leads.
        target: Digest,
    },
    /// Something else.
    Other {
        /// Which one.
        identity: Identity,
    },
}

impl Was {
    /// What something was, as far as that is known without reading it.
    pub(super) fn unread(node: &Node) -> Self {
        let (identity, attributes) = (node.identity, digest_of(&Attributes::new()));
        match &node.kind {
            Kind::File { .. } => Self::File { identity, mode: node.mode, attributes, content: None, kept: false },
            Kind::Directory => Self::Directory { mode: node.mode, attributes },
            Kind::Link { target } => Self::Link { identity, target: Digest::of(target.as_os_str().as_encoded_bytes()) },
            _ => Self::Other { identity },
        }
    }

    /// Whether this is what it was: of directories, that it is one.
    pub fn is(&self, now: Option<&Node>) -> bool {
        match (self, now) {
            (Self::Nothing, None) => true,
            (Self::Directory { .. }, Some(now)) => now.is_directory(),
            (Self::File { identity, .. }, Some(Node { kind: Kind::File { .. }, identity: now, .. }))
            | (Self::Link { identity, .. }, Some(Node { kind: Kind::Link { .. }, identity: now, .. }))
            | (Self::Other { identity }, Some(Node { identity: now, .. })) => is_same(identity, now),
            _ => false,
        }
    }
}

/// A tree is on one file system, whose number can be another tomorrow.
fn is_same(one: &Identity, other: &Identity) -> bool {
    (one.inode, one.changed) == (other.inode, other.changed)
}

/// Whether somebody may have changed it since a moment.
pub(super) fn is_changed_since(node: &Node, began: Time) -> bool {
    node.identity.changed > began
}

/// By what attributes are known.
pub(crate) fn digest_of(attributes: &Attributes) -> Digest {
    use std::os::unix::ffi::OsStrExt;
    let mut bytes = Vec::new();
    for (name, value) in attributes {
        for part in [name.as_bytes(), value] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part);
        }
    }
    Digest::of(&bytes)
}
