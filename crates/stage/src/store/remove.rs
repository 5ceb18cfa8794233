//! Removing what runs have written, and telling how much of it there is.

use std::fs::{Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::{StoreError, at};

/// What an owner needs to list and change a directory.
const OWNER: u32 = 0o700;

/// Removes a directory of the store.
pub(super) fn remove(directory: &Path) -> Result<(), StoreError> {
    at(remove_tree(directory), "remove", directory)
}

/// Removes a tree that nothing uses any more, if it is there. Runs and overlays leave directories that are closed even to
/// their owner.
///
/// # Errors
/// When something in it cannot be removed.
pub fn remove_tree(directory: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            open_tree_up(directory);
            std::fs::remove_dir_all(directory)
        }
        done => done,
    }
}

/// Gives the owner of all directories of a tree his permissions back, where he may: nothing runs there any more.
pub fn open_tree_up(directory: &Path) {
    each(directory, &mut |path, metadata| {
        let mode = metadata.permissions().mode();
        if metadata.is_dir() && mode & OWNER != OWNER {
            let _ = std::fs::set_permissions(path, Permissions::from_mode(mode | OWNER));
        }
    });
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
