//! From what a run changed to the steps that undo it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

use super::changed::Changed;
use super::holders::Holders;
use super::noted::{Noted, Shape};
use crate::content::is_same;
use crate::node::{Kind, Node};
use crate::objects;
use crate::step::{Content, Meta, Step, Wanted};
use crate::transaction::{Conflict, Error, Reason, copy};
use crate::tree::Tree;

/// What undoes a run in one place.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Paths of which no earlier version is there, and why.
    pub(super) lost: Vec<(PathBuf, String)>,
}

/// Says what is to be done where nobody has changed anything since.
pub(super) fn plan(
    tree: &Arc<Tree>,
    kept: &Arc<Tree>,
    changes: &[&Changed],
    accepts: &dyn Fn(&Path) -> bool,
) -> Result<Plan, Error> {
    let made: HashSet<&Path> =
        changes.iter().filter(|change| change.was.is_none()).map(|change| change.path()).collect();
    let stays =
        |change: &&Changed| change.was.is_none() && objects::stays(tree, change.path(), |path| made.contains(path));
    let changes: Vec<&Changed> = changes.iter().copied().filter(|change| !stays(change)).collect();
    let found = look(tree, &changes, accepts)?;
    let holders = Holders::find(tree, &changes, &found);
    let mut planning = Planning {
        tree,
        kept,
        found: &found,
        holders,
        was: changes.iter().map(|change| (change.path(), change.was.as_ref())).collect(),
        made: HashMap::new(),
        shared: shared(&changes),
        plan: Plan { steps: Vec::new(), lost: Vec::new() },
    };
    // Files that stay where they are come first: others become names of them.
    let stays = |change: &&&Changed| planning.stays_in_place(change);
    let (first, second): (Vec<_>, Vec<_>) = changes.iter().partition(stays);
    for change in first.into_iter().chain(second) {
        planning.add(change).map_err(failed(change.path()))?;
    }
    planning.keep_times_of_directories()?;
    Ok(planning.plan)
}

/// Files that had several names. One of them may have been noted only when the others were gone.
fn shared(changes: &[&Changed]) -> HashSet<u64> {
    let mut seen = HashSet::new();
    let files = changes.iter().filter_map(|change| change.was.as_ref()).filter(|was| was.is_file());
    files.filter(|was| was.links > 1 || !seen.insert(was.number())).map(|was| was.number()).collect()
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Failed { path: path.to_owned(), source }
}

/// What lies there now, if it is what the run left or what was there before.
fn look<'a>(
    tree: &Tree,
    changes: &[&'a Changed],
    accepts: &dyn Fn(&Path) -> bool,
) -> Result<BTreeMap<&'a Path, Option<Node>>, Error> {
    let (mut all, mut conflicts): (BTreeMap<&Path, Option<Node>>, _) = (BTreeMap::new(), Vec::new());
    for change in changes {
        let path = change.path();
        // Nothing lies in what is no directory, wherever it leads; directories come before what is in them.
        let no_directory = |above: &Path| matches!(all.get(above), Some(Some(found)) if !found.is_directory());
        let looked = if path.ancestors().skip(1).any(no_directory) { Ok(None) } else { tree.node(path) };
        let found = match looked {
            Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::LOOP | Errno::XDEV)) => {
                conflicts.push(Conflict::at(path, Reason::Elsewhere));
                continue;
            }
            found => found.map_err(failed(path))?,
        };
        let fits = match (&change.now, &found) {
            (None, None) => true,
            (Some(left), Some(found)) => left.is(found) || matches!(found.kind, Kind::File { .. }) && accepts(path),
            // Where somebody has removed what the run made or changed, nothing is lost.
            (Some(_), None) => true,
            (None, Some(_)) => false,
        };
        if !fits {
            let reason = if change.now.is_some() { Reason::Changed } else { Reason::Made };
            conflicts.push(Conflict::at(path, reason));
        }
        all.insert(path, found);
    }
    if conflicts.is_empty() { Ok(all) } else { Err(Error::Conflicts(conflicts)) }
}

struct Planning<'a> {
    tree: &'a Arc<Tree>,
    kept: &'a Arc<Tree>,
    found: &'a BTreeMap<&'a Path, Option<Node>>,
    holders: Holders,
    was: HashMap<&'a Path, Option<&'a Noted>>,
    /// Where files with several names are made anew.
    made: HashMap<u64, PathBuf>,
    /// Files that had several names.
    shared: HashSet<u64>,
    plan: Plan,
}

/// What a file shall contain.
enum From {
    /// What it contains.
    Itself,
    Copy(Arc<Tree>, PathBuf),
    /// Nobody has it.
    Nowhere(String),
}

impl Planning<'_> {
    /// Whether the very file that lay there lies there.
    fn stays_in_place(&self, change: &Changed) -> bool {
        let inode = change.was.as_ref().filter(|was| was.is_file()).map(|was| was.number());
        inode.is_some() && inode == self.file_at(change.path())
    }

    fn file_at(&self, path: &Path) -> Option<u64> {
        let found = self.found.get(path)?.as_ref()?;
        matches!(found.kind, Kind::File { .. }).then_some(found.identity.inode)
    }

    fn add(&mut self, change: &Changed) -> io::Result<()> {
        let path = change.path();
        let expected = self.found.get(path).cloned().flatten();
        let wanted = match &change.was {
            None if expected.is_none() => return Ok(()),
            None => Wanted::Nothing,
            Some(was) => match &was.shape {
                Shape::Directory => Wanted::Directory(of_directory(change, was, expected.as_ref())),
                Shape::Link(target) => Wanted::Link { target: target.path().to_owned(), modified: was.modified },
                Shape::Pipe => Wanted::Pipe(was.meta()),
                Shape::Other => return self.lose(path, "sockets and devices are not made again"),
                Shape::File(_) => match self.file(change, was)? {
                    Some(wanted) => wanted,
                    None => return Ok(()),
                },
            },
        };
        self.plan.steps.push(Step { path: path.to_owned(), expected, wanted });
        Ok(())
    }

    /// To replace what lies in a directory gives that another time, which nobody asked for.
    fn keep_times_of_directories(&mut self) -> Result<(), Error> {
        let parents = self.plan.steps.iter().filter_map(|step| step.path.parent());
        let parents: BTreeSet<PathBuf> =
            parents.filter(|path| !self.was.contains_key(path)).map(Path::to_owned).collect();
        for path in parents {
            let found = self.tree.node(&path).map_err(failed(&path))?;
            if let Some(found) = found.filter(Node::is_directory) {
                let wanted = Wanted::Directory(Noted::of(self.tree, &path, &found).meta());
                self.plan.steps.push(Step { path, expected: Some(found), wanted });
            }
        }
        Ok(())
    }

    fn lose(&mut self, path: &Path, why: &str) -> io::Result<()> {
        self.plan.lost.push((path.to_owned(), why.to_owned()));
        Ok(())
    }

    fn file(&mut self, change: &Changed, was: &Noted) -> io::Result<Option<Wanted>> {
        let path = change.path();
        if let Some(made) = self.made.get(&was.number()) {
            return Ok(Some(Wanted::Same(made.clone())));
        }
        if self.stays_in_place(change) {
            return self.in_place(change, was, path);
        }
        if self.shared.contains(&was.number())
            && let Some(other) = self.name_that_stays(change, was)?
        {
            return Ok(Some(Wanted::Same(other)));
        }
        let content = match self.content(change, was, None)? {
            From::Copy(tree, copy) => Content::Of(tree, copy),
            From::Itself => Content::Kept,
            From::Nowhere(why) => {
                self.lose(path, &why)?;
                return Ok(None);
            }
        };
        if self.shared.contains(&was.number()) {
            self.made.insert(was.number(), path.to_owned());
        }
        Ok(Some(Wanted::File(content, was.meta())))
    }

    /// The very file that it was lies there.
    fn in_place(&mut self, change: &Changed, was: &Noted, path: &Path) -> io::Result<Option<Wanted>> {
        let has_other_names = self.tree.node(path)?.is_some_and(|found| found.links > 1);
        let content = match self.content(change, was, Some(path))? {
            From::Itself => Content::Kept,
            From::Copy(tree, copy) if has_other_names => Content::Into(tree, copy),
            From::Copy(tree, copy) => Content::Of(tree, copy),
            From::Nowhere(why) => {
                self.lose(path, &why)?;
                return Ok(None);
            }
        };
        self.made.insert(was.number(), path.to_owned());
        Ok(Some(Wanted::File(content, was.meta())))
    }

    /// Another path at which that file is when all is done. At one that nobody has spoken of it may have changed as well.
    fn name_that_stays(&mut self, change: &Changed, was: &Noted) -> io::Result<Option<PathBuf>> {
        let mut others = self.holders.of(was.number()).iter();
        let Some(other) = others.find(|path| !self.was.contains_key(&***path)).cloned() else { return Ok(None) };
        let expected = self.tree.node(&other)?;
        if let Some(wanted) = self.in_place(change, was, &other)? {
            self.plan.steps.push(Step { path: other.clone(), expected, wanted });
        }
        Ok(Some(other))
    }

    /// Where what a file contained is; `at` is where the file itself is.
    fn content(&self, change: &Changed, was: &Noted, at: Option<&Path>) -> io::Result<From> {
        match &change.content {
            Some(Ok(copy)) => {
                let copy = PathBuf::from(copy.to_string());
                let is_the_same = at.map(|at| self.contains(at, &copy)).transpose()? == Some(true);
                Ok(if is_the_same { From::Itself } else { From::Copy(self.kept.clone(), copy) })
            }
            // It was renamed, or something was said about it.
            None => Ok(self
                .where_it_is(was, at, &|found| is_unchanged(was, found))
                .unwrap_or_else(|| From::Nowhere("it was changed and nothing told of that".to_owned()))),
            // It could have been written, and its time says that it was not.
            Some(Err(why)) => {
                let is_it = |found: &Node| is_unchanged(was, found) && found.modified == was.modified;
                Ok(self.where_it_is(was, at, &is_it).unwrap_or_else(|| From::Nowhere(why.clone())))
            }
        }
    }

    /// Where a file is by now that nobody has written to.
    fn where_it_is(&self, was: &Noted, at: Option<&Path>, is_it: &dyn Fn(&Node) -> bool) -> Option<From> {
        let holds = |path: &Path| self.tree.node(path).is_ok_and(|node| node.as_ref().is_some_and(is_it));
        if at.is_some_and(holds) {
            return Some(From::Itself);
        }
        let holder = self.holders.of(was.number()).iter().find(|path| holds(path))?;
        Some(From::Copy(self.tree.clone(), holder.clone()))
    }

    fn contains(&self, path: &Path, copy: &Path) -> io::Result<bool> {
        let (mut one, mut other) = (copy::open(self.tree, path)?, copy::open(self.kept, copy)?);
        let bytes = one.metadata()?.len();
        Ok(bytes == other.metadata()?.len() && is_same(&mut one, &mut other, bytes)?)
    }
}

/// By what one tells, where no copy was made, that a file contains what it did.
fn is_unchanged(was: &Noted, found: &Node) -> bool {
    found.identity.inode == was.number() && Shape::of(&found.kind) == was.shape
}

/// What is to be said about a directory. The time that somebody else's change gave it since stays.
fn of_directory(change: &Changed, was: &Noted, found: Option<&Node>) -> Meta {
    let mut meta = was.meta();
    let since =
        change.now.as_ref().zip(found).filter(|(left, found)| left.directory && left.modified != found.modified);
    if let Some((_, found)) = since {
        meta.modified = found.modified;
    }
    meta
}
