//! From what each thread saw of a piece to the changes of the whole: what is no more, and what has another name.

use std::collections::{HashMap, HashSet};

use super::{
    Change, Snapshot, Unseen, What,
    findings::{Findings, Gone, Sighted},
    judge::CACHE_TAG,
};
use crate::{
    Kind,
    sys::{self, Device},
};

/// What became of a known directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    There,
    /// It, or one above it, could not be looked at: it may still be there.
    Unseen,
    Gone,
}

/// The changes of all trees.
pub(super) struct Settled {
    /// Sorted.
    pub(super) sighted: Vec<Sighted>,
    /// Sorted.
    pub(super) unseen: Vec<Unseen>,
    /// How many new names are only counted.
    pub(super) omitted: usize,
    /// Directories that hold, or held, a tag of caches: root, and the path's bytes.
    pub(super) tags: HashSet<(usize, Vec<u8>)>,
}

/// Puts the pieces together.
pub(super) fn settle(snapshot: &Snapshot, findings: Vec<Findings<'_>>) -> Settled {
    let (mut sighted, mut gone, mut met) = (Vec::new(), Vec::new(), Vec::new());
    let (mut unseen, mut omitted, mut tags) = (Vec::new(), 0, HashSet::new());
    for found in findings {
        sighted.extend(found.sighted);
        gone.extend(found.gone);
        met.extend(found.met);
        unseen.extend(found.unseen);
        tags.extend(found.tags);
        omitted += found.omitted;
    }
    for (directory, fate) in fates(snapshot, &met).into_iter().enumerate() {
        if fate == Fate::Gone {
            gone.extend(snapshot.records(directory).map(|record| Gone { directory, record }));
        }
    }
    let mut deleted = Vec::with_capacity(gone.len());
    let mut path = Vec::new();
    for gone in gone {
        let (root, _) = snapshot.tree.path_into(gone.directory, &mut path);
        if gone.record.name == CACHE_TAG {
            tags.insert((root, path.clone()));
        }
        deleted.push(told(snapshot, root, &path, gone));
    }
    sort(&mut sighted);
    sort(&mut deleted);
    rename(&mut sighted, &mut deleted);
    sighted.append(&mut deleted);
    sort(&mut sighted);
    unseen.sort_unstable();
    unseen.dedup();
    Settled { sighted, unseen, omitted, tags }
}

/// What became of each known directory, if those that were `met` are there or were not seen.
fn fates(snapshot: &Snapshot, met: &[(usize, bool)]) -> Vec<Fate> {
    let tree = &snapshot.tree;
    let mut fates = vec![None; tree.len()];
    for &(directory, seen) in met {
        fates[directory] = Some(if seen { Fate::There } else { Fate::Unseen });
    }
    let mut below = Vec::new();
    for directory in 0..tree.len() {
        let mut at = Some(directory);
        while let Some(index) = at.filter(|&index| fates[index].is_none()) {
            below.push(index);
            at = tree.parent(index);
        }
        // Whatever is below a directory that was seen, and was not met there, is gone.
        let fate = match at.and_then(|index| fates[index]) {
            Some(Fate::Unseen) => Fate::Unseen,
            _ => Fate::Gone,
        };
        below.drain(..).for_each(|index| fates[index] = Some(fate));
    }
    fates.into_iter().map(|fate| fate.unwrap_or(Fate::Gone)).collect()
}

fn told(snapshot: &Snapshot, root: usize, within: &[u8], gone: Gone<'_>) -> Sighted {
    let record = gone.record;
    let change = Change {
        root,
        path: sys::path_buf(&sys::join(within, record.name)),
        what: What::Deleted,
        kind: record.kind,
        was: None,
        size: None,
        sha256: None,
        target: None,
        group: None,
    };
    let device = snapshot.device(gone.directory).unwrap_or_default();
    Sighted { change, inode: record.inode, device, facts: None, old: true, changed: false, denied: record.denied }
}

/// Turns pairs of a new and a deleted name of the same old file into one change.
fn rename(new: &mut [Sighted], deleted: &mut Vec<Sighted>) {
    let same = |sighted: &Sighted| -> (usize, Device, u64, Kind) {
        (sighted.change.root, sighted.device, sighted.inode, sighted.change.kind)
    };
    let mut by_file: HashMap<_, Vec<usize>> = HashMap::new();
    // From the end, as they are taken from there.
    for (number, sighted) in new.iter().enumerate().rev() {
        if sighted.old && sighted.change.what == What::Created && sighted.change.kind != Kind::Directory {
            by_file.entry(same(sighted)).or_default().push(number);
        }
    }
    if by_file.is_empty() {
        return;
    }
    deleted.retain_mut(|deleted| {
        let pair = by_file.get_mut(&same(deleted)).and_then(Vec::pop).and_then(|number| new.get_mut(number));
        if let Some(pair) = pair {
            pair.change.what = What::Renamed { from: std::mem::take(&mut deleted.change.path) };
            pair.denied |= deleted.denied;
            return false;
        }
        true
    });
}

/// Sorts by root and path, so that what is below one directory stays together.
fn sort(sighted: &mut [Sighted]) {
    fn place(change: &Change) -> impl Iterator<Item = u8> {
        let bytes = change.path.as_os_str().as_encoded_bytes();
        // No name has a NUL in it: a slash sorts before all that names are made of.
        bytes.iter().map(|&byte| if byte == b'/' { 0 } else { byte })
    }
    sighted.sort_unstable_by(|one, other| {
        let (one, other) = (&one.change, &other.change);
        one.root.cmp(&other.root).then_with(|| place(one).cmp(place(other)))
    });
}
