//! Removing what runs have written, and telling how much of it there is.

use std::fs::{Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::{StoreError, at};

/// How many directories may lie in one another, and how long the path below the root may be, in bytes, to be removed in one go.
const LEVELS_MAX: usize = 64;
const PATH_BYTES_MAX: usize = 2048;

/// What an owner needs to list and change a directory.
const OWNER: u32 = 0o700;

/// Removes a directory of the store.
pub(super) fn remove(directory: &Path) -> Result<(), StoreError> {
    at(remove_tree(directory), "remove", directory)
}

/// Removes a tree that nothing uses any more, if it is there. Runs and overlays leave directories that are closed even to
/// their owner, and a run as many in one another as it likes.
///
/// # Errors
/// When something in it cannot be removed.
pub fn remove_tree(directory: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(_) => {
            make_shallow(directory);
            std::fs::remove_dir_all(directory)
        }
        done => done,
    }
}

/// Gives the owner of all directories of a tree his permissions back, where he may: nothing runs there any more.
pub fn open_tree_up(directory: &Path) {
    each(directory, &mut open_up);
}

fn open_up(path: &Path, metadata: &Metadata) {
    let mode = metadata.permissions().mode();
    if metadata.is_dir() && mode & OWNER != OWNER {
        let _ = std::fs::set_permissions(path, Permissions::from_mode(mode | OWNER));
    }
}

/// Opens all directories of a tree up and moves those to its top that lie too deep to be removed where they are, since each
/// level takes a descriptor and paths have an end.
fn make_shallow(root: &Path) {
    let mut waiting = vec![(root.to_owned(), 0)];
    let mut names = (0_u64..).map(|number| root.join(format!("deep-{number}")));
    while let Some((mut path, mut levels)) = waiting.pop() {
        let Some(metadata) = path.symlink_metadata().ok().filter(Metadata::is_dir) else { continue };
        open_up(&path, &metadata);
        if levels > LEVELS_MAX || path.as_os_str().len() > root.as_os_str().len() + PATH_BYTES_MAX {
            // A name that nothing has.
            let Some(top) = names.find(|name| name.symlink_metadata().is_err()) else { continue };
            if std::fs::rename(&path, &top).is_err() {
                continue;
            }
            (path, levels) = (top, 1);
        }
        let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
        let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        waiting.extend(directories.map(|entry| (entry.path(), levels + 1)));
    }
}

/// What a tree takes on the disk, in bytes, as far as it can be seen.
pub fn space_of(directory: &Path) -> u64 {
    let mut bytes = 0;
    each(directory, &mut |_, metadata| bytes += metadata.blocks() * 512);
    bytes
}

/// Calls for a directory and all that is below, each before what is in it. What cannot be listed is passed over.
fn each(root: &Path, call: &mut impl FnMut(&Path, &Metadata)) {
    let mut waiting: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        call(&path, &metadata);
        if metadata.is_dir() {
            waiting.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{Mode, OFlags};

    use super::*;
    use crate::testing::Place;

    #[test]
    fn a_tree_is_removed_however_deep_it_is_and_however_closed() {
        let place = Place::new();
        let root = place.path("tree");
        std::fs::create_dir(&root).unwrap();
        std::fs::create_dir(root.join("deep-0")).unwrap();
        let name = "d".repeat(200);
        // From within, as no path leads there.
        let mut at = rustix::fs::open(&root, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        for level in 0..3000 {
            rustix::fs::mkdirat(&at, &name, Mode::RWXU).unwrap();
            let inner = rustix::fs::openat(&at, &name, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
            if level % 500 == 499 {
                rustix::fs::fchmod(&at, Mode::empty()).unwrap();
            }
            at = inner;
        }
        remove_tree(&root).unwrap();
        assert!(!root.exists());
    }
}
