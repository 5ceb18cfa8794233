//! Removing what runs have written, and telling how much of it there is.

use std::fs::{Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::{StoreError, at};

/// What an owner needs to list and change a directory.
const OWNER: u32 = 0o700;

/// Removes a directory with all that is in it. Runs and overlays may have closed directories in it to their owner.
pub(super) fn remove(directory: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            at(open_up(directory).and_then(|()| std::fs::remove_dir_all(directory)), "remove", directory)
        }
        done => at(done, "remove", directory),
    }
}

/// Gives the owner of all directories below his permissions back. Nothing runs there any more.
fn open_up(directory: &Path) -> io::Result<()> {
    each(directory, &mut |path, metadata| {
        let mode = metadata.permissions().mode();
        if metadata.is_dir() && mode & OWNER != OWNER {
            std::fs::set_permissions(path, Permissions::from_mode(mode | OWNER))?;
        }
        Ok(())
    })
}

/// What a directory takes on the disk, in bytes, as far as it can be seen.
pub(super) fn space_of(directory: &Path) -> u64 {
    let mut bytes = 0;
    let _ = each(directory, &mut |_, metadata| {
        bytes += metadata.blocks() * 512;
        Ok(())
    });
    bytes
}

/// Calls for a directory and all that is below, each before what is in it. What cannot be listed is passed over.
fn each(root: &Path, call: &mut impl FnMut(&Path, &Metadata) -> io::Result<()>) -> io::Result<()> {
    let mut waiting: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        call(&path, &metadata)?;
        if metadata.is_dir() {
            waiting.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
    }
    Ok(())
}
