//! A place below the state directory for what the self-test makes, made and removed; and what tests that were killed left
//! elsewhere.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pinfold_confine::windows::{attack, random_name};

use super::catalogue::Key;
use super::places;
use crate::error::CliError;
use crate::platform::real;

/// How the names of such places begin.
const PREFIX: &str = "doctor-";
/// How everything begins that the test makes outside of its place.
pub(super) const MADE: &str = "pinfold-doctor-";
/// Held as long as the place is in use.
const LOCK: &str = "lock";
/// How long a place may be without a lock: its maker may be about to lock it.
const YOUNG: Duration = Duration::from_secs(60);
/// How often a removal is tried again: who has just been ended may hold files open for a moment.
const TRIES: u32 = 20;
const INTERVAL: Duration = Duration::from_millis(100);

/// A place that goes when it is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    root: PathBuf,
    lock: Option<File>,
}

impl Scratch {
    /// A new place below the state directory. What tests that were killed left is removed first.
    pub(super) fn new(state: &Path) -> Result<Self, CliError> {
        let failed = |error: io::Error| {
            CliError::new(format!("no directory for the test can be made in {}", state.display()))
                .why(error.to_string())
        };
        std::fs::create_dir_all(state).map_err(failed)?;
        remove_stale(state);
        let root = state.join(format!("{PREFIX}{:.16}", random().map_err(failed)?));
        std::fs::create_dir(&root).map_err(failed)?;
        let lock = File::create(root.join(LOCK)).and_then(|lock| lock.lock().map(|()| lock)).map_err(failed)?;
        // Without links, as the sandbox sees it.
        Ok(Self { root: real(&root).map_err(failed)?, lock: Some(lock) })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.root
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is open cannot be removed here.
        self.lock = None;
        for _ in 0..TRIES {
            if remove_tree(&self.root).is_ok() {
                return;
            }
            std::thread::sleep(INTERVAL);
        }
    }
}

/// Letters that nobody guesses.
pub(super) fn random() -> io::Result<String> {
    let name = random_name()?;
    // What is random comes last.
    Ok(name.rsplit('-').next().unwrap_or(&name).to_owned())
}

/// Removes the places of tests that are gone. When there is any, what they made elsewhere as well.
fn remove_stale(state: &Path) {
    let entries = std::fs::read_dir(state).into_iter().flatten().flatten();
    let places = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    let abandoned: Vec<PathBuf> = places.map(|entry| entry.path()).filter(|path| is_abandoned(path)).collect();
    if !abandoned.is_empty() {
        remove_made();
    }
    for place in abandoned {
        let _ = remove_tree(&place);
    }
}

/// Everything that begins as only tests let it begin, in the places that attacks go to.
fn remove_made() {
    for key in Key::ALL {
        let names = attack::value_names(key.path()).unwrap_or_default();
        for name in names.iter().filter(|name| name.starts_with(MADE)) {
            let _ = attack::remove_value(key.path(), name);
        }
    }
    for directory in places::all() {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(MADE)) {
            remove(&entry.path());
        }
    }
}

/// Removes a file, or a directory with nothing in it.
pub(super) fn remove(path: &Path) {
    let _ = std::fs::remove_file(path).or_else(|_| std::fs::remove_dir(path));
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

/// Removes a tree that nothing uses any more. Links and junctions are not followed.
fn remove_tree(path: &Path) -> io::Result<()> {
    if std::fs::remove_dir_all(path).is_err() {
        // An attack may have made something read-only.
        make_writable(path);
    }
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn make_writable(path: &Path) {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return };
    if metadata.is_dir() {
        let children = std::fs::read_dir(path).into_iter().flatten().flatten();
        children.for_each(|child| make_writable(&child.path()));
    } else if metadata.permissions().readonly() && metadata.is_file() {
        let mut permissions = metadata.permissions();
        #[expect(
            clippy::permissions_set_readonly_false,
            reason = "here it is an attribute and opens nothing to others"
        )]
        permissions.set_readonly(false);
        let _ = std::fs::set_permissions(path, permissions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_goes_with_all_that_is_read_only_in_it() {
        let scratch = Scratch::new(&std::env::temp_dir()).unwrap();
        let root = scratch.path().to_owned();
        let file = root.join("file");
        std::fs::write(&file, "").unwrap();
        let mut permissions = std::fs::metadata(&file).unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&file, permissions).unwrap();
        drop(scratch);
        assert!(!root.exists());
    }

    #[test]
    fn a_place_in_use_is_not_stale_and_an_abandoned_one_is() {
        let parent = Scratch::new(&std::env::temp_dir()).unwrap();
        let used = Scratch::new(parent.path()).unwrap();
        let left = parent.path().join("doctor-left");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join(LOCK), "").unwrap();
        remove_stale(parent.path());
        assert!(used.path().exists() && !left.exists());
    }
}
