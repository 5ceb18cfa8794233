//! Which created file was deleted elsewhere: by what it contains.
//!
//! Inside, a directory of the real tree cannot be renamed (`EXDEV`): `mv` copies it and deletes it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::change::{Change, What};
use crate::content::Digest;
use crate::layers::Layers;
use crate::limits;
use crate::node::{Kind, Node};
use crate::tree::{Tree, is_closed};

/// Of how many deleted files with the same content the likeliest is looked for.
const ALIKE: usize = 1000;

/// Marks pairs of deleted and created paths as renames: files with the same content, and directories with all that is in them.
pub(super) fn find(layers: &Layers, all: &mut [Change]) -> io::Result<()> {
    let pairs = files(layers, all)?;
    for (from, to) in &pairs {
        pair(all, *from, *to);
    }
    directories(all, &pairs);
    Ok(())
}

fn pair(all: &mut [Change], from: usize, to: usize) {
    all[to].what = What::Renamed { from: all[from].path.clone() };
    all[from].what = What::Deleted { to: Some(all[to].path.clone()) };
}

/// Only files of the same length are read, and not more than a limit.
fn files(layers: &Layers, all: &[Change]) -> io::Result<Vec<(usize, usize)>> {
    let mut read_bytes = 0;
    let mut pairs = Vec::new();
    for ((bytes, _), (deleted, created)) in by_length(all) {
        let count = (deleted.len() + created.len()) as u64;
        read_bytes += bytes.saturating_mul(count);
        if read_bytes > limits::RENAMES_BYTES {
            break;
        }
        let mut by_digest: HashMap<Digest, Vec<usize>> = HashMap::new();
        for index in deleted {
            if let Some(digest) = digest(layers.real(), &all[index].path)? {
                by_digest.entry(digest).or_default().push(index);
            }
        }
        for to in created {
            let digest = digest(layers.layer(all[to].layer), &all[to].path)?;
            if let Some(from) = digest.and_then(|digest| take(by_digest.get_mut(&digest)?, all, &all[to].path)) {
                pairs.push((from, to));
            }
        }
    }
    Ok(pairs)
}

/// Deleted and created files, by their length, small ones first, and by whether they are git's own. An empty one is like any
/// other, and nothing moves between a repository's files and its inside.
fn by_length(all: &[Change]) -> BTreeMap<(u64, bool), (Vec<usize>, Vec<usize>)> {
    let is_gits = |change: &Change| change.path.iter().any(|name| name == ".git");
    let length = |node: &Option<Node>| match node.as_ref().map(|node| &node.kind) {
        Some(Kind::File { bytes }) if *bytes > 0 => Some(*bytes),
        _ => None,
    };
    let mut lengths: BTreeMap<(u64, bool), (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, change) in all.iter().enumerate() {
        let key = |node: &Option<Node>| Some((length(node)?, is_gits(change)));
        match change.what {
            What::Deleted { .. } => {
                key(&change.before).into_iter().for_each(|key| lengths.entry(key).or_default().0.push(index));
            }
            What::Created if change.same.is_none() => {
                key(&change.after).into_iter().for_each(|key| lengths.entry(key).or_default().1.push(index));
            }
            _ => {}
        }
    }
    lengths.retain(|_, (deleted, created)| !deleted.is_empty() && !created.is_empty());
    lengths
}

/// The one whose path ends most alike goes before others.
fn take(deleted: &mut Vec<usize>, all: &[Change], path: &Path) -> Option<usize> {
    let alike = |index: &usize| {
        let names = all[*index].path.iter().rev().zip(path.iter().rev());
        names.take_while(|(one, other)| one == other).count()
    };
    let looked_at = deleted.iter().take(ALIKE).enumerate();
    let (position, _) = looked_at.max_by_key(|(position, index)| (alike(index), Reverse(*position)))?;
    Some(deleted.remove(position))
}

fn digest(tree: &Tree, path: &Path) -> io::Result<Option<Digest>> {
    match tree.file(path).and_then(|mut file| Digest::of_file(&mut file)) {
        Err(error) if is_closed(&error) => Ok(None),
        other => other.map(Some),
    }
}

/// Follows each renamed file upwards, as long as its directory was deleted there and created here with the same in it.
fn directories(all: &mut [Change], files: &[(usize, usize)]) {
    let mut tried = HashSet::new();
    for (from, to) in files {
        let (mut from, mut to) = (all[*from].path.clone(), all[*to].path.clone());
        while from.file_name() == to.file_name() && from.pop() && to.pop() {
            if !tried.insert((from.clone(), to.clone())) {
                break;
            }
            let Some(pairs) = same_below(all, &from, &to) else { break };
            pairs.into_iter().for_each(|(from, to)| pair(all, from, to));
        }
    }
}

/// The pairs of which two directories consist, themselves first, if they consist of nothing else and are none yet.
fn same_below(all: &[Change], from: &Path, to: &Path) -> Option<Vec<(usize, usize)>> {
    let (first, second) = (index_of(all, from)?, index_of(all, to)?);
    if all[second].what != What::Created {
        return None;
    }
    let (deleted, created) = (whole(all, first), whole(all, second));
    if deleted.len() != created.len() {
        return None;
    }
    let pairs: Vec<_> = (first..first + deleted.len()).zip(second..second + created.len()).collect();
    pairs.iter().all(|(one, other)| is_moved(&all[*one], &all[*other], from, to)).then_some(pairs)
}

fn is_moved(deleted: &Change, created: &Change, from: &Path, to: &Path) -> bool {
    if deleted.path.strip_prefix(from).ok() != created.path.strip_prefix(to).ok() {
        return false;
    }
    let (Some(before), Some(after), What::Deleted { to: is_at }) = (&deleted.before, &created.after, &deleted.what)
    else {
        return false;
    };
    match (&before.kind, &after.kind) {
        (Kind::File { bytes: 0 }, Kind::File { bytes: 0 }) => true,
        (Kind::File { .. }, Kind::File { .. }) => is_at.as_ref() == Some(&created.path),
        (Kind::Directory, Kind::Directory) | (Kind::Pipe, Kind::Pipe) => true,
        (Kind::Link { target: old }, Kind::Link { target: new }) => old == new,
        _ => false,
    }
}

fn index_of(all: &[Change], path: &Path) -> Option<usize> {
    all.binary_search_by(|change| change.path.as_path().cmp(path)).ok()
}

/// A change and all that are below it.
fn whole(all: &[Change], start: usize) -> &[Change] {
    let path: &PathBuf = &all[start].path;
    let length = all[start..].iter().take_while(|change| change.path.starts_with(path)).count();
    &all[start..start + length]
}
