//! Other names of files that are hidden: a rule names one of them, and the content is the same under all.

use std::collections::{BTreeSet, HashSet};
use std::fs::{FileType, Metadata};
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};

use pinfold_plan::Host;

/// Which file it is: its file system and its number there.
type Which = (u64, u64);

/// The names below `roots` of files that are hidden or masked under another one. Nothing is walked through where no such
/// file has several. Into hidden directories outside of the roots nobody looks: browsers keep very much there.
pub(super) fn other_names(host: &Host, roots: &[&Path]) -> Vec<PathBuf> {
    let known: BTreeSet<&Path> =
        host.denied.iter().map(|(path, _)| &**path).chain(host.masked.keys().map(|path| &**path)).collect();
    let mut wanted = HashSet::new();
    for path in &known {
        if roots.iter().any(|root| path.starts_with(root)) {
            each(path, &mut |path, _, _| wanted.extend(shared(path)));
        } else {
            wanted.extend(shared(path));
        }
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    let numbers: HashSet<u64> = wanted.iter().map(|(_, number)| *number).collect();
    let mut found = Vec::new();
    for root in roots {
        each(root, &mut |path, number, kind| {
            let may_be =
                kind.is_file() && numbers.contains(&number) && !known.iter().any(|known| path.starts_with(known));
            if may_be && shared(path).is_some_and(|which| wanted.contains(&which)) {
                found.push(path.to_owned());
            }
        });
    }
    found
}

/// A file with several names.
fn shared(path: &Path) -> Option<Which> {
    let metadata = path.symlink_metadata().ok()?;
    (metadata.is_file() && metadata.nlink() > 1).then(|| which(&metadata))
}

fn which(metadata: &Metadata) -> Which {
    (metadata.dev(), metadata.ino())
}

/// Calls for something and all that is below it, with its number, where nothing is asked for what a listing tells. What the
/// caller cannot list the run cannot either.
fn each(root: &Path, call: &mut impl FnMut(&Path, u64, FileType)) {
    let Ok(metadata) = root.symlink_metadata() else { return };
    call(root, metadata.ino(), metadata.file_type());
    let mut waiting = if metadata.is_dir() { vec![root.to_owned()] } else { Vec::new() };
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            call(&path, entry.ino(), kind);
            if kind.is_dir() {
                waiting.push(path);
            }
        }
    }
}
