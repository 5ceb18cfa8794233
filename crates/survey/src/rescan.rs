//! Looking again: stamps first, and only what changed is read.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    Appeared, Stamps, Survey, SurveyError,
    limits::{ALONE_STAMPS, STRIDE_BYTES},
    report::{Lists, with_shapes},
    survey::split,
    sys,
    threads::together,
    tree::{Id, Tree},
    walk::{self, Shared, Sighting, What, Worker},
};

/// How many directories a thread compares at a time.
const CHUNK: usize = 256;

/// What became of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Changed,
    Gone,
}

impl Stamps {
    /// Finds what appeared since these stamps were taken, and brings them up to date.
    ///
    /// Directories whose stamp is the same are not read. `survey` says what to look for and with how many threads; it
    /// should be the one that walked. Its roots do not matter: the directories that were walked are looked at again,
    /// even if their paths now lead elsewhere.
    ///
    /// # Errors
    ///
    /// As [`Survey::walk`]. The stamps are then as before, so that nothing is missed the next time.
    pub fn rescan(&mut self, survey: &Survey<'_>) -> Result<Appeared, SurveyError> {
        let shared = Shared::new(survey, self.tree.len());
        let fates = self.compare(survey);
        if fates.is_empty() {
            return Ok(Appeared::default());
        }
        let mut gone = vec![false; self.tree.len()];
        let mut changed = vec![false; self.tree.len()];
        for (index, fate) in fates {
            match fate {
                Fate::Gone => gone[index] = true,
                Fate::Changed => changed[index] = true,
            }
        }
        self.bury(&mut gone);

        // The trees of this walk's threads join behind the tree that is known, which counts as thread 0.
        let mut worker = Worker::new(&shared, 1);
        let stamps = self.read_changed(&mut worker, &mut gone, &changed);
        self.bury(&mut gone);
        let (mut trees, mut sightings, _) = split(walk::run(&shared, worker)?);
        let new = trees.iter().map(Tree::len).sum();

        let mut known = Tree::clone(&self.tree);
        let mut reread = 0;
        for (index, stamp) in stamps {
            known.set_stamp(index, stamp);
            reread += 1;
        }
        trees.insert(0, known);
        let (tree, bases) = Tree::join(trees);
        for sighting in &mut sightings {
            sighting.within = bases.index(sighting.within) as Id;
        }
        let lists = Lists::of(&self.roots, &tree, self.news(&tree, &sightings).into_iter());

        let outdated = |sighting: &Sighting| gone[sighting.within as usize] || changed[sighting.within as usize];
        let mut kept = mem::take(&mut self.sightings);
        kept.retain(|sighting| !outdated(sighting));
        kept.append(&mut sightings);
        gone.resize(tree.len(), false);
        let gone_count = gone.iter().filter(|gone| **gone).count();
        let (tree, sightings) = match gone_count {
            0 => (tree, kept),
            _ => forget(&tree, kept, &mut gone),
        };
        (self.tree, self.sightings) = (Arc::new(tree), sightings);
        Ok(Appeared {
            denied: lists.denied,
            repositories: lists.repositories,
            named: lists.named,
            unreadable: lists.unreadable,
            changed: reread,
            gone: gone_count,
            new,
        })
    }

    /// The directories whose stamps differ.
    fn compare(&self, survey: &Survey<'_>) -> Vec<(usize, Fate)> {
        let next = AtomicUsize::new(0);
        let chunks = self.tree.len().div_ceil(CHUNK);
        let work = || {
            let mut fates = Vec::new();
            let mut path = Path::default();
            loop {
                let chunk = next.fetch_add(1, Ordering::Relaxed);
                if chunk >= chunks {
                    return fates;
                }
                for index in chunk * CHUNK..self.tree.len().min((chunk + 1) * CHUNK) {
                    if let Some(fate) = self.fate(index, &mut path) {
                        fates.push((index, fate));
                    }
                }
            }
        };
        if self.tree.len() <= ALONE_STAMPS || survey.threads == Some(1) {
            return work();
        }
        together(survey.thread_count() - 1, work, work).concat()
    }

    #[inline]
    fn fate(&self, index: usize, path: &mut Path) -> Option<Fate> {
        let known = self.tree.stamp(index);
        let root = path.lead_to(&self.tree, index);
        let dir = &self.roots[root].1;
        let now = match path.bytes.len() {
            0 => dir.stamp(),
            1..=STRIDE_BYTES => dir.stamp_beneath(&path.bytes),
            _ => dir.open_far(&path.bytes).and_then(|dir| dir.stamp()),
        };
        match now {
            Ok(now) if now.proves_same(known) => None,
            Err(error) if sys::vanished(&error) => Some(Fate::Gone),
            _ => Some(Fate::Changed),
        }
    }

    /// Whatever is below a directory that is gone is gone as well, even if something has taken its place by now.
    fn bury(&self, gone: &mut [bool]) {
        if !gone.contains(&true) {
            return;
        }
        let mut fates: Vec<_> = gone.iter().map(|gone| gone.then_some(true)).collect();
        self.tree.inherit(&mut fates, false);
        gone.iter_mut().zip(fates).for_each(|(gone, fate)| *gone = fate == Some(true));
    }

    /// Reads the changed directories; those that are gone by now are marked so. Returns the new stamps.
    fn read_changed(&self, worker: &mut Worker<'_>, gone: &mut [bool], changed: &[bool]) -> Vec<(usize, sys::Stamp)> {
        let in_changed = |&index: &usize| !gone[index] && self.tree.parent(index).is_some_and(|parent| changed[parent]);
        let place = |index| (self.tree.parent(index), self.tree.name(index));
        let children: HashSet<_> = (0..self.tree.len()).filter(in_changed).map(place).collect();
        let mut stamps = Vec::new();
        let mut path = Vec::new();
        let still_there: Vec<usize> = (0..self.tree.len()).filter(|&index| changed[index] && !gone[index]).collect();
        for index in still_there {
            let (root, depth) = self.tree.path_into(index, &mut path);
            let root = &self.roots[root].1;
            let known = |name: &[u8]| children.contains(&(Some(index), name));
            match worker.read_again(root, (index as Id, depth, &path), known) {
                Some(stamp) => stamps.push((index, stamp)),
                None => gone[index] = true,
            }
        }
        stamps
    }

    /// Those sightings that were not there before, and whether something else stood in their place.
    fn news<'a>(&self, tree: &Tree, sightings: &'a [Sighting]) -> Vec<(&'a Sighting, bool)> {
        let key = |sighting: &Sighting| (sighting.within, sighting.name.clone(), mem::discriminant(&sighting.what));
        let before: HashMap<_, _> = self.sightings.iter().map(|old| (key(old), old.identity)).collect();
        let (mut news, mut git_entries) = (Vec::new(), HashSet::new());
        let mut told = vec![false; sightings.len()];
        for (index, sighting) in sightings.iter().enumerate() {
            let old = before.get(&key(sighting));
            if old == Some(&sighting.identity) {
                continue;
            }
            if sighting.what == What::Git {
                git_entries.insert((sighting.within, sighting.name.clone()));
            }
            told[index] = true;
            news.push((sighting, old.is_some()));
        }
        for index in with_shapes(tree, sightings, &git_entries) {
            if !mem::replace(&mut told[index], true) {
                news.push((&sightings[index], false));
            }
        }
        news
    }
}

/// Takes the directories that are gone out of the tree.
fn forget(tree: &Tree, mut sightings: Vec<Sighting>, gone: &mut [bool]) -> (Tree, Vec<Sighting>) {
    let (tree, places) = tree.without(gone);
    for sighting in &mut sightings {
        sighting.within = places[sighting.within as usize];
    }
    (tree, sightings)
}

/// A path that is made anew only where it differs from the one before: neighbours share their parent.
#[derive(Default)]
struct Path {
    bytes: Vec<u8>,
    parent: Option<usize>,
    root: usize,
    /// How many of the bytes are the parent's, its slash included.
    shared: usize,
}

impl Path {
    #[inline]
    fn lead_to(&mut self, tree: &Tree, index: usize) -> usize {
        let Some(parent) = tree.parent(index) else {
            self.parent = None;
            return tree.path_into(index, &mut self.bytes).0;
        };
        if self.parent != Some(parent) {
            (self.root, _) = tree.path_into(parent, &mut self.bytes);
            if !self.bytes.is_empty() {
                self.bytes.push(b'/');
            }
            self.shared = self.bytes.len();
            self.parent = Some(parent);
        }
        self.bytes.truncate(self.shared);
        self.bytes.extend_from_slice(tree.name(index));
        self.root
    }
}
