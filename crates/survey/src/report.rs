//! What a survey reports.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    git::{Candidate, Resolver, Root},
    sys::{self, Dir, Stamp},
    tree::{Id, Tree},
    walk::{Sighting, What},
};

/// What an entry is. A symlink is a symlink, whatever it points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A plain file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A socket, pipe or device.
    Other,
}

/// An entry of the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// The number of its root, in the order in which the survey was given them.
    pub root: usize,
    /// Its path relative to the root.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Only after a rescan: the name was there before, but it was another file or directory.
    pub replaced: bool,
}

/// A resolved path that a git directory speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The absolute path, without symlinks as far as it exists. What is below a root begins with the root's path as
    /// the caller gave it.
    pub path: PathBuf,
    /// Whether it is outside of every root.
    pub outside: bool,
}

/// How a repository shows in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RepositoryKind {
    /// A directory `.git`.
    Directory,
    /// A file `.git` that names the git directory: a linked worktree or a submodule.
    File,
    /// A symlink `.git`, which git follows.
    Symlink,
    /// A directory of another name that git would take for a git directory.
    Bare,
}

/// A git repository, as files tell it. Not every fact is true: whoever writes the files can lie.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository {
    /// The number of its root.
    pub root: usize,
    /// The `.git` entry, or the bare repository, relative to the root.
    pub at: PathBuf,
    /// How it shows in the tree.
    pub kind: RepositoryKind,
    /// The directory that holds the `.git` entry; `None` for a bare repository.
    pub work_tree: Option<PathBuf>,
    /// The git directory; `None` if a `.git` file or symlink could not be read or is none of git's.
    pub git_dir: Option<Place>,
    /// The git directory that holds what all linked worktrees share (often the same); `None` if it cannot be read.
    pub common_dir: Option<Place>,
    /// The linked worktrees of this git directory and of its submodules. For a `.git` file or symlink only those that
    /// no other repository of this report can name, because the git directory is outside.
    pub worktrees: Vec<Worktree>,
    /// The git directories of its submodules, and of theirs; with the same exception.
    pub modules: Vec<Place>,
    /// Whether the git directory names this work tree in return (`gitdir` of a linked worktree, `core.worktree` of a
    /// submodule). A `.git` file that leads outside and is not acknowledged may have been made up.
    pub acknowledged: bool,
}

/// A linked worktree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Worktree {
    /// Its administrative directory, `worktrees/NAME` in the common directory.
    pub admin: Place,
    /// The work tree, if the administrative directory names one.
    pub work_tree: Option<Place>,
}

/// What a walk found. All lists are sorted.
#[derive(Debug)]
pub struct Found {
    /// The entries that the matcher denies. What is below a denied directory was not looked at.
    pub denied: Vec<Entry>,
    /// All git repositories.
    pub repositories: Vec<Repository>,
    /// The entries with one of the protected names.
    pub named: Vec<Entry>,
    /// Directories that could not be read. What is below them is unknown.
    pub unreadable: Vec<Entry>,
    /// What a later [`Stamps::rescan`] compares with.
    pub stamps: Stamps,
}

/// What a rescan found that was not there before. All lists are sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Appeared {
    /// New entries that the matcher denies.
    pub denied: Vec<Entry>,
    /// New git repositories; also new linked worktrees and submodules' git directories of known ones (as
    /// [`RepositoryKind::Bare`]).
    pub repositories: Vec<Repository>,
    /// New entries with one of the protected names.
    pub named: Vec<Entry>,
    /// Directories that can newly not be read.
    pub unreadable: Vec<Entry>,
    /// How many known directories had changed and were read again.
    pub changed: usize,
    /// How many known directories are no more.
    pub gone: usize,
    /// How many directories are new.
    pub new: usize,
}

impl Appeared {
    /// Whether nothing of interest appeared. Directories may have changed nevertheless.
    pub fn is_empty(&self) -> bool {
        self.denied.is_empty() && self.repositories.is_empty() && self.named.is_empty() && self.unreadable.is_empty()
    }
}

/// What every directory looked like, to find changes by.
///
/// A directory's stamp is its inode and the time of its last change (`ctime`), which no program can set. One that
/// changed too shortly before it was read is read again in any case.
#[derive(Debug)]
pub struct Stamps {
    pub(crate) roots: Vec<(PathBuf, Arc<Dir>)>,
    pub(crate) tree: Arc<Tree>,
    pub(crate) sightings: Vec<Sighting>,
}

impl Stamps {
    /// How many directories are known.
    pub fn directories(&self) -> usize {
        self.tree.len()
    }

    /// How much memory this takes, in bytes, without the allocator's share.
    pub fn bytes(&self) -> usize {
        let names: usize = self.sightings.iter().map(|sighting| sighting.name.len()).sum();
        self.tree.bytes() + self.sightings.capacity() * size_of::<Sighting>() + names
    }

    /// How many known directories can change unnoticed, because they changed shortly before they were read or could
    /// not be read at all. The next rescan tries them whatever their stamps say.
    pub fn unsure(&self) -> usize {
        let unsure = |index: &usize| self.tree.stamp(*index) == Stamp::UNSURE;
        (0..self.tree.len()).filter(unsure).count()
    }
}

/// The sorted lists that sightings make.
#[derive(Default)]
pub(crate) struct Lists {
    pub(crate) denied: Vec<Entry>,
    pub(crate) repositories: Vec<Repository>,
    pub(crate) named: Vec<Entry>,
    pub(crate) unreadable: Vec<Entry>,
}

impl Lists {
    /// Tells sightings as entries; `replaced` says which of them stand where something else was.
    pub(crate) fn of<'a>(
        roots: &[(PathBuf, Arc<Dir>)],
        tree: &Tree,
        sightings: impl Iterator<Item = (&'a Sighting, bool)>,
    ) -> Self {
        let mut lists = Self::default();
        let mut candidates = Vec::new();
        let mut path = Vec::new();
        for (sighting, replaced) in sightings {
            let (root, _) = tree.path_into(sighting.within as usize, &mut path);
            if !sighting.name.is_empty() {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(&sighting.name);
            }
            let path = sys::path_buf(&path);
            let kind = sighting.kind;
            let candidate = |path, entry, shape| Candidate { root, path, entry, shape };
            let entry = |path| Entry { root, path, kind, replaced };
            match sighting.what {
                What::Denied => lists.denied.push(entry(path)),
                What::Named => lists.named.push(entry(path)),
                What::Unreadable => lists.unreadable.push(entry(path)),
                What::Git => candidates.push(candidate(path, Some(kind), None)),
                What::Shape(shape) => candidates.push(candidate(path, None, Some(shape))),
            }
        }
        if !candidates.is_empty() {
            let opened = |(path, dir): &'_ (PathBuf, Arc<Dir>)| (path.clone(), Arc::clone(dir));
            let kept: Vec<_> = roots.iter().map(opened).collect();
            let roots: Vec<Root<'_>> = kept.iter().map(|(path, dir)| Root { path: Path::new(path), dir }).collect();
            lists.repositories = Resolver::new(&roots).repositories(candidates);
        }
        for entries in [&mut lists.denied, &mut lists.named, &mut lists.unreadable] {
            entries.sort_unstable();
        }
        lists.repositories.sort_unstable();
        lists
    }
}

/// The sightings of `.git` directories' shapes go along with the `.git` entries that they explain.
pub(crate) fn with_shapes(tree: &Tree, all: &[Sighting], chosen: &HashSet<(Id, Box<[u8]>)>) -> Vec<usize> {
    let explains = |sighting: &Sighting| {
        let index = sighting.within as usize;
        let parent = tree.parent(index)?;
        chosen.get(&(parent as Id, tree.name(index).into()))
    };
    let shapes = all.iter().enumerate().filter(|(_, sighting)| matches!(sighting.what, What::Shape(_)));
    shapes.filter(|(_, sighting)| explains(sighting).is_some()).map(|(index, _)| index).collect()
}
