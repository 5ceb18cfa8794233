//! What to look for, where, and with how many threads.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::changes::{Moment, Snapshot};
use crate::{
    Found, Limits, Stamps, SurveyError, limits,
    listing::Listing,
    names::Names,
    report::Lists,
    sys::Dir,
    tree::Tree,
    walk::{self, Shared, Sighting, Worker},
};

/// What a matcher knows about a directory from the way to it. A walk hands it down and makes nothing of it.
pub type Trail = u128;

/// Decides which entries a deny rule hides. Called from several threads at once.
pub trait Matcher: Sync {
    /// The trail in a root.
    fn start(&self) -> Trail {
        0
    }

    /// Asked once for every directory: the trail in `name`, where that of the directory above it is known.
    fn enter(&self, above: Trail, name: &[u8]) -> Trail {
        let _ = name;
        above
    }

    /// A cheap first question, asked for every entry: `false` if no path can match that ends in `basename`, in a
    /// directory with this trail.
    fn may_match(&self, trail: Trail, basename: &[u8]) -> bool;

    /// Whether the entry is denied. A denied directory is not descended into.
    fn matches(&self, relative: &Path, is_dir: bool) -> bool;
}

/// A look at one or several trees. See the [crate] for an example.
#[derive(Clone)]
pub struct Survey<'a> {
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) denied: Option<&'a dyn Matcher>,
    pub(crate) names: Names,
    pub(crate) doors: bool,
    pub(crate) threads: Option<usize>,
    pub(crate) alone: usize,
    pub(crate) limits: Limits,
}

impl fmt::Debug for Survey<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Survey");
        debug.field("roots", &self.roots).field("names", &self.names);
        debug.field("threads", &self.threads).field("limits", &self.limits);
        debug.finish_non_exhaustive()
    }
}

impl<'a> Survey<'a> {
    /// A survey of these trees. A root inside of another one is walked twice.
    pub fn new<R: Into<PathBuf>>(roots: impl IntoIterator<Item = R>) -> Self {
        Self {
            roots: roots.into_iter().map(Into::into).collect(),
            denied: None,
            names: Names::new(),
            doors: false,
            threads: None,
            alone: limits::ALONE_DIRECTORIES,
            limits: Limits::default(),
        }
    }

    /// Reports the entries that `matcher` denies.
    #[must_use]
    pub fn denied(mut self, matcher: &'a dyn Matcher) -> Self {
        self.denied = Some(matcher);
        self
    }

    /// Reports the entries with one of these base names, wherever they are.
    #[must_use]
    pub fn names<N: AsRef<OsStr>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        for name in names {
            self.names.insert(name.as_ref().as_encoded_bytes());
        }
        self
    }

    /// Reports sockets, pipes and devices as denied: somebody may be at their other end.
    #[must_use]
    pub fn doors(mut self) -> Self {
        self.doors = true;
        self
    }

    /// Uses at most this many threads, the caller's included (otherwise [`limits::THREADS`]).
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.clamp(1, 64));
        self
    }

    /// Lets the caller's thread read this many directories before it starts others (otherwise
    /// [`limits::ALONE_DIRECTORIES`]): a small tree is read before a thread would be running.
    #[must_use]
    pub fn alone(mut self, directories: usize) -> Self {
        self.alone = directories;
        self
    }

    /// Replaces the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Walks all trees.
    ///
    /// # Errors
    ///
    /// When a root cannot be read, a limit is passed, or the system runs out of descriptors or memory.
    pub fn walk(&self) -> Result<Found, SurveyError> {
        Ok(self.look(false)?.0)
    }

    /// Walks all trees and remembers all names, to tell later [what has changed](crate::changes).
    ///
    /// # Errors
    ///
    /// As [`Survey::walk`].
    pub fn walk_and_remember(&self) -> Result<(Found, Snapshot), SurveyError> {
        let begin = Moment::now();
        let (found, listings) = self.look(true)?;
        let snapshot = Snapshot::new(begin, &found.stamps, listings);
        Ok((found, snapshot))
    }

    fn look(&self, remember: bool) -> Result<(Found, Vec<Listing>), SurveyError> {
        let mut shared = Shared::new(self, 0);
        shared.remember = remember;
        let mut first = Worker::new(&shared, 0);
        let mut roots = Vec::with_capacity(self.roots.len());
        for (number, path) in self.roots.iter().enumerate() {
            let refused = |source| SurveyError::Root { path: path.clone(), source };
            let dir = Arc::new(Dir::open_root(path).map_err(refused)?);
            first.read_root(number, &dir).map_err(refused)?;
            roots.push((std::path::absolute(path).map_err(refused)?, dir));
        }
        let (trees, mut sightings, listings) = split(walk::run(&shared, first)?);
        let (tree, bases) = Tree::join(trees);
        let tree = Arc::new(tree);
        for sighting in &mut sightings {
            sighting.within = bases.index(sighting.within) as u32;
        }
        let lists = Lists::of(&roots, &tree, sightings.iter().map(|sighting| (sighting, false)));
        sightings.shrink_to_fit();
        let found = Found {
            denied: lists.denied,
            repositories: lists.repositories,
            named: lists.named,
            unreadable: lists.unreadable,
            stamps: Stamps { roots, tree, sightings },
        };
        Ok((found, listings))
    }

    pub(crate) fn thread_count(&self) -> usize {
        self.threads.unwrap_or(limits::THREADS)
    }
}

/// The trees of all workers, by thread, all that they saw, and what they remember.
pub(crate) fn split(workers: Vec<Worker<'_>>) -> (Vec<Tree>, Vec<Sighting>, Vec<Listing>) {
    let (mut sightings, mut listings) = (Vec::new(), Vec::new());
    let trees = workers.into_iter().map(|worker| {
        sightings.extend(worker.sightings);
        listings.extend(worker.listing);
        worker.tree
    });
    (trees.collect(), sightings, listings)
}
