//! A tree that is somewhere else by now.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::ground::UNDO;
use super::marks::{Mark, Marks};
use crate::letters::Letters;

/// Notes where the tree of a transaction, and of its undoing, is by now. That it is the same one is found by its number.
///
/// # Errors
/// When the disk fails, or what it is about cannot be read.
pub fn moved(directory: &Path, new: &dyn Fn(&Path) -> PathBuf) -> Result<(), Error> {
    for directory in [directory.to_owned(), directory.join(UNDO)].iter().filter(|directory| directory.exists()) {
        let marks = Marks::open(directory).map_err(Error::failed(directory))?;
        if !marks.has(Mark::Begun).map_err(Error::failed(directory))? {
            continue;
        }
        let mut begun = marks.begun()?;
        begun.tree = Letters::from(new(begun.tree.path()));
        let written = marks.draft(Mark::Begun, &begun).and_then(|()| marks.set(Mark::Begun));
        written.map_err(Error::failed(directory))?;
    }
    Ok(())
}
