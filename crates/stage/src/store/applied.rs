//! What was taken over into real trees, so that it can be finished after a crash, and undone.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{StoreError, at};
use super::record::{read_json, write_json};
use super::remove::remove;
use super::returned::{Returned, write_met, write_returned};
use super::stages::{Stages, listed, make, new_layer, now_ms};
use crate::letters::Letters;
use crate::step::Step;
use crate::transaction::{self, Recovered, Transaction};
use crate::tree::Tree;

/// The version of the record.
const FORMAT: u32 = 1;
const ABOUT: &str = "about.json";
/// That nothing is left to be finished.
const SETTLED: &str = "settled";
/// How many can be undone, one after the other.
const KEPT: usize = 20;

/// What was taken over at once.
#[derive(Debug)]
pub struct Applied {
    directory: PathBuf,
    about: About,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct About {
    format: u32,
    stage: String,
    made_ms: u64,
    places: Vec<Letters>,
    /// Under what name whoever took it over or back last has it in his record.
    session: Option<String>,
}

/// Tells how something came out, before it is noted that nothing is left to be told. Gives whether that is so.
pub type Tell<'a> = &'a mut dyn FnMut(&Applied, &Result<(), ApplyError>) -> bool;

impl Stages {
    /// Carries out steps in places, of which each is one transaction: in each all of them or none. Whoever is killed before he
    /// could `tell` leaves that to the next one, with the name of his `session`.
    ///
    /// # Errors
    /// When the disk fails. What a place had against it is in the list, in the order of the places; those after it were not
    /// touched.
    pub fn apply(
        &self,
        stage: &str,
        places: &[(PathBuf, Vec<Step>)],
        session: Option<&str>,
        tell: Tell<'_>,
    ) -> Result<(), ApplyError> {
        let _lock = self.lock()?;
        let name = format!("{:016x}-{}", now_ms(), new_layer());
        let directory = self.applied().join(name);
        make(&directory)?;
        let paths = places.iter().map(|(path, _)| Letters::from(path)).collect();
        let session = session.map(ToOwned::to_owned);
        let about = About { format: FORMAT, stage: stage.to_owned(), made_ms: now_ms(), places: paths, session };
        write_json(&about, &directory.join(ABOUT))?;
        let applied = Applied { directory, about };
        let done = places.iter().enumerate().try_for_each(|(number, (path, steps))| {
            let tree = at(Tree::open(path), "open", path)?;
            write_met(&applied.directory, number, steps)?;
            let transaction = Transaction::prepare(&tree, steps, &applied.transaction(number));
            transaction.and_then(Transaction::commit).map_err(ApplyError::of(path))
        });
        applied.settle(done, tell)
    }

    /// How many were killed over something that is to be finished.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn unsettled(&self) -> Result<usize, StoreError> {
        Ok(self.applied_names()?.into_iter().filter(|name| !is_settled(&self.applied().join(name))).count())
    }

    /// Finishes what somebody was killed over, and gives up what can be undone no more. How each came out is to be told, in the
    /// order of its places; what is not stays to be told the next time.
    ///
    /// # Errors
    /// When it cannot be gone on with: then the place is neither as before nor as wanted.
    pub fn recover(&self, tell: &mut dyn FnMut(&Applied, &[Recovered]) -> bool) -> Result<(), ApplyError> {
        if self.unsettled()? == 0 {
            return Ok(());
        }
        let _lock = self.lock()?;
        // Before it was written down nothing was done.
        for directory in self.applied_names()?.into_iter().map(|name| self.applied().join(name)) {
            if !directory.join(ABOUT).exists() {
                remove(&directory)?;
            }
        }
        for applied in self.all_applied()?.iter().filter(|applied| !is_settled(&applied.directory)) {
            if tell(applied, &applied.states()?) {
                applied.mark_settled()?;
            }
        }
        Ok(())
    }

    /// What was taken over last and not undone since.
    ///
    /// # Errors
    /// When the disk fails, or it cannot be finished.
    pub fn last_applied(&self) -> Result<Option<Applied>, ApplyError> {
        for applied in self.all_applied()?.into_iter().rev() {
            if applied.states()?.contains(&Recovered::Finished) {
                return Ok(Some(applied));
            }
        }
        Ok(None)
    }

    /// What was taken over from a stage since some moment, in milliseconds since 1970, and not undone.
    ///
    /// # Errors
    /// When the disk fails, or it cannot be finished.
    pub fn applied_since(&self, stage: &str, since_ms: u64) -> Result<Vec<Applied>, ApplyError> {
        let mut since = Vec::new();
        for applied in self.all_applied()? {
            let is_meant = applied.stage() == stage && applied.made_ms() >= since_ms;
            if is_meant && applied.states()?.contains(&Recovered::Finished) {
                since.push(applied);
            }
        }
        Ok(since)
    }

    /// Removes the oldest of many.
    pub(super) fn forget_applied(&self) -> Result<(), StoreError> {
        let names = self.applied_names()?;
        let old = names.iter().rev().skip(KEPT).map(|name| self.applied().join(name));
        old.filter(|directory| is_settled(directory)).try_for_each(|directory| remove(&directory))
    }

    /// The oldest first.
    pub(super) fn all_applied(&self) -> Result<Vec<Applied>, StoreError> {
        let directories = self.applied_names()?.into_iter().map(|name| self.applied().join(name));
        let begun = directories.filter(|directory| directory.join(ABOUT).exists());
        begun.map(|directory| Ok(Applied { about: read_json(&directory.join(ABOUT))?, directory })).collect()
    }

    fn applied_names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = listed(&self.applied())?;
        names.sort();
        Ok(names)
    }
}

impl Applied {
    /// Its name, which no other has.
    pub fn name(&self) -> String {
        self.directory.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The stage that it came from.
    pub fn stage(&self) -> &str {
        &self.about.stage
    }

    /// When, in milliseconds since 1970.
    pub fn made_ms(&self) -> u64 {
        self.about.made_ms
    }

    /// Under what name whoever took it over or back last has it in his record.
    pub fn session(&self) -> Option<&str> {
        self.about.session.as_deref()
    }

    /// Where.
    pub fn places(&self) -> impl Iterator<Item = &Path> {
        self.about.places.iter().map(Letters::path)
    }

    /// Where, with the paths there at which it has made something else.
    ///
    /// # Errors
    /// When what it has done cannot be read.
    pub fn changed(&self) -> Result<Vec<(&Path, BTreeSet<PathBuf>)>, ApplyError> {
        self.paths(&Recovered::Finished)
    }

    /// Where it was undone, with the paths there at which it had made something else.
    ///
    /// # Errors
    /// As [`Applied::changed`].
    pub fn undone(&self) -> Result<Vec<(&Path, BTreeSet<PathBuf>)>, ApplyError> {
        self.paths(&Recovered::Undone)
    }

    fn paths(&self, wanted: &Recovered) -> Result<Vec<(&Path, BTreeSet<PathBuf>)>, ApplyError> {
        let mut all = Vec::new();
        for (number, (place, state)) in self.places().zip(self.states()?).enumerate() {
            if state == *wanted {
                let changed = transaction::finished::changed(&self.transaction(number));
                all.push((place, changed.map_err(ApplyError::of(place))?));
            }
        }
        Ok(all)
    }

    /// Makes the places as they were. Files of a place that `accepts` names may have been changed since.
    ///
    /// # Errors
    /// When somebody has changed something else there since: then nothing was touched in that place.
    pub fn undo(
        &mut self,
        stages: &Stages,
        accepts: &dyn Fn(&Path) -> bool,
        session: Option<&str>,
        tell: Tell<'_>,
    ) -> Result<(), ApplyError> {
        let _lock = stages.lock()?;
        self.about.session = session.map(ToOwned::to_owned);
        write_json(&self.about, &self.directory.join(ABOUT))?;
        // Should somebody be killed now, the next one goes on with it.
        let settled = self.directory.join(SETTLED);
        at(std::fs::remove_file(&settled), "remove", &settled)?;
        let later = stages.all_applied()?.into_iter().filter(|other| other.directory > self.directory);
        let done = self.undo_all(&later.collect::<Vec<_>>(), accepts);
        self.settle(done, tell)
    }

    fn undo_all(&self, later: &[Applied], accepts: &dyn Fn(&Path) -> bool) -> Result<(), ApplyError> {
        for (number, (place, state)) in self.places().zip(self.states()?).enumerate() {
            if state == Recovered::Finished {
                let wrong = ApplyError::of(place);
                let tree = at(Tree::open(place), "open", place)?;
                let left = transaction::finished::left(&self.transaction(number)).map_err(&wrong)?;
                let returned = returned(later, place);
                let is_back = |path: &Path| {
                    let path = Letters::from(path);
                    let now = tree.node(path.path()).ok().flatten();
                    left.get(&path).zip(now).is_some_and(|(left, now)| returned.is(&path, *left, &now))
                };
                let accepts = |path: &Path| accepts(&place.join(path)) || is_back(path);
                transaction::undo_accepting(&self.transaction(number), &accepts).map_err(wrong)?;
                write_returned(&self.directory, number, &tree)?;
            }
        }
        Ok(())
    }

    /// Notes where the places are by now.
    pub(super) fn moved(&mut self, new: &dyn Fn(&Path) -> PathBuf) -> Result<(), StoreError> {
        self.about.places = self.places().map(|place| Letters::from(new(place))).collect();
        write_json(&self.about, &self.directory.join(ABOUT))
    }

    /// Whether something of it was taken over and not taken back.
    pub(super) fn stands(&self) -> bool {
        let has = |number: usize, mark: &str| self.transaction(number).join(mark).exists();
        (0..self.about.places.len()).any(|number| has(number, "finished") && !has(number, "undo/finished"))
    }

    /// Finishes each place or turns it back, and tells how it came out.
    fn settle(&self, done: Result<(), ApplyError>, tell: Tell<'_>) -> Result<(), ApplyError> {
        self.states()?;
        if tell(self, &done) {
            self.mark_settled()?;
        }
        done
    }

    fn mark_settled(&self) -> Result<(), StoreError> {
        let path = self.directory.join(SETTLED);
        at(File::create(&path), "make", &path)?;
        Ok(())
    }

    fn states(&self) -> Result<Vec<Recovered>, ApplyError> {
        let recover = |(number, place): (usize, &Path)| {
            let directory = self.transaction(number);
            if !directory.exists() {
                return Ok(Recovered::Nothing);
            }
            transaction::recover(&directory).map_err(ApplyError::of(place))
        };
        self.places().enumerate().map(recover).collect()
    }

    pub(super) fn transaction(&self, number: usize) -> PathBuf {
        self.directory.join(number.to_string())
    }
}

/// Files of a place that came back when something that was taken over later was undone.
fn returned(later: &[Applied], place: &Path) -> Returned {
    let mut returned = Returned::default();
    for applied in later {
        let numbers = applied.places().enumerate().filter(|(_, other)| *other == place);
        numbers.for_each(|(number, _)| returned.add(&applied.directory, number));
    }
    returned
}

fn is_settled(directory: &Path) -> bool {
    directory.join(SETTLED).exists()
}

/// Why something could not be taken over or undone.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// What is kept on disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A place.
    #[error("{}: {source}", path.display())]
    Place {
        /// Which.
        path: PathBuf,
        /// What it has against it.
        source: transaction::Error,
    },
}

impl ApplyError {
    /// What a place has against it.
    pub(crate) fn of(place: &Path) -> impl Fn(transaction::Error) -> Self {
        move |source| Self::Place { path: place.to_owned(), source }
    }
}
