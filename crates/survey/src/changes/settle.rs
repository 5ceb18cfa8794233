//! From what each thread saw of a piece to the changes of the whole: what is no more, and what has another name.

use std::collections::{HashMap, HashSet};

use super::{
    Change, Snapshot, Unseen, What,
    findings::{Findings, Gone, Sighted},
    judge::CACHE_TAG,
};
use crate::{
    Kind,
    sys::{self, Device, NO_INODE},
};

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
    for directory in gone_directories(snapshot, &met) {
        gone.extend(snapshot.records(directory).map(|record| Gone { directory, record }));
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

/// The known directories that are no more, if those that were `met` are there or were not seen.
fn gone_directories(snapshot: &Snapshot, met: &[(usize, bool)]) -> impl Iterator<Item = usize> {
    let mut known = vec![false; snapshot.tree.len()];
    let mut unseen = vec![None; snapshot.tree.len()];
    for &(directory, seen) in met {
        known[directory] = true;
        unseen[directory] = Some(!seen);
    }
    // Whatever is below a directory that was seen, and was not met there, is gone. Below one that was not seen it may
    // still be there.
    snapshot.tree.inherit(&mut unseen, false);
    known
        .into_iter()
        .zip(unseen)
        .enumerate()
        .filter(|(_, (known, unseen))| !known && *unseen == Some(false))
        .map(|(directory, _)| directory)
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
        let known = sighted.inode != NO_INODE && sighted.change.kind != Kind::Directory;
        if known && sighted.old && sighted.change.what == What::Created {
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

/// Sorts by root and path, whose order keeps together what is below one directory. Two sorted pieces, one behind the
/// other, are merged, as this sort is stable.
fn sort(sighted: &mut [Sighted]) {
    sighted.sort_by(|one, other| {
        let (one, other) = (&one.change, &other.change);
        one.root.cmp(&other.root).then_with(|| one.path.cmp(&other.path))
    });
}
