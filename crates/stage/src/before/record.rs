//! A run that has ended: what it changed, and how that is undone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::changed::{Changed, Ended, Left};
use super::log::{self, Line};
use super::noted::Noted;
use super::steps::{self, Plan};
use super::store::About;
use crate::letters::Letters;
use crate::node::{Node, Time};
use crate::step::{Step, Wanted};
use crate::transaction::{self, Recovered, Transaction};
use crate::tree::Tree;

pub(super) const ABOUT: &str = "about.json";
pub(super) const LOG: &str = "log";
pub(super) const KEPT: &str = "kept";
const CHANGES: &str = "changes";

/// What a run has changed.
#[derive(Debug)]
pub struct Record {
    directory: PathBuf,
    about: About,
    ended: Ended,
    changes: Vec<Changed>,
    /// Nobody else undoes it meanwhile.
    _lock: File,
}

/// What undoing would do.
#[derive(Debug)]
pub struct Undoing {
    places: Vec<(usize, Arc<Tree>, Plan)>,
}

/// What came back.
#[derive(Debug, Default)]
struct Back {
    /// What it was before: number and time of the last change.
    left: BTreeSet<(u64, Time)>,
    /// The numbers of files, and those that they have now.
    numbers: HashMap<u64, u64>,
}

/// Why it cannot be undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// A place.
    #[error("{}: {source}", path.display())]
    Place {
        /// Which.
        path: PathBuf,
        /// What it has against it.
        source: transaction::Error,
    },
    /// The disk.
    #[error("failed to {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// A line of the file of changes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ChangeLine {
    Changed(Changed),
    /// The last one.
    Ended(Ended),
}

pub(super) fn at<T>(result: io::Result<T>, action: &'static str, path: &Path) -> Result<T, UndoError> {
    result.map_err(|source| UndoError::Disk { action, path: path.to_owned(), source })
}

/// Whether a run has ended, and that was looked at.
pub(super) fn has_ended(directory: &Path) -> bool {
    directory.join(CHANGES).exists()
}

/// Looks at what a run has left at the paths that it touched, and writes it down.
pub(super) fn end(directory: &Path, about: &About, killed: bool) -> Result<(), UndoError> {
    let path = directory.join(LOG);
    let lines = match log::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        lines => at(lines, "read", &path)?,
    };
    let (changes, gap) = changes(about, lines)?;
    forget_unneeded(&directory.join(KEPT), &changes);
    write(directory, changes, Ended { killed, gap })
}

fn write(directory: &Path, changes: Vec<Changed>, ended: Ended) -> Result<(), UndoError> {
    let partial = directory.join("changes.new");
    let write = || -> io::Result<()> {
        let mut file = io::BufWriter::new(File::create(&partial)?);
        for line in changes.into_iter().map(ChangeLine::Changed).chain([ChangeLine::Ended(ended)]) {
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
        std::fs::rename(&partial, directory.join(CHANGES))
    };
    at(write(), "write", &partial)
}

/// What differs from what was noted.
fn changes(about: &About, lines: Vec<Line>) -> Result<(Vec<Changed>, Option<String>), UndoError> {
    let mut noted: BTreeMap<(usize, PathBuf), (Option<Noted>, Option<usize>)> = BTreeMap::new();
    let (mut came, mut contents, mut gap) = (Vec::new(), HashMap::new(), None);
    for line in lines {
        match line {
            Line::Was { place, path, was, file } => {
                let _ = noted.insert((place, path.path().to_owned()), (was, file));
            }
            Line::Kept { file, copy } => _ = contents.insert(file, Ok(copy)),
            Line::Lost { file, why } => _ = contents.insert(file, Err(why)),
            Line::Came { place, path } => came.push((place, path.path().to_owned())),
            Line::Gap(why) => gap = Some(why),
        }
    }
    let trees = about.trees(Tree::layer)?;
    for (place, path) in came {
        if let Some(tree) = trees.get(place) {
            all_below(tree, &path, &mut |path| _ = noted.entry((place, path)).or_insert((None, None)));
        }
    }
    let mut changes = Vec::new();
    for ((place, path), (was, file)) in noted {
        let Some(tree) = trees.get(place) else { continue };
        let now = at(tree.node(&path).or_else(nothing), "look at", &path)?;
        if is_same(was.as_ref(), now.as_ref()) {
            continue;
        }
        let content = file.and_then(|file| contents.get(&file).cloned());
        changes.push(Changed { place, path: Letters::from(&path), was, now: now.as_ref().map(Left::of), content });
    }
    Ok((changes, gap))
}

/// Where the way leads elsewhere by now lies nothing of the place.
fn nothing(error: io::Error) -> io::Result<Option<Node>> {
    use rustix::io::Errno;
    match Errno::from_io_error(&error) {
        Some(Errno::LOOP | Errno::XDEV | Errno::ACCESS) => Ok(None),
        _ => Err(error),
    }
}

fn is_same(was: Option<&Noted>, now: Option<&Node>) -> bool {
    match (was, now) {
        (None, None) => true,
        (Some(was), Some(now)) => was.is(now),
        _ => false,
    }
}

fn all_below(tree: &Tree, path: &Path, call: &mut impl FnMut(PathBuf)) {
    let mut waiting = vec![path.to_owned()];
    while let Some(directory) = waiting.pop() {
        if !matches!(tree.node(&directory), Ok(Some(node)) if node.is_directory()) {
            continue;
        }
        for path in tree.names(&directory).unwrap_or_default().into_iter().map(|name| directory.join(name)) {
            waiting.push(path.clone());
            call(path);
        }
    }
}

/// Removes copies of files that are as they were.
fn forget_unneeded(kept: &Path, changes: &[Changed]) {
    let needed: BTreeSet<String> =
        changes.iter().filter_map(|change| change.content.as_ref()?.as_ref().ok()).map(u64::to_string).collect();
    for entry in std::fs::read_dir(kept).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_none_or(|name| !needed.contains(name)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

impl Record {
    /// Reads that of a run that has ended.
    pub(super) fn read(directory: PathBuf, about: About, lock: File) -> Result<Self, UndoError> {
        let path = directory.join(CHANGES);
        let mut record = Self { directory, about, ended: Ended::default(), changes: Vec::new(), _lock: lock };
        for line in at(log::read(&path), "read", &path)? {
            match line {
                ChangeLine::Changed(change) => record.changes.push(change),
                ChangeLine::Ended(ended) => record.ended = ended,
            }
        }
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
    pub fn plan(&self, accepts: &dyn Fn(&Path) -> bool) -> Result<Undoing, UndoError> {
        let kept = self.directory.join(KEPT);
        let kept = Arc::new(at(Tree::open(&kept), "open", &kept)?);
        let mut places = Vec::new();
        for (place, tree) in self.about.trees(Tree::open)?.into_iter().enumerate() {
            let changes: Vec<_> = self.changes.iter().filter(|change| change.place == place).collect();
            let accepts = |path: &Path| accepts(&tree.path().join(path));
            let tree = Arc::new(Tree::open(tree.path()).map_err(|source| self.unreadable(place, source))?);
            let plan = steps::plan(&tree, &kept, &changes, &accepts);
            let plan = plan.map_err(|source| UndoError::Place { path: tree.path().to_owned(), source })?;
            places.push((place, tree, plan));
        }
        Ok(Undoing { places })
    }

    /// Undoes it, in all places or in none, and forgets the run.
    ///
    /// # Errors
    /// When somebody was quicker, or the disk fails.
    pub fn undo(self, undoing: &Undoing) -> Result<(), UndoError> {
        let mut ready = Vec::new();
        for (place, tree, plan) in undoing.places.iter().filter(|(_, _, plan)| !plan.steps.is_empty()) {
            let failed = |source| UndoError::Place { path: tree.path().to_owned(), source };
            let directory = self.transaction(*place);
            match Transaction::prepare(tree, &plan.steps, &directory) {
                Ok(transaction) => ready.push((*place, tree, transaction)),
                Err(error) => {
                    for (_, tree, transaction) in ready {
                        let failed = |source| UndoError::Place { path: tree.path().to_owned(), source };
                        transaction.discard().map_err(failed)?;
                    }
                    return Err(failed(error));
                }
            }
        }
        for (place, tree, transaction) in ready {
            transaction.commit().map_err(|source| UndoError::Place { path: tree.path().to_owned(), source })?;
            self.pass_on(place)?;
            self.note_undone(place)?;
        }
        self.forget()
    }

    /// Goes on with an undoing that was interrupted. Whether anything is left that can be undone.
    pub(super) fn recover(&mut self) -> Result<bool, UndoError> {
        for place in 0..self.about.places.len() {
            let directory = self.transaction(place);
            if !directory.exists() || self.is_undone(place) {
                continue;
            }
            let failed = |source| UndoError::Place { path: self.about.place(place).to_owned(), source };
            if transaction::recover(&directory).map_err(failed)? == Recovered::Finished {
                self.pass_on(place)?;
                self.note_undone(place)?;
                self.changes.retain(|change| change.place != place);
            }
        }
        Ok(!self.changes.is_empty())
    }

    /// Files that came back are others than those that runs before this one left, so those are told. Where that does not come
    /// about, what such a run changed merely seems to have been changed since.
    fn pass_on(&self, place: usize) -> Result<(), UndoError> {
        let root = self.about.place(place);
        let tree = at(Tree::layer(root), "open", root)?;
        let mut back = Back::default();
        for change in self.changes.iter().filter(|change| change.place == place) {
            let Some(was) = &change.was else { continue };
            back.left.insert((was.identity.inode, was.identity.changed));
            if let Ok(Some(now)) = tree.node(change.path())
                && was.is_file()
            {
                back.numbers.insert(was.number(), now.identity.inode);
            }
        }
        super::store::others(&self.directory)?.into_iter().try_for_each(|other| other.take_on(&back))
    }

    fn take_on(mut self, back: &Back) -> Result<(), UndoError> {
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
        write(&self.directory, self.changes, self.ended)
    }

    /// Gives up what was kept.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget(self) -> Result<(), UndoError> {
        super::store::remove(&self.directory)
    }

    fn transaction(&self, place: usize) -> PathBuf {
        self.directory.join(format!("undo-{place}"))
    }

    fn undone(&self, place: usize) -> PathBuf {
        self.directory.join(format!("undone-{place}"))
    }

    fn is_undone(&self, place: usize) -> bool {
        self.undone(place).exists()
    }

    fn note_undone(&self, place: usize) -> Result<(), UndoError> {
        let path = self.undone(place);
        at(File::create(&path), "make", &path).map(drop)
    }

    fn unreadable(&self, place: usize, source: io::Error) -> UndoError {
        UndoError::Disk { action: "open", path: self.about.place(place).to_owned(), source }
    }
}

impl Undoing {
    /// Paths that become what they were, sorted, without directories that stay.
    pub fn paths(&self) -> Vec<PathBuf> {
        let stays = |step: &Step| {
            matches!(step.wanted, Wanted::Directory(_)) && step.expected.as_ref().is_some_and(Node::is_directory)
        };
        let steps = self.places.iter().flat_map(|(_, tree, plan)| plan.steps.iter().map(move |step| (tree, step)));
        let steps = steps.filter(|(_, step)| !stays(step));
        let mut paths: Vec<_> = steps.map(|(tree, step)| tree.path().join(&step.path)).collect();
        paths.sort();
        paths
    }

    /// Nothing but the transactions, as somebody does who is killed then.
    #[cfg(test)]
    pub(super) fn carry_out_only(&self, directory: &Path) {
        for (place, tree, plan) in &self.places {
            let transaction = Transaction::prepare(tree, &plan.steps, &directory.join(format!("undo-{place}")));
            transaction.and_then(Transaction::commit).expect("a transaction");
        }
    }

    /// Paths of which no earlier version is there, and why.
    pub fn lost(&self) -> impl Iterator<Item = (PathBuf, &str)> {
        self.places
            .iter()
            .flat_map(|(_, tree, plan)| plan.lost.iter().map(|(path, why)| (tree.path().join(path), &**why)))
    }
}
