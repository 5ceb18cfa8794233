//! A run that has ended: what it changed, and how that is undone.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::changed::{self, Changed, Ended, Left};
use super::steps::{self, Plan};
use super::store::{About, KEPT, others, remove};
use crate::node::{Node, Time};
use crate::step::{Step, Wanted};
use crate::store::{ApplyError, StoreError, at};
use crate::transaction::{self, Recovered, Transaction};
use crate::tree::Tree;

/// What a run has changed.
#[derive(Debug)]
pub struct Record {
    directory: PathBuf,
    about: About,
    ended: Ended,
    changes: Vec<Changed>,
    /// Nobody else undoes it meanwhile.
    lock: File,
}

/// What undoing would do, in each place.
#[derive(Debug)]
pub struct Undoing {
    places: Vec<(Arc<Tree>, Plan)>,
}

/// What came back.
#[derive(Debug, Default)]
struct Back {
    /// What it was before: number and time of the last change.
    left: BTreeSet<(u64, Time)>,
    /// The numbers of files, and those that they have now.
    numbers: HashMap<u64, u64>,
}

impl Record {
    /// Reads that of a run that has ended.
    pub(super) fn read(directory: PathBuf, about: About, lock: File) -> Result<Self, StoreError> {
        let (changes, ended) = changed::read(&directory)?;
        let mut record = Self { directory, about, ended, changes, lock };
        let undone: Vec<bool> = (0..record.about.places.len()).map(|place| record.is_undone(place)).collect();
        record.changes.retain(|change| undone.get(change.place) == Some(&false));
        Ok(record)
    }

    /// The run.
    pub fn session(&self) -> &str {
        &self.about.session
    }

    /// When it began, in milliseconds since 1970.
    pub fn made_ms(&self) -> u64 {
        self.about.made_ms
    }

    /// How it has ended.
    pub fn ended(&self) -> &Ended {
        &self.ended
    }

    /// What it has changed, and is not undone.
    pub fn changes(&self) -> &[Changed] {
        &self.changes
    }

    /// Where a change is.
    pub fn path(&self, change: &Changed) -> PathBuf {
        self.about.place(change.place).join(change.path())
    }

    /// What undoing would do. Files that `accepts` names may have been changed since.
    ///
    /// # Errors
    /// [`transaction::Error::Conflicts`] with all that somebody has changed since, and when something cannot be read.
    pub fn plan(&self, accepts: &dyn Fn(&Path) -> bool) -> Result<Undoing, ApplyError> {
        let kept = self.directory.join(KEPT);
        let kept = Arc::new(at(Tree::open(&kept), "open", &kept)?);
        let mut places = Vec::new();
        for (place, tree) in self.about.trees(Tree::open)?.into_iter().map(Arc::new).enumerate() {
            let changes: Vec<_> = self.changes_in(place).collect();
            let accepts = |path: &Path| accepts(&tree.path().join(path));
            let plan = steps::plan(&tree, &kept, &changes, &accepts).map_err(ApplyError::of(tree.path()))?;
            places.push((tree, plan));
        }
        Ok(Undoing { places })
    }

    /// Undoes it, in all places or in none, and forgets the run.
    ///
    /// # Errors
    /// When somebody was quicker, or the disk fails.
    pub fn undo(self, undoing: &Undoing) -> Result<(), ApplyError> {
        let mut ready = Vec::new();
        for (place, (tree, plan)) in undoing.places.iter().enumerate().filter(|(_, (_, plan))| !plan.steps.is_empty()) {
            match Transaction::prepare(tree, &plan.steps, &transaction_of(&self.directory, place)) {
                Ok(transaction) => ready.push((place, tree.path(), transaction)),
                Err(error) => {
                    let discard = |(_, path, transaction): (_, &Path, Transaction<'_>)| {
                        transaction.discard().map_err(ApplyError::of(path))
                    };
                    ready.into_iter().try_for_each(discard)?;
                    return Err(ApplyError::of(tree.path())(error));
                }
            }
        }
        for (place, path, transaction) in ready {
            transaction.commit().map_err(ApplyError::of(path))?;
            self.note_undone(place)?;
        }
        Ok(self.forget()?)
    }

    /// Goes on with an undoing that was interrupted. Gives the lock back if anything is left that can be undone, and forgets the
    /// run otherwise.
    pub(super) fn recover(mut self) -> Result<Option<File>, ApplyError> {
        for place in 0..self.about.places.len() {
            let directory = transaction_of(&self.directory, place);
            if !directory.exists() || self.is_undone(place) {
                continue;
            }
            let recovered = transaction::recover(&directory).map_err(ApplyError::of(self.about.place(place)))?;
            if recovered == Recovered::Finished {
                self.note_undone(place)?;
                self.changes.retain(|change| change.place != place);
            }
        }
        if self.changes.is_empty() {
            self.forget()?;
            return Ok(None);
        }
        Ok(Some(self.lock))
    }

    /// It was undone in a place. What lay there goes first: a file that has come back may have had that name as well, and to
    /// remove a name gives it another `st_ctime`, of which nobody would be told any more.
    fn note_undone(&self, place: usize) -> Result<(), StoreError> {
        let transaction = transaction_of(&self.directory, place);
        at(transaction::finished::give_up_replaced(&transaction), "remove what was replaced in", &transaction)?;
        self.pass_on(place)?;
        let path = self.undone(place);
        at(File::create(&path), "make", &path).map(drop)
    }

    /// Files that came back are others than those that runs before this one left, so those are told. Where that does not come
    /// about, what such a run changed merely seems to have been changed since.
    fn pass_on(&self, place: usize) -> Result<(), StoreError> {
        let root = self.about.place(place);
        let tree = at(Tree::layer(root), "open", root)?;
        let mut back = Back::default();
        for (change, was) in self.changes_in(place).filter_map(|change| Some((change, change.was.as_ref()?))) {
            back.left.insert((was.identity.inode, was.identity.changed));
            if was.is_file()
                && let Ok(Some(now)) = tree.node(change.path())
            {
                back.numbers.insert(was.number(), now.identity.inode);
            }
        }
        others(&self.directory)?.into_iter().try_for_each(|other| other.take_on(&back))
    }

    fn take_on(mut self, back: &Back) -> Result<(), StoreError> {
        let trees = self.about.trees(Tree::layer)?;
        for change in &mut self.changes {
            let is_back = |left: &&mut Left| back.left.contains(&(left.inode, left.changed));
            if let Some(left) = change.now.as_mut().filter(is_back)
                && let Ok(Some(now)) = trees[change.place].node(change.path.path())
            {
                *left = Left::of(&now);
            }
            if let Some(was) = &mut change.was {
                was.renumbered = back.numbers.get(&was.number()).copied().or(was.renumbered);
            }
        }
        changed::write(&self.directory, self.changes, self.ended)
    }

    /// Gives up what was kept.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget(self) -> Result<(), StoreError> {
        remove(&self.directory)
    }

    fn changes_in(&self, place: usize) -> impl Iterator<Item = &Changed> {
        self.changes.iter().filter(move |change| change.place == place)
    }

    fn undone(&self, place: usize) -> PathBuf {
        self.directory.join(format!("undone-{place}"))
    }

    fn is_undone(&self, place: usize) -> bool {
        self.undone(place).exists()
    }
}

/// What undoes a run in a place.
pub(super) fn transaction_of(directory: &Path, place: usize) -> PathBuf {
    directory.join(format!("undo-{place}"))
}

impl Undoing {
    /// Paths that become what they were, sorted, without directories that stay.
    pub fn paths(&self) -> Vec<PathBuf> {
        let stays = |step: &Step| {
            matches!(step.wanted, Wanted::Directory(_)) && step.expected.as_ref().is_some_and(Node::is_directory)
        };
        let steps = self.places.iter().flat_map(|(tree, plan)| plan.steps.iter().map(move |step| (tree, step)));
        let steps = steps.filter(|(_, step)| !stays(step));
        let mut paths: Vec<_> = steps.map(|(tree, step)| tree.path().join(&step.path)).collect();
        paths.sort();
        paths
    }

    /// Nothing but the transactions, as somebody does who is killed then.
    #[cfg(test)]
    pub(super) fn carry_out_only(&self, directory: &Path) {
        for (place, (tree, plan)) in self.places.iter().enumerate() {
            let transaction = Transaction::prepare(tree, &plan.steps, &transaction_of(directory, place));
            transaction.and_then(Transaction::commit).expect("a transaction");
        }
    }

    /// Paths of which no earlier version is there, and why.
    pub fn lost(&self) -> impl Iterator<Item = (PathBuf, &str)> {
        self.places.iter().flat_map(|(tree, plan)| plan.lost.iter().map(|(path, why)| (tree.path().join(path), &**why)))
    }
}
