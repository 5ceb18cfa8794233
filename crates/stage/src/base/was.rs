//! What lay at a path.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::attributes::attributes_at;
use crate::content::Digest;
use crate::node::{Attributes, Identity, Kind, Node, Time};
use crate::tree::Tree;

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
            Kind::Link { target } => Self::Link { identity, target: digest_of_target(target) },
            _ => Self::Other { identity },
        }
    }

    /// Whether this looks as it did, whichever it is: by its content, its permissions and its attributes, as far as they are
    /// known.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn is_again(&self, tree: &Tree, path: &Path, node: &Node) -> io::Result<bool> {
        let looks = |was: u32, attributes: &Digest| {
            Ok::<_, io::Error>(was == node.mode && digest_of(&attributes_at(tree, path, node)?) == *attributes)
        };
        match (self, &node.kind) {
            (Self::File { mode, attributes, content: Some(content), .. }, Kind::File { .. }) => {
                Ok(looks(*mode, attributes)? && Digest::of_file(&mut tree.file(path)?)? == *content)
            }
            (Self::Directory { mode, attributes }, Kind::Directory) => looks(*mode, attributes),
            (Self::Link { target, .. }, Kind::Link { target: now }) => Ok(digest_of_target(now) == *target),
            _ => Ok(false),
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
    node.identity.changed.end() > began
}

/// By what it is known where a link leads.
pub(super) fn digest_of_target(target: &Path) -> Digest {
    Digest::of(target.as_os_str().as_encoded_bytes())
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
