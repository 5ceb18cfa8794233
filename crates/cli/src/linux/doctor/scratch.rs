//! A place below the state directory for what doctor tries, made and removed; and trees of runs that nobody needs.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pinfold_confine::hex;
use pinfold_stage::{open_tree_up, remove_tree, space_of};
use rustix::mount::{UnmountFlags, unmount};

use crate::attack::Side;
use crate::error::CliError;

/// How the names of such places begin.
const PREFIX: &str = "doctor-";
/// Held as long as the place is in use.
const LOCK: &str = "lock";
/// How long a place may be without a lock: its maker may be about to lock it.
const YOUNG: Duration = Duration::from_secs(60);

/// A place that goes when it is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    root: PathBuf,
    _lock: File,
}

impl Scratch {
    /// A new place below the state directory. What doctors that were killed left is removed first.
    pub(super) fn new(state: &Path) -> Result<Self, CliError> {
        remove_stale(state);
        let failed = |error: io::Error| {
            CliError::new(format!("no directory for the test can be made in {}", state.display()))
                .why(error.to_string())
        };
        let name = random().map_err(failed)?;
        let root = state.join(format!("{PREFIX}{name}"));
        DirBuilder::new().recursive(true).mode(0o700).create(&root).map_err(failed)?;
        let lock = locked(&root).map_err(failed)?;
        // Without links, as the sandbox sees it.
        let root = std::fs::canonicalize(&root).map_err(failed)?;
        Ok(Self { root, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.root
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        take_down(&self.root);
        let _ = remove_tree(&self.root);
    }
}

/// The lock of a place, which has its name only when it is held: whoever could take it would take the place for abandoned.
fn locked(root: &Path) -> io::Result<File> {
    let unnamed = root.join("locking");
    let lock = File::create(&unnamed)?;
    lock.lock()?;
    std::fs::rename(unnamed, root.join(LOCK))?;
    Ok(lock)
}

/// Letters that nobody guesses.
pub(super) fn random() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(hex(&bytes[..8]))
}

/// Removes the places of doctors that are gone. Gives how many there were and what was freed, in bytes.
pub(super) fn remove_stale(state: &Path) -> (usize, u64) {
    let entries = std::fs::read_dir(state).into_iter().flatten().flatten();
    let places = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    let mut removed = (0, 0);
    for place in places.map(|entry| entry.path()).filter(|path| is_abandoned(path)) {
        take_down(&place);
        let bytes = size_bytes(&place);
        if remove_tree(&place).is_ok() {
            removed = (removed.0 + 1, removed.1 + bytes);
        }
    }
    removed
}

/// A file in shared memory that belongs to a place and goes with it.
pub(super) fn shared_memory(place: &Path, side: Side) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    Path::new("/dev/shm").join(format!("pinfold-{name}-{}", side.name()))
}

/// Where an attack mounts something, on a side of a place.
pub(super) fn mount_point(place: &Path, side: Side) -> PathBuf {
    place.join(side.name()).join("outside/mount")
}

/// Removes what would stay when the place is removed, of attacks that were interrupted as well.
fn take_down(place: &Path) {
    for side in Side::ALL {
        let _ = std::fs::remove_file(shared_memory(place, side));
        let _ = unmount(mount_point(place, side), UnmountFlags::DETACH | UnmountFlags::NOFOLLOW);
    }
}

fn is_abandoned(place: &Path) -> bool {
    match File::open(place.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(_) => {
            let made = std::fs::symlink_metadata(place).and_then(|metadata| metadata.modified());
            made.ok().and_then(|made| made.elapsed().ok()).is_some_and(|age| age > YOUNG)
        }
    }
}

/// What a tree that nothing uses any more takes on the disk, in bytes.
pub(super) fn size_bytes(path: &Path) -> u64 {
    open_tree_up(path);
    space_of(path)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    #[test]
    fn a_tree_with_closed_directories_is_removed_and_links_are_not_followed() {
        let scratch = Scratch::new(&std::env::temp_dir()).expect("a place");
        let kept = scratch.path().join("kept");
        let tree = scratch.path().join("tree");
        std::fs::create_dir_all(tree.join("work/work/deep")).expect("a tree");
        std::fs::create_dir(&kept).expect("a directory");
        std::os::unix::fs::symlink(&kept, tree.join("link")).expect("a link");
        std::fs::set_permissions(&kept, Permissions::from_mode(0o500)).expect("a mode");
        std::fs::set_permissions(tree.join("work/work"), Permissions::from_mode(0o000)).expect("a mode");
        remove_tree(&tree).expect("removal");
        assert!(!tree.exists());
        assert_eq!(std::fs::metadata(&kept).expect("still there").mode() & 0o777, 0o500);
    }

    #[test]
    fn a_place_in_use_is_not_stale_and_an_abandoned_one_is() {
        let parent = Scratch::new(&std::env::temp_dir()).expect("a place");
        let used = Scratch::new(parent.path()).expect("a place in it");
        let left = parent.path().join("doctor-left");
        std::fs::create_dir(&left).expect("a directory");
        std::fs::write(left.join(LOCK), "").expect("a lock nobody holds");
        assert_eq!(remove_stale(parent.path()).0, 1);
        assert!(used.path().exists() && !left.exists());
    }
}
