//! Stages of a workspace that was moved: they follow it when somebody says where it was.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::applied::ApplyError;
use super::error::{StoreError, at};
use super::record::{read_json, write_json};
use super::remove::remove;
use super::stages::{Stages, listed, make};
use crate::letters::Letters;
use crate::transaction;

/// Where the workspace was, as long as something still speaks of that place.
const MOVED: &str = "moved";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Moved {
    from: Letters,
}

/// A place that may have been moved with its workspace.
struct Way<'a> {
    from: &'a Path,
    to: &'a Path,
    /// How the directory of a place is called.
    name_of: &'a dyn Fn(&Path) -> String,
}

impl Stages {
    /// Takes over all stages of a workspace that was elsewhere, and what can be undone of them. Whoever is killed meanwhile
    /// leaves it undone or to [`Stages::arrive`].
    ///
    /// # Errors
    /// When one of them is used, there are stages here already, or the disk fails.
    pub fn take_from(&self, old: &Self, from: &Path) -> Result<(), StoreError> {
        let lock = old.lock()?;
        let held = old.names()?.into_iter().map(|name| match old.open(&name) {
            Err(StoreError::Damaged { .. }) => Ok(None),
            opened => opened.map(Some),
        });
        let _held = held.collect::<Result<Vec<_>, _>>()?;
        let _here = self.lock()?;
        if let Some(name) = self.names()?.into_iter().next() {
            return Err(StoreError::Exists { name });
        }
        // What can be undone here stays so.
        make(&old.applied())?;
        for name in listed(&self.applied())? {
            let (here, there) = (self.applied().join(&name), old.applied().join(&name));
            at(fs::rename(&here, &there), "move", &here)?;
        }
        write_json(&Moved { from: Letters::from(from) }, &old.root().join(MOVED))?;
        remove(self.root())?;
        at(fs::rename(old.root(), self.root()), "move", old.root())?;
        drop(lock);
        Ok(())
    }

    /// Finishes what [`Stages::take_from`] began: nothing speaks any more of where the workspace was.
    ///
    /// # Errors
    /// When the disk fails, or a stage is used.
    pub fn arrive(&self, workspace: &Path, name_of: &dyn Fn(&Path) -> String) -> Result<(), ApplyError> {
        let note = self.root().join(MOVED);
        if !note.exists() {
            return Ok(());
        }
        let _lock = self.lock()?;
        if !note.exists() {
            return Ok(());
        }
        let Moved { from } = read_json(&note)?;
        let way = Way { from: from.path(), to: workspace, name_of };
        for name in self.names()? {
            match self.open(&name) {
                Ok(mut stage) => stage.moved(workspace, &|place| way.now(place), &|directory| way.rename(directory))?,
                Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.applied_moved(&|place| way.now(place))?;
        at(fs::remove_file(&note), "remove", &note)?;
        Ok(())
    }

    fn applied_moved(&self, new: &dyn Fn(&Path) -> PathBuf) -> Result<(), ApplyError> {
        for mut applied in self.all_applied()? {
            for (number, place) in applied.places().map(Path::to_owned).enumerate().collect::<Vec<_>>() {
                let directory = applied.transaction(number);
                transaction::moved(&directory, new).map_err(ApplyError::of(&place))?;
            }
            applied.moved(new)?;
        }
        Ok(())
    }
}

impl Way<'_> {
    /// Where a place is by now.
    fn now(&self, place: &Path) -> PathBuf {
        match place.strip_prefix(self.from) {
            Ok(rest) if rest.as_os_str().is_empty() => self.to.to_owned(),
            Ok(rest) => self.to.join(rest),
            Err(_) => place.to_owned(),
        }
    }

    /// Gives what is kept of places their new names.
    fn rename(&self, directory: &Path) -> Result<(), StoreError> {
        let (old, new) = (directory.join((self.name_of)(self.from)), directory.join((self.name_of)(self.to)));
        if old.exists() { at(fs::rename(&old, &new), "move", &old) } else { Ok(()) }
    }
}
