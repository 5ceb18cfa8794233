//! Changes that a person has seen, or has decided against, by what they were then.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::bases::BasesError;
use super::document;
use crate::changes::{Change, Changes};
use crate::content::Digest;
use crate::digest;
use crate::layers::Layers;

/// Changes that were shown to a person, each by its [`manifest`](crate::manifest).
#[derive(Debug)]
pub struct Reviewed {
    document: PathBuf,
    all: BTreeMap<PathBuf, Digest>,
}

impl Reviewed {
    /// Reads what a directory says, where also [`Bases`](super::Bases) are kept.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn open(directory: &Path) -> Result<Self, BasesError> {
        let document = directory.join("reviewed.json");
        Ok(Self { all: document::load(&document)?, document })
    }

    /// Somebody is shown a change.
    ///
    /// # Errors
    /// When the layer cannot be read.
    pub fn add(&mut self, layers: &Layers, change: &Change) -> io::Result<()> {
        self.all.insert(change.path.clone(), digest::manifest(layers, [change])?);
        Ok(())
    }

    /// Whether a change is what was shown.
    ///
    /// # Errors
    /// When the layer cannot be read.
    pub fn has(&self, layers: &Layers, change: &Change) -> io::Result<bool> {
        match self.all.get(&change.path) {
            Some(shown) => Ok(digest::manifest(layers, [change])? == *shown),
            None => Ok(false),
        }
    }

    /// Keeps on the disk what of it is about changes that there are.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&mut self, changes: &Changes) -> Result<(), BasesError> {
        self.all.retain(|path, _| changes.get(path).is_some());
        document::save(&self.document, &self.all)
    }
}

/// Changes that a person does not want: what he has stays. The layers stay as they are, as other stages may share them; so
/// each is known by what the run left, and as soon as a run leaves something else there, it counts again.
#[derive(Debug)]
pub struct Dropped {
    document: PathBuf,
    all: BTreeMap<PathBuf, Digest>,
}

impl Dropped {
    /// Reads what a directory says, where also [`Bases`](super::Bases) are kept.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn open(directory: &Path) -> Result<Self, BasesError> {
        let document = directory.join("dropped.json");
        Ok(Self { all: document::load(&document)?, document })
    }

    /// Nobody wants these changes.
    ///
    /// # Errors
    /// When a layer cannot be read, or this cannot be written.
    pub fn add<'a>(
        &mut self,
        layers: &Layers,
        changes: impl IntoIterator<Item = &'a Change>,
    ) -> Result<(), BasesError> {
        for change in changes {
            self.all.insert(change.path.clone(), digest::left(layers, change)?);
        }
        document::save(&self.document, &self.all)
    }

    /// They are wanted after all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget(&mut self, which: impl Fn(&Path) -> bool) -> Result<(), BasesError> {
        self.all.retain(|path, _| !which(path));
        document::save(&self.document, &self.all)
    }

    /// Takes them out of a list, but for new directories in which something else is, and gives them back.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub fn leave_out(&self, layers: &Layers, changes: &mut Changes) -> io::Result<Vec<PathBuf>> {
        let mut left = Vec::new();
        let mut needed: HashSet<&Path> = HashSet::new();
        // What is in a directory comes before it.
        for change in changes.all().iter().rev() {
            let is_needed = change.makes_directory() && needed.contains(change.path.as_path());
            if !is_needed && self.has(layers, change)? {
                left.push(change.path.clone());
            } else if change.after.is_some() {
                needed.extend(change.path.parent());
            }
        }
        left.reverse();
        changes.retain(|change| left.binary_search(&change.path).is_err());
        Ok(left)
    }

    fn has(&self, layers: &Layers, change: &Change) -> io::Result<bool> {
        match self.all.get(&change.path) {
            Some(dropped) => Ok(digest::left(layers, change)? == *dropped),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;

    fn waits(place: &Place, dropped: &Dropped) -> (Vec<String>, usize) {
        let layers = place.layers();
        let mut changes = Changes::of(&layers).unwrap();
        let left = dropped.leave_out(&layers, &mut changes).unwrap();
        (changes.all().iter().map(|change| change.path.display().to_string()).collect(), left.len())
    }

    #[test]
    fn what_nobody_wants_is_gone_until_a_run_leaves_something_else_there() {
        let place = Place::new();
        place.file("real/a", "1").file("0/a", "2").file("real/b", "1").whiteout("0/b").file("0/d/x", "1");
        std::fs::create_dir(place.path("bases")).unwrap();
        let layers = place.layers();
        let changes = Changes::of(&layers).unwrap();
        Dropped::open(&place.path("bases")).unwrap().add(&layers, changes.all()).unwrap();
        let dropped = Dropped::open(&place.path("bases")).unwrap();
        assert_eq!(waits(&place, &dropped), (vec![], 4));
        // What its user makes of it does not matter.
        place.file("real/a", "mine");
        assert_eq!(waits(&place, &dropped), (vec![], 4));
        place.file("0/a", "3").file("0/d/y", "1");
        assert_eq!(waits(&place, &dropped).0, ["a", "d", "d/y"]);
    }

    #[test]
    fn what_was_shown_is_known_as_long_as_it_is_the_same() {
        let place = Place::new();
        place.file("0/a", "1").file("0/b", "1");
        std::fs::create_dir(place.path("bases")).unwrap();
        let layers = place.layers();
        let changes = Changes::of(&layers).unwrap();
        let mut reviewed = Reviewed::open(&place.path("bases")).unwrap();
        reviewed.add(&layers, &changes.all()[0]).unwrap();
        reviewed.save(&changes).unwrap();
        let reviewed = Reviewed::open(&place.path("bases")).unwrap();
        let has = |index: usize| reviewed.has(&layers, &Changes::of(&layers).unwrap().all()[index]).unwrap();
        assert!(has(0) && !has(1));
        place.file("0/a", "2");
        assert!(!has(0));
    }
}
