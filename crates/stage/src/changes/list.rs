//! The list of changes, and what belongs to a part of it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::change::{Change, What};
use super::{compare, renames, shared, told};
use crate::layers::{Exceeded, Layers, walk};

/// What a run has changed.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    all: Vec<Change>,
    exceeded: Option<Exceeded>,
}

impl Changes {
    /// Compares layers with the real tree. It takes as long as what was written is, and what was removed.
    ///
    /// The tree itself, the empty path, is not among them.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub fn of(layers: &Layers) -> io::Result<Self> {
        let mut changes = Self::without_renames(layers)?;
        renames::find(layers, &mut changes.all)?;
        Ok(changes)
    }

    /// The same, where it is not told which created file was deleted elsewhere: that takes reading files.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub fn without_renames(layers: &Layers) -> io::Result<Self> {
        let walked = walk(layers)?;
        let mut shared = shared::Shared::default();
        let mut all = Vec::new();
        for entry in walked.entries {
            let compared = compare::compare(layers, &entry)?;
            shared.see(&entry, compared.in_place);
            let Some(what) = compared.what else { continue };
            let (path, before, after, layer) = (entry.path, entry.before, entry.after, entry.layer);
            all.push(Change { path, before, after, layer, what, same: None });
        }
        shared.mark(&mut all);
        Ok(Self { all, exceeded: walked.exceeded })
    }

    /// Each of them, sorted by path: a directory comes right before what is in it.
    pub fn all(&self) -> &[Change] {
        &self.all
    }

    /// Why there are not more, where a limit was exceeded. Such a list is only good to be shown.
    pub fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded
    }

    /// The change of a path.
    pub fn get(&self, path: &Path) -> Option<&Change> {
        self.all.binary_search_by(|change| change.path.as_path().cmp(path)).ok().map(|index| &self.all[index])
    }

    /// Keeps only some.
    pub fn retain(&mut self, keep: impl FnMut(&Change) -> bool) {
        self.all.retain(keep);
    }

    /// The same, with what is below removed or moved directories told as one with them.
    pub fn told(&self) -> Vec<told::Told<'_>> {
        told::told(&self.all)
    }

    /// The paths that somebody chose, and those without which they make no sense: new directories above them, what is below
    /// removed or moved directories, and the other half of a rename.
    pub fn with_needed(&self, chosen: impl Fn(&Change) -> bool) -> BTreeSet<PathBuf> {
        let mut all = BTreeSet::new();
        let mut next: Vec<&Change> = self.all.iter().filter(|change| chosen(change)).collect();
        while let Some(change) = next.pop() {
            if all.insert(change.path.clone()) {
                next.extend(self.needed_by(change));
            }
        }
        all
    }

    fn needed_by(&self, change: &Change) -> Vec<&Change> {
        let mut needed: Vec<&Change> = change.path.ancestors().skip(1).filter_map(|path| self.get(path)).collect();
        needed.retain(|above| above.makes_directory());
        match &change.what {
            What::Renamed { from } => needed.extend(self.get(from)),
            What::Deleted { to: Some(to) } => needed.extend(self.get(to)),
            _ => {}
        }
        if change.removes_directory() || (change.makes_directory() && matches!(change.what, What::Renamed { .. })) {
            needed.extend(self.below(&change.path));
        }
        needed
    }

    /// What is below a path.
    pub fn below<'a>(&'a self, path: &Path) -> &'a [Change] {
        let start = self.all.partition_point(|change| change.path.as_path() <= path);
        let length = self.all[start..].iter().take_while(|change| change.path.starts_with(path)).count();
        &self.all[start..start + length]
    }
}
