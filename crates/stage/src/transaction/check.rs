//! Whether every step fits what lies in the tree now.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::letters::stays_inside;
use crate::node::{Kind, Node};
use crate::step::{Content, Step, Wanted};
use crate::tree::Tree;

use super::conflict::{Conflict, Reason};
use super::error::Error;
use super::seen::Seen;

/// A step, and what lies at its path.
#[derive(Debug)]
pub(super) struct Looked<'a> {
    pub(super) step: &'a Step,
    pub(super) found: Option<Node>,
}

/// All steps of a transaction, by path, so that directories come before what is in them.
#[derive(Debug)]
pub(super) struct View<'a> {
    tree: &'a Tree,
    pub(super) at: BTreeMap<&'a Path, Looked<'a>>,
}

/// The file that a name is to be another name of.
#[derive(Debug)]
pub(super) enum Named<'a> {
    /// One that a step makes.
    Made(&'a Path),
    /// One that is there, and stays.
    There(&'a Path, Node),
}

impl<'a> View<'a> {
    /// Looks at all paths.
    ///
    /// # Errors
    /// All that does not fit, by path.
    pub(super) fn of(tree: &'a Tree, steps: &'a [Step]) -> Result<Self, Error> {
        let mut conflicts = Vec::new();
        let mut view = Self { tree, at: BTreeMap::new() };
        for (path, step) in by_path(steps, &mut conflicts) {
            match view.look_for(step)? {
                Ok(found) => _ = view.at.insert(path, Looked { step, found }),
                Err(conflict) => conflicts.push(conflict),
            }
        }
        view.check(&mut conflicts)?;
        conflicts.sort_by(|one, other| one.path.cmp(&other.path));
        if conflicts.is_empty() { Ok(view) } else { Err(Error::Conflicts(conflicts)) }
    }

    /// What lies at the path of a step. In what is no directory yet lies nothing, and in a directory that is closed to its
    /// owner that shows when it has been opened; new things take nobody's place even then.
    fn look_for(&self, step: &Step) -> Result<Result<Option<Node>, Conflict>, Error> {
        let parent = step.path.parent().and_then(|parent| self.at.get(parent));
        if parent.is_some_and(Looked::directory_comes) {
            return Ok(Ok(None));
        }
        match look(self.tree, &step.path) {
            Err(Error::Failed { source, .. })
                if source.kind() == io::ErrorKind::PermissionDenied && step.expected.is_none() =>
            {
                Ok(Ok(None))
            }
            looked => looked,
        }
    }

    fn check(&self, conflicts: &mut Vec<Conflict>) -> Result<(), Error> {
        let mut parents = HashMap::new();
        for (path, looked) in &self.at {
            conflicts.extend(looked.unexpected(path));
            if let Some(parent) = path.parent() {
                let missing = match parents.get(parent) {
                    Some(missing) => missing,
                    None => parents.entry(parent).or_insert(self.no_directory_at_end(parent)?),
                };
                let needed = !matches!(looked.step.wanted, Wanted::Nothing);
                conflicts.extend(missing.clone().filter(|_| needed).map(|reason| Conflict::at(path, reason)));
            }
            if looked.directory_goes() {
                conflicts.extend(self.left_inside(path)?);
            }
            if let Wanted::Same(named) = &looked.step.wanted
                && self.named(named)?.is_none()
            {
                conflicts.push(Conflict::at(path, Reason::NoFile { named: named.clone() }));
            }
        }
        Ok(())
    }

    /// Why a path is no directory when all is done, on the file system of the tree.
    fn no_directory_at_end(&self, path: &Path) -> Result<Option<Reason>, Error> {
        if let Some(looked) = self.at.get(path) {
            let comes = matches!(looked.step.wanted, Wanted::Directory(_));
            return Ok((!comes).then_some(Reason::NoDirectory));
        }
        Ok(match look(self.tree, path)?.map(|found| found.map(|node| node.kind)) {
            Ok(Some(Kind::Directory)) => None,
            Ok(Some(Kind::Link { .. })) | Err(_) => Some(Reason::Elsewhere),
            Ok(_) => Some(Reason::NoDirectory),
        })
    }

    /// What nobody spoke of in a directory that is to go.
    fn left_inside(&self, path: &Path) -> Result<Option<Conflict>, Error> {
        let stays = |inside: &PathBuf| {
            !matches!(self.at.get(&**inside), Some(Looked { step: Step { wanted: Wanted::Nothing, .. }, .. }))
        };
        let names = match self.tree.names(path) {
            // It is looked into when it has been taken out.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
            names => names.map_err(Error::failed(path))?,
        };
        let holds = names.iter().map(|name| path.join(name)).find(stays);
        Ok(holds.map(|holds| Conflict::at(path, Reason::NotEmpty { holds })))
    }

    /// The file that is at a path when all is done.
    pub(super) fn named<'b>(&'b self, mut path: &'b Path) -> Result<Option<Named<'b>>, Error> {
        for _ in 0..=self.at.len() {
            let (found, is_made) = match self.at.get(path) {
                None => (look(self.tree, path)?.ok().flatten(), false),
                Some(looked) => match &looked.step.wanted {
                    Wanted::Same(next) => {
                        path = next;
                        continue;
                    }
                    Wanted::File(Content::Kept | Content::Into(..), _) => (looked.found.clone(), false),
                    Wanted::File(..) => (None, true),
                    _ => (None, false),
                },
            };
            let is_file = found.filter(|node| matches!(node.kind, Kind::File { .. }));
            return Ok(if is_made { Some(Named::Made(path)) } else { is_file.map(|node| Named::There(path, node)) });
        }
        Ok(None)
    }
}

impl Looked<'_> {
    fn unexpected(&self, path: &Path) -> Option<Conflict> {
        let step = self.step;
        let fits = match (&step.expected, &self.found) {
            (None, None) => true,
            (Some(expected), Some(found)) if expected.is_directory() => found.is_directory(),
            (Some(expected), Some(found)) => expected.identity == found.identity && !found.is_directory(),
            _ => false,
        };
        let is_file = matches!(self.found, Some(Node { kind: Kind::File { .. }, .. }));
        let needs_file = matches!(step.wanted, Wanted::File(Content::Kept | Content::Into(..), _));
        (!fits || needs_file && !is_file)
            .then(|| Conflict::differs(path, step.expected.as_ref().map(Seen::of).as_ref(), self.found.as_ref()))
    }

    /// Whether there will be a directory where none is.
    fn directory_comes(&self) -> bool {
        matches!(self.step.wanted, Wanted::Directory(_)) && !self.found.as_ref().is_some_and(Node::is_directory)
    }

    /// Whether a directory lies there that is to go.
    pub(super) fn directory_goes(&self) -> bool {
        let stays = matches!(self.step.wanted, Wanted::Directory(_));
        !stays && self.found.as_ref().is_some_and(Node::is_directory)
    }
}

/// Steps in the order of their paths, without those that make no sense.
fn by_path<'a>(steps: &'a [Step], conflicts: &mut Vec<Conflict>) -> BTreeMap<&'a Path, &'a Step> {
    let mut sorted = BTreeMap::new();
    for step in steps {
        let root = matches!(step.wanted, Wanted::Directory(_));
        if !stays_inside(&step.path, root) || sorted.insert(&*step.path, step).is_some() {
            conflicts.push(Conflict::at(&step.path, Reason::Senseless));
        }
    }
    sorted
}

/// What lies at a path, or why nobody can know.
pub(super) fn look(tree: &Tree, path: &Path) -> Result<Result<Option<Node>, Conflict>, Error> {
    let elsewhere = || Ok(Err(Conflict::at(path, Reason::Elsewhere)));
    match tree.node(path) {
        Ok(Some(node)) if node.identity.device != device(tree).map_err(Error::failed(path))? => elsewhere(),
        Ok(found) => Ok(Ok(found)),
        Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::LOOP | Errno::XDEV)) => elsewhere(),
        Err(error) => Err(Error::failed(path)(error)),
    }
}

fn device(tree: &Tree) -> io::Result<u64> {
    Ok(rustix::fs::fstat(tree.root())?.st_dev)
}
