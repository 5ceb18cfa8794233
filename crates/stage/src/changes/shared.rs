//! Files of a layer with several names.

use std::collections::HashMap;
use std::path::PathBuf;

use super::change::Change;
use crate::layers::Entry;
use crate::node::Kind;

/// Names that were seen, by file.
#[derive(Debug, Default)]
pub(super) struct Shared {
    first: HashMap<(u64, u64), First>,
}

/// The name that the others follow.
#[derive(Debug)]
struct First {
    path: PathBuf,
    in_place: bool,
}

impl Shared {
    /// Takes note of a file, changed or not. The one that lies in the real tree already goes before others.
    pub(super) fn see(&mut self, entry: &Entry, in_place: bool) {
        let Some(after) = &entry.after else { return };
        if !matches!(after.kind, Kind::File { .. }) || after.links < 2 || entry.left_out.is_some() {
            return;
        }
        let in_place = in_place && entry.before.is_some();
        let key = (after.identity.device, after.identity.inode);
        let first = self.first.entry(key).or_insert_with(|| First { path: entry.path.clone(), in_place });
        if in_place && !first.in_place {
            *first = First { path: entry.path.clone(), in_place };
        }
    }

    /// Says of each change which name it follows.
    pub(super) fn mark(&self, all: &mut [Change]) {
        for change in all {
            let Some(after) = &change.after else { continue };
            let first = self.first.get(&(after.identity.device, after.identity.inode));
            change.same = first.map(|first| first.path.clone()).filter(|path| *path != change.path);
        }
    }
}
