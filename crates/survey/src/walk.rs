//! The walk: reads directories, notes what matters, and shares the rest with whoever is idle.

use std::{
    collections::VecDeque,
    io, mem,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    Kind, Matcher, Survey, SurveyError, Trail,
    git::Shape,
    limits::{COARSE_TICK_NS, STRIDE_BYTES, TICK_NS},
    listing::{self, Listing},
    names::same_name,
    queue::{Queue, StopOnPanic},
    sys::{self, Buffer, Dir, Stamp},
    tree::{self, Id, Tree},
};

/// What there is to say about one entry, or about a directory as a whole (its name is empty then).
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) within: Id,
    pub(crate) name: Box<[u8]>,
    pub(crate) what: What,
    pub(crate) kind: Kind,
    /// Inode, device and birth: the same name may be something else the next time.
    pub(crate) identity: (u64, i64),
}

/// Why something was noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum What {
    /// The matcher said so.
    Denied,
    /// It has a protected name.
    Named,
    /// It is called `.git`.
    Git,
    /// The directory has the shape of a git directory, or is called `.git`.
    Shape(Shape),
    /// The directory could not be read.
    Unreadable,
}

/// A directory in the tree.
#[derive(Clone, Copy)]
struct Spot {
    id: Id,
    depth: usize,
    trail: Trail,
}

/// A directory that was read, for those below it.
struct Folder {
    spot: Spot,
    /// Relative to the root.
    path: Vec<u8>,
    anchor: Anchor,
}

/// An open directory above, from which shorter paths lead on.
#[derive(Clone)]
struct Anchor {
    dir: Arc<Dir>,
    /// How many bytes of a path, relative to the root, lead to the anchor, its slash included.
    skip: usize,
}

/// Some directories within one folder that are still to be read.
pub(crate) struct Batch {
    folder: Arc<Folder>,
    /// Each with a NUL at its end.
    names: Vec<u8>,
    at: usize,
}

impl Batch {
    /// The second half of what is left, if there is more than one.
    fn split(&mut self) -> Option<Batch> {
        let left = &self.names[self.at..];
        let middle = left.len() / 2;
        let cut = self.at + middle + left[middle..].iter().position(|&byte| byte == 0)? + 1;
        if cut == self.names.len() {
            return None;
        }
        Some(Batch { folder: Arc::clone(&self.folder), names: self.names.split_off(cut), at: 0 })
    }
}

/// What all threads of one walk look at.
pub(crate) struct Shared<'a> {
    survey: &'a Survey<'a>,
    queue: Queue<Batch>,
    directories: AtomicUsize,
    matches: AtomicUsize,
    /// Stamps from this time on are too young to tell a later change from.
    started_ns: i64,
    /// Whether all names are remembered.
    pub(crate) remember: bool,
}

impl<'a> Shared<'a> {
    /// For a walk that begins where `directories` are known already.
    pub(crate) fn new(survey: &'a Survey<'a>, directories: usize) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            survey,
            queue: Queue::new(),
            directories: AtomicUsize::new(directories),
            matches: AtomicUsize::new(0),
            started_ns: i64::try_from(since_1970.as_nanos()).unwrap_or(i64::MAX),
            remember: false,
        }
    }

    fn start(&self) -> Trail {
        self.survey.denied.map_or(0, Matcher::start)
    }

    fn enter(&self, above: Trail, name: &[u8]) -> Trail {
        self.survey.denied.map_or(0, |matcher| matcher.enter(above, name))
    }

    /// The stamp to keep: one that is so young that the next change might look the same is not trusted.
    fn kept(&self, stamp: Stamp) -> Stamp {
        let tick = match stamp.ctime_ns % 1_000_000_000 {
            0 => COARSE_TICK_NS,
            _ => TICK_NS,
        };
        match stamp.ctime_ns >= self.started_ns.saturating_sub(tick) {
            true => Stamp::UNSURE,
            false => stamp,
        }
    }
}

/// One thread of a walk, with all that it notes.
pub(crate) struct Worker<'a> {
    shared: &'a Shared<'a>,
    thread: usize,
    pub(crate) tree: Tree,
    pub(crate) sightings: Vec<Sighting>,
    /// What is in the directories of `tree`, in the same order; only where names are remembered.
    pub(crate) listing: Option<Listing>,
    todo: VecDeque<Batch>,
    buffer: Buffer,
    /// Of the directory at hand, relative to its root.
    path: Vec<u8>,
    /// The directories within it, each with a NUL at its end.
    children: Vec<u8>,
    error: Option<SurveyError>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(shared: &'a Shared<'a>, thread: usize) -> Self {
        Self {
            shared,
            thread,
            tree: Tree::default(),
            sightings: Vec::new(),
            listing: shared.remember.then(Listing::default),
            todo: VecDeque::new(),
            buffer: Buffer::new(),
            path: Vec::new(),
            children: Vec::new(),
            error: None,
        }
    }

    /// Reads a root and leaves what is below it to be walked.
    pub(crate) fn read_root(&mut self, number: usize, dir: &Arc<Dir>) -> io::Result<()> {
        self.path.clear();
        let (stamp, device) = dir.stamp_and_device()?;
        let index = self.tree.push_root(number, self.shared.kept(stamp));
        if let Some(listing) = &mut self.listing {
            listing.begin(device);
        }
        let spot = Spot { id: tree::id(self.thread, index), depth: 0, trail: self.shared.start() };
        self.read(dir, spot)?;
        self.leave_children(spot, Anchor { dir: Arc::clone(dir), skip: 0 });
        Ok(())
    }

    /// Reads a known directory again; those directories in it that are not `known` are left to be walked.
    ///
    /// Returns its new stamp, or `None` if it is no more.
    pub(crate) fn read_again(
        &mut self,
        root: &Arc<Dir>,
        (id, depth, path): (Id, usize, &[u8]),
        known: impl Fn(&[u8]) -> bool,
    ) -> Option<Stamp> {
        self.path.clear();
        self.path.extend_from_slice(path);
        let dir = match root.open_far(path) {
            Ok(dir) => Arc::new(dir),
            Err(error) if sys::vanished(&error) => return None,
            Err(error) => {
                self.cannot_read(id, error);
                return Some(Stamp::UNSURE);
            }
        };
        let mut stamp = self.shared.kept(dir.stamp().unwrap_or(Stamp::UNSURE));
        let names = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
        let trail = names.fold(self.shared.start(), |above, name| self.shared.enter(above, name));
        let spot = Spot { id, depth, trail };
        if let Err(error) = self.read(&dir, spot) {
            stamp = Stamp::UNSURE;
            self.cannot_read(id, error);
        }
        let children = mem::take(&mut self.children);
        for child in children.split_inclusive(|&byte| byte == 0) {
            if !known(&child[..child.len() - 1]) {
                self.children.extend_from_slice(child);
            }
        }
        if path.len() > STRIDE_BYTES {
            let skip = path.len() + 1;
            self.leave_children(spot, Anchor { dir, skip });
            // At once: many such directories would keep many descriptors open.
            self.walk_alone(usize::MAX);
        } else {
            let dir = Arc::clone(root);
            self.leave_children(spot, Anchor { dir, skip: 0 });
        }
        Some(stamp)
    }

    fn fail(&mut self, error: SurveyError) {
        self.error.get_or_insert(error);
        self.shared.queue.stop();
    }

    /// Walks until nothing is left, or until `enough` directories have been read.
    fn walk_alone(&mut self, enough: usize) {
        let mut left = enough;
        while left > 0 && !self.shared.queue.is_stopped() && self.step() {
            left -= 1;
        }
    }

    /// Walks together with other threads until nothing is left anywhere.
    fn walk_together(&mut self) {
        let queue = &self.shared.queue;
        let _guard = StopOnPanic(queue);
        loop {
            while !queue.is_stopped() && self.step() {
                if queue.is_hungry()
                    && let Some(batch) = self.spare()
                {
                    queue.give(batch);
                }
            }
            match queue.take() {
                Some(batch) => self.todo.push_back(batch),
                None => return,
            }
        }
    }

    /// Work for another thread: what is nearest to the root, as there is most below it.
    fn spare(&mut self) -> Option<Batch> {
        match self.todo.len() {
            0 => None,
            1 => self.todo.front_mut()?.split(),
            _ => self.todo.pop_front(),
        }
    }

    /// Reads the next directory; `false` when there is none.
    #[inline]
    fn step(&mut self) -> bool {
        let Some(batch) = self.todo.back_mut() else {
            return false;
        };
        let folder = Arc::clone(&batch.folder);
        let rest = &batch.names[batch.at..];
        let length = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
        self.path.clear();
        if !folder.path.is_empty() {
            self.path.extend_from_slice(&folder.path);
            self.path.push(b'/');
        }
        self.path.extend_from_slice(&rest[..length]);
        batch.at += length + 1;
        if batch.at >= batch.names.len() {
            self.todo.pop_back();
        }
        self.visit(&folder, length);
        true
    }

    /// Reads the directory at `self.path`, whose last `name` bytes are its name in `folder`.
    fn visit(&mut self, folder: &Folder, name: usize) {
        let limits = &self.shared.survey.limits;
        let depth = folder.spot.depth + 1;
        if depth > limits.depth {
            let path = sys::path_buf(&self.path);
            let maximum = limits.depth;
            return self.fail(SurveyError::TooDeep { path, maximum });
        }
        let maximum = limits.directories;
        if self.shared.directories.fetch_add(1, Ordering::Relaxed) >= maximum {
            return self.fail(SurveyError::TooManyDirectories { maximum });
        }
        let anchor = &folder.anchor;
        let below = &self.path[anchor.skip..];
        let opened = anchor.dir.open_beneath(below).and_then(|dir| Ok((dir.stamp_and_device()?, dir)));
        let (stamp, device, dir) = match opened {
            Ok(((stamp, device), dir)) => (self.shared.kept(stamp), device, Ok(dir)),
            // Whatever may be there by now, its folder has changed since and will be read again.
            Err(error) if sys::vanished(&error) => return,
            Err(error) => (Stamp::UNSURE, listing::UNKNOWN, Err(error)),
        };
        let own = &self.path[self.path.len() - name..];
        let Some(index) = self.tree.push_child(folder.spot.id, own, stamp) else {
            return self.fail(SurveyError::TooManyDirectories { maximum });
        };
        if let Some(listing) = &mut self.listing {
            listing.begin(device);
        }
        let id = tree::id(self.thread, index);
        let dir = match dir {
            Ok(dir) => dir,
            Err(error) => return self.cannot_read(id, error),
        };
        let spot = Spot { id, depth, trail: self.shared.enter(folder.spot.trail, own) };
        if let Err(error) = self.read(&dir, spot) {
            self.tree.set_stamp(index, Stamp::UNSURE);
            self.cannot_read(id, error);
        }
        if self.children.is_empty() {
            return;
        }
        let anchor = match self.path.len() - anchor.skip > STRIDE_BYTES {
            false => anchor.clone(),
            true => Anchor { dir: Arc::new(dir), skip: self.path.len() + 1 },
        };
        self.leave_children(spot, anchor);
    }

    fn leave_children(&mut self, spot: Spot, anchor: Anchor) {
        if self.children.is_empty() {
            return;
        }
        let folder = Folder { spot, path: self.path.clone(), anchor };
        self.todo.push_back(Batch { folder: Arc::new(folder), names: self.children.clone(), at: 0 });
        self.children.clear();
    }

    /// Reads the directory at `self.path`, notes what matters in it, and collects the directories within.
    fn read(&mut self, dir: &Dir, spot: Spot) -> io::Result<()> {
        let Spot { id, depth, trail } = spot;
        self.children.clear();
        let survey = self.shared.survey;
        let (path, children, buffer) = (&mut self.path, &mut self.children, &mut self.buffer);
        let before = self.sightings.len();
        let (sightings, listing) = (&mut self.sightings, &mut self.listing);
        let mut shape = Shape::default();
        let mut objects = 0..0;
        let result = dir.entries(buffer, |with_nul, kind, seen| {
            let name = &with_nul[..with_nul.len() - 1];
            let is_dir = kind == Kind::Directory;
            let mut remember = |denied| {
                if let Some(listing) = listing.as_mut() {
                    listing.push(with_nul, kind, seen.inode(), denied);
                }
            };
            let mut note = |what| {
                let identity = match dir.look(name) {
                    Ok(thing) => (thing.stamp.identity, thing.born_ns),
                    Err(error) if sys::vanished(&error) => return,
                    Err(_) => (0, 0),
                };
                sightings.push(Sighting { within: id, name: name.into(), what, kind, identity });
            };
            if survey.doors && kind == Kind::Other {
                remember(true);
                return note(What::Denied);
            }
            if let Some(matcher) = survey.denied
                && matcher.may_match(trail, name)
            {
                let length = path.len();
                if length > 0 {
                    path.push(b'/');
                }
                path.extend_from_slice(name);
                let denied = matcher.matches(&sys::path(path), is_dir);
                path.truncate(length);
                if denied {
                    remember(true);
                    return note(What::Denied);
                }
            }
            remember(false);
            if survey.names.contains(name) {
                note(What::Named);
            }
            if same_name(name, b".git") {
                note(What::Git);
            }
            if is_dir {
                let start = children.len();
                children.extend_from_slice(with_nul);
                if same_name(name, b"objects") {
                    objects = start..children.len();
                }
            }
            shape.add(name, kind);
        });
        if shape.is_git() {
            // Content-addressed: no name in there was chosen by anybody.
            children.drain(objects);
        }
        let own = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        if shape.is_git() || (depth > 0 && same_name(own, b".git")) {
            let identity = dir.stamp().map_or(0, |stamp| stamp.identity);
            sightings.push(Sighting {
                within: id,
                name: Box::default(),
                what: What::Shape(shape),
                kind: Kind::Directory,
                identity: (identity, 0),
            });
        }
        let found = sightings.len() - before;
        self.count(found);
        result
    }

    fn count(&mut self, found: usize) {
        let maximum = self.shared.survey.limits.matches;
        if found > 0 && self.shared.matches.fetch_add(found, Ordering::Relaxed) + found > maximum {
            self.fail(SurveyError::TooManyMatches { maximum });
        }
    }

    fn cannot_read(&mut self, id: Id, error: io::Error) {
        if sys::vanished(&error) {
            return;
        }
        if sys::exhausted(&error) {
            let path: PathBuf = sys::path_buf(&self.path);
            return self.fail(SurveyError::Exhausted { path, source: error });
        }
        if let Some(listing) = &mut self.listing {
            listing.mark_incomplete();
        }
        self.sightings.push(Sighting {
            within: id,
            name: Box::default(),
            what: What::Unreadable,
            kind: Kind::Directory,
            identity: (0, 0),
        });
        self.count(1);
    }
}

/// Lets `first` walk what it has to do, with the help of others if that is much, and returns all who took part.
///
/// All threads have ended when this returns.
pub(crate) fn run<'a>(shared: &'a Shared<'a>, mut first: Worker<'a>) -> Result<Vec<Worker<'a>>, SurveyError> {
    let survey = shared.survey;
    first.walk_alone(survey.alone);
    let mut workers = Vec::new();
    if first.todo.is_empty() || survey.threads == Some(1) {
        first.walk_alone(usize::MAX);
    } else {
        let threads = survey.thread_count();
        thread::scope(|scope| {
            let mut helpers = Vec::new();
            for thread in first.thread + 1..first.thread + threads {
                shared.queue.join();
                let work = move || {
                    let mut helper = Worker::new(shared, thread);
                    helper.walk_together();
                    helper
                };
                match thread::Builder::new().name("survey".into()).spawn_scoped(scope, work) {
                    Ok(helper) => helpers.push(helper),
                    Err(_) => {
                        // Too many threads on this machine already: fewer hands, same result.
                        shared.queue.leave();
                        break;
                    }
                }
            }
            first.walk_together();
            for helper in helpers {
                match helper.join() {
                    Ok(helper) => workers.push(helper),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }
    workers.insert(0, first);
    match workers.iter_mut().find_map(|worker| worker.error.take()) {
        Some(error) => Err(error),
        None => Ok(workers),
    }
}
