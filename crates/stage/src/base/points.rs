//! What files were when a snapshot was made. It is known as long as nothing is taken over or back: that changes what they are.
//!
//! Documents are replaced and never written to again, so that a second name is all that it takes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::bases::{BasesError, DOCUMENT};
use super::document;
use super::was::Was;

const POINTS: &str = "points";

/// Keeps what is known by now of a place, in its directory, under the name of a point. Nobody waits for the disk: what gets lost
/// is looked for again.
pub(crate) fn keep(directory: &Path, point: &str) -> io::Result<()> {
    let kept = path(directory, point);
    fs::create_dir_all(directory.join(POINTS))?;
    match fs::hard_link(directory.join(DOCUMENT), &kept) {
        // Nothing was written since.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => document::save_empty(&kept),
        linked => linked,
    }
}

/// What was known at a point is known again. False where nothing is kept of it.
pub(crate) fn back(directory: &Path, point: &str) -> io::Result<bool> {
    let kept = path(directory, point);
    if !kept.exists() {
        return Ok(false);
    }
    let (document, new) = (directory.join(DOCUMENT), directory.join("point.new"));
    missing_is_fine(fs::remove_file(&new))?;
    fs::hard_link(kept, &new)?;
    fs::rename(&new, document)?;
    // Where they were the same file, it still has this name.
    missing_is_fine(fs::remove_file(&new))?;
    Ok(true)
}

/// Nothing is known of a place.
pub(crate) fn empty(directory: &Path) -> io::Result<()> {
    missing_is_fine(fs::remove_file(directory.join(DOCUMENT)))
}

/// Forgets those that are not `wanted`.
pub(crate) fn forget(directory: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for path in list(directory)? {
        let is_wanted = path.file_stem().and_then(|point| point.to_str()).is_some_and(&wanted);
        if !is_wanted {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// What was known at any of them.
pub(super) fn all(directory: &Path) -> Result<Vec<BTreeMap<PathBuf, Was>>, BasesError> {
    list(directory)?.iter().map(|path| document::load(path)).collect()
}

fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(directory.join(POINTS)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect(),
    }
}

fn path(directory: &Path, point: &str) -> PathBuf {
    directory.join(POINTS).join(format!("{point}.json"))
}

fn missing_is_fine(done: io::Result<()>) -> io::Result<()> {
    done.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
