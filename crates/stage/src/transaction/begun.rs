//! Which tree a transaction is about, and where its slots are: written before anything is made.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::node::Time;

use super::error::Damage;
use super::journal::VERSION;
use super::said::Said;
use crate::letters::Letters;

/// The head of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    /// [`VERSION`].
    pub version: u32,
    /// The tree; absolute.
    pub tree: Letters,
    /// Which directory that is (`st_ino`; numbers of devices change when a machine starts anew).
    pub inode: u64,
    /// The name in the tree of the directory with the slots. Nothing: they are beside it, in `kept`.
    pub inside: Option<Letters>,
    /// Permission bits of the tree, to which that directory may need more.
    pub mode: u32,
    /// `st_mtime` of the tree, which that directory changes.
    pub modified: Time,
    /// Whether it undoes the transaction above, and uses what that one kept.
    pub undoes: bool,
}

impl Begun {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none, or names a directory of slots that is none of ours.
    pub fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let begun: Self = serde_json::from_slice(bytes)?;
        if begun.version != VERSION {
            return Err(Damage::Version(begun.version));
        }
        match &begun.inside {
            Some(name) if !is_ours(name.bytes()) => Err(Damage::Sense("a name")),
            _ => Ok(begun),
        }
    }
}

impl Begun {
    /// What was said about something in the tree, or about the tree itself, before there were slots in it.
    pub(super) fn before(&self, path: &Path, said: Said) -> Said {
        if path.as_os_str().is_empty() { Said { mode: self.mode, modified: self.modified, ..said } } else { said }
    }
}

/// How directories with slots are named in a tree.
pub(super) const PREFIX: &str = ".pinfold-apply-";

fn is_ours(name: &[u8]) -> bool {
    name.strip_prefix(PREFIX.as_bytes()).is_some_and(|id| !id.is_empty() && id.iter().all(u8::is_ascii_hexdigit))
}
