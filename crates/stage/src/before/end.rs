//! The end of a run: what it has left at the paths that it touched.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::changed::{self, Changed, Ended, Left};
use super::log::{self, Line};
use super::noted::Noted;
use super::store::{About, KEPT, LOG};
use crate::letters::Letters;
use crate::node::Node;
use crate::store::{StoreError, at};
use crate::tree::Tree;

/// Looks at what a run has left at the paths that it touched, and writes it down.
pub(super) fn end(directory: &Path, about: &About, killed: bool) -> Result<(), StoreError> {
    let path = directory.join(LOG);
    let lines = match log::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        lines => at(lines, "read", &path)?,
    };
    let (changes, gap) = changes(about, lines)?;
    forget_unneeded(&directory.join(KEPT), &changes);
    changed::write(directory, changes, Ended { killed, gap })
}

/// What differs from what was noted.
fn changes(about: &About, lines: Vec<Line>) -> Result<(Vec<Changed>, Option<String>), StoreError> {
    let mut noted: BTreeMap<(usize, PathBuf), (Option<Noted>, Option<usize>)> = BTreeMap::new();
    let (mut came, mut contents, mut gap) = (Vec::new(), HashMap::new(), None);
    for line in lines {
        match line {
            Line::Was { place, path, was, file } => {
                let _ = noted.insert((place, path.path().to_owned()), (was, file));
            }
            Line::Kept { file, copy } => _ = contents.insert(file, Ok(copy)),
            Line::Lost { file, why } => _ = contents.insert(file, Err(why)),
            Line::Came { place, path } => came.push((place, path.path().to_owned())),
            Line::Gap(why) => gap = Some(why),
        }
    }
    let trees = about.trees(Tree::layer)?;
    for (place, path) in came {
        if let Some(tree) = trees.get(place) {
            all_below(tree, &path, &mut |path| _ = noted.entry((place, path)).or_insert((None, None)));
        }
    }
    let mut changes = Vec::new();
    for ((place, path), (was, file)) in noted {
        let Some(tree) = trees.get(place) else { continue };
        let now = at(tree.node(&path).or_else(nothing), "look at", &path)?;
        if is_same(was.as_ref(), now.as_ref()) {
            continue;
        }
        let content = file.and_then(|file| contents.get(&file).cloned());
        changes.push(Changed { place, path: Letters::from(&path), was, now: now.as_ref().map(Left::of), content });
    }
    Ok((changes, gap))
}

/// Where the way leads elsewhere by now lies nothing of the place.
fn nothing(error: io::Error) -> io::Result<Option<Node>> {
    match Errno::from_io_error(&error) {
        Some(Errno::LOOP | Errno::XDEV | Errno::ACCESS) => Ok(None),
        _ => Err(error),
    }
}

fn is_same(was: Option<&Noted>, now: Option<&Node>) -> bool {
    match (was, now) {
        (None, None) => true,
        (Some(was), Some(now)) => was.is(now),
        _ => false,
    }
}

fn all_below(tree: &Tree, path: &Path, call: &mut impl FnMut(PathBuf)) {
    let mut waiting = vec![path.to_owned()];
    while let Some(directory) = waiting.pop() {
        if !matches!(tree.node(&directory), Ok(Some(node)) if node.is_directory()) {
            continue;
        }
        for path in tree.names(&directory).unwrap_or_default().into_iter().map(|name| directory.join(name)) {
            waiting.push(path.clone());
            call(path);
        }
    }
}

/// Removes copies of files that are as they were.
fn forget_unneeded(kept: &Path, changes: &[Changed]) {
    let needed: BTreeSet<String> =
        changes.iter().filter_map(|change| change.content.as_ref()?.as_ref().ok()).map(u64::to_string).collect();
    for entry in std::fs::read_dir(kept).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_none_or(|name| !needed.contains(name)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
