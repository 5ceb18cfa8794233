//! The file of identifiers.

use pinfold_acl::Sid;
use serde::{Deserialize, Serialize};

use super::Root;
use crate::windows::place::{FileId, folded};

/// The version that is written, and the only one so far.
const VERSION: u64 = 1;

/// What is in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Record {
    version: u64,
    pub(super) roots: Vec<Known>,
}

/// A root with its identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Known {
    pub(super) path: String,
    pub(super) file: Option<FileId>,
    pub(super) sid: Sid,
    /// The greater, the later it was used.
    pub(super) turn: u64,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is none of ours, or not whole.
    Damaged,
    /// Another version wrote it.
    Version(u64),
}

impl Default for Record {
    fn default() -> Self {
        Self { version: VERSION, roots: Vec::new() }
    }
}

impl Record {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        /// What all versions have.
        #[derive(Deserialize)]
        struct Any {
            version: u64,
        }
        let Any { version } = serde_json::from_slice(bytes).map_err(|_| Unreadable::Damaged)?;
        match version {
            VERSION => serde_json::from_slice(bytes).map_err(|_| Unreadable::Damaged),
            other => Err(Unreadable::Version(other)),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a record is plain data")
    }

    /// Puts these behind all others. Where they are there already, nothing changes, so that nothing is written.
    pub(super) fn used(&mut self, sids: &[Sid]) {
        let last = self.roots.iter().map(|known| known.turn).max().unwrap_or_default();
        for known in self.roots.iter_mut().filter(|known| sids.contains(&known.sid) && known.turn < last.max(1)) {
            known.turn = last + 1;
        }
    }
}

impl Known {
    /// Whether it stands for this root. Where both are known by their numbers, the same path is not enough.
    pub(super) fn is(&self, root: &Root<'_>) -> bool {
        let same_file = self.file.is_none() || root.file.is_none() || self.file == root.file;
        same_file && folded(&self.path) == folded(root.path)
    }
}
