//! What lay at a path, as it is written down.

use std::collections::BTreeMap;
use std::path::Path;

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::attributes::attributes;
use crate::letters::Letters;
use crate::node::{Identity, Kind, Node, Time};
use crate::step::Meta;
use crate::tree::Tree;

/// What lay at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noted {
    /// What it is.
    pub shape: Shape,
    /// Permission bits.
    pub mode: u32,
    /// `st_mtime`.
    pub modified: Time,
    /// How many names it has.
    pub links: u64,
    /// Which one it was.
    pub identity: Identity,
    /// Its number by now, where it is another since a later run was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) renumbered: Option<u64>,
    /// Extended attributes and access lists.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<Letters, Letters>,
}

/// What something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// An ordinary file of so many bytes.
    File(u64),
    /// A directory.
    Directory,
    /// A symbolic link that says this.
    Link(Letters),
    /// A named pipe.
    Pipe,
    /// A socket or a device file, which is not made again.
    Other,
}

impl Noted {
    /// Of what lies there, with what can be read of its attributes.
    pub(super) fn of(tree: &Tree, path: &Path, node: &Node) -> Self {
        let shape = Shape::of(&node.kind);
        let named = || match shape {
            Shape::File(_) | Shape::Directory => {
                attributes(std::os::fd::AsFd::as_fd(&tree.at(path, OFlags::PATH).ok()?)).ok()
            }
            _ => None,
        };
        let attributes = named().unwrap_or_default();
        Self {
            shape,
            mode: node.mode,
            modified: node.modified,
            links: node.links,
            identity: node.identity,
            renumbered: None,
            attributes: attributes.iter().map(|(name, value)| (name.into(), Letters::of(value))).collect(),
        }
    }

    /// Its number (`st_ino`).
    pub(super) fn number(&self) -> u64 {
        self.renumbered.unwrap_or(self.identity.inode)
    }

    /// What is said about it.
    pub(super) fn meta(&self) -> Meta {
        let attributes = self.attributes.iter();
        Meta {
            mode: self.mode,
            modified: self.modified,
            attributes: attributes.map(|(name, value)| (name.name().to_owned(), value.bytes().to_vec())).collect(),
        }
    }

    /// Whether it is an ordinary file.
    pub(super) fn is_file(&self) -> bool {
        matches!(self.shape, Shape::File(_))
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.shape == Shape::Directory
    }

    /// Whether something is this very thing, unchanged.
    pub(super) fn is(&self, node: &Node) -> bool {
        self.identity.inode == node.identity.inode
            && self.identity.changed == node.identity.changed
            && self.shape == Shape::of(&node.kind)
    }
}

impl Shape {
    pub(super) fn of(kind: &Kind) -> Self {
        match kind {
            Kind::File { bytes } => Self::File(*bytes),
            Kind::Directory => Self::Directory,
            Kind::Link { target } => Self::Link(target.into()),
            Kind::Pipe => Self::Pipe,
            Kind::Socket | Kind::Device { .. } => Self::Other,
        }
    }
}
