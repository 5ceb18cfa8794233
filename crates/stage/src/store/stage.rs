//! One stage, held while it is used.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::{StoreError, at};
use super::note;
use super::record::{Record, Snapshot};
use super::remove::remove;
use super::stages::{RECORD, Stages, new_layer, now_ms, touched_ms};
use crate::base::points;
use crate::letters::Letters;
use crate::node::Time;

const LOOKED_AT: &str = "looked-at";
/// The name of a point at which nothing had been written.
const NO_LAYER: &str = "none";
/// How long somebody who only looks is waited for, and how often it is tried.
const LOOK_MAX: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// One stage, held until it is dropped: nobody else uses it meanwhile, unless it is [seen](Stages::see) only.
#[derive(Debug)]
pub struct Stage {
    stages: Stages,
    name: String,
    directory: PathBuf,
    record: Record,
    /// Nothing where somebody else uses it, and nothing can be done with it.
    lock: Option<File>,
}

impl Stage {
    pub(super) fn take(stages: Stages, name: &str, directory: PathBuf) -> Result<Self, StoreError> {
        let lock = hold(name, &directory)?;
        Self::held(stages, name, directory, lock)
    }

    /// A new one, which is written down when a run begins.
    pub(super) fn fresh(stages: Stages, name: &str, directory: PathBuf, record: Record) -> Result<Self, StoreError> {
        let lock = hold(name, &directory)?;
        Ok(Self { stages, name: name.to_owned(), directory, record, lock: Some(lock) })
    }

    /// One that somebody may use meanwhile.
    pub(super) fn seen(stages: Stages, name: &str, directory: PathBuf) -> Result<Self, StoreError> {
        let record = Record::read(&directory.join(RECORD))?;
        Ok(Self { stages, name: name.to_owned(), directory, record, lock: None })
    }

    /// One that is only looked at, as others may at the same time.
    pub(super) fn look_at(stages: Stages, name: &str, directory: PathBuf) -> Result<Self, StoreError> {
        let lock = lock_of(&directory)?;
        if !taken(lock.try_lock_shared(), &directory)? {
            return Err(StoreError::InUse { name: name.to_owned() });
        }
        Self::held(stages, name, directory, lock)
    }

    fn held(stages: Stages, name: &str, directory: PathBuf, lock: File) -> Result<Self, StoreError> {
        let record = Record::read(&directory.join(RECORD))?;
        remove(&directory.join(LOOKED_AT))?;
        Ok(Self { stages, name: name.to_owned(), directory, record, lock: Some(lock) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All stages of its workspace.
    pub fn stages(&self) -> &Stages {
        &self.stages
    }

    /// The workspace that it is a stage of.
    pub fn workspace(&self) -> &Path {
        self.record.workspace.path()
    }

    /// The places that runs wrote to, in the order of their paths.
    pub fn places(&self) -> impl Iterator<Item = &Path> {
        self.record.places.iter().map(Letters::path)
    }

    /// The run that used it last.
    pub fn session(&self) -> Option<&str> {
        self.record.session.as_deref()
    }

    /// When anything was last done with it, in milliseconds since 1970.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn touched_ms(&self) -> Result<u64, StoreError> {
        touched_ms(&self.directory.join(RECORD))
    }

    /// The stage that it was forked from.
    pub fn forked_from(&self) -> Option<&str> {
        self.record.forked_from.as_deref()
    }

    /// What takes what is written.
    pub fn top(&self) -> PathBuf {
        self.layer(self.record.layers.last())
    }

    /// The layers below, the uppermost first.
    pub fn frozen(&self) -> Vec<PathBuf> {
        self.record.layers.iter().rev().skip(1).map(|layer| self.layer(Some(layer))).collect()
    }

    /// Where it is kept what changed files were before.
    pub fn bases(&self) -> PathBuf {
        bases_of(&self.directory)
    }

    /// Where versions of files can lie for a program that shows them to its user, until they are removed, or the stage is
    /// opened next.
    pub fn looked_at(&self) -> PathBuf {
        self.directory.join(LOOKED_AT)
    }

    /// Its snapshots, the oldest first.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.record.snapshots
    }

    /// A run begins that may write to these places.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn begin(&mut self, session: &str, places: impl IntoIterator<Item = PathBuf>) -> Result<(), StoreError> {
        let places: BTreeSet<_> = places.into_iter().map(Letters::from).collect();
        let is_known = self.record.saved > 0 && self.record.session.is_some() && places.is_subset(&self.record.places);
        self.record.places.extend(places);
        self.record.session = Some(session.to_owned());
        self.record.used_ms = now_ms();
        if self.record.began.is_none() {
            let began = File::open(&self.directory).and_then(|directory| Time::stamp(&directory));
            self.record.began = Some(at(began, "touch", &self.directory)?);
        }
        if is_known { self.note() } else { self.save() }
    }

    /// What changed files were before is about to be taken for what lies in their places then, also if nobody lives to do it.
    /// What they were at snapshots is known no more.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn unsettle(&mut self) -> Result<(), StoreError> {
        self.record.began = Some(Time::LAST);
        self.save()?;
        self.known().iter().try_for_each(|place| at(points::forget(place, |_| false), "forget snapshots in", place))
    }

    /// When a run began since which nobody has called [`Stage::settled`].
    pub fn unsettled_since(&self) -> Option<Time> {
        self.record.began
    }

    /// When the snapshot was made that it has gone back to, until [`Stage::settled`] is called: what was taken over since stays.
    pub fn went_back_ms(&self) -> Option<u64> {
        self.record.went_back_ms
    }

    /// What changed files were before has been written down.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn settled(&mut self) -> Result<(), StoreError> {
        self.record.began = None;
        match self.record.went_back_ms.take() {
            // Found again after a run, its changes would be taken for what was taken over before.
            Some(_) => self.save(),
            // Should that get lost, nothing new is found by looking once more.
            None => self.note(),
        }
    }

    /// Whether there is no snapshot of that name.
    ///
    /// # Errors
    /// When there is one.
    pub fn can_snapshot(&self, name: &str) -> Result<(), StoreError> {
        match self.position(name) {
            Ok(_) => Err(StoreError::SnapshotExists { name: self.name.clone(), snapshot: name.to_owned() }),
            Err(_) => Ok(()),
        }
    }

    /// Whether there is a snapshot of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn can_restore(&self, name: &str) -> Result<(), StoreError> {
        self.position(name).map(drop)
    }

    fn position(&self, snapshot: &str) -> Result<usize, StoreError> {
        let missing = || StoreError::NoSnapshot { name: self.name.clone(), snapshot: snapshot.to_owned() };
        self.record.snapshots.iter().position(|known| known.name == snapshot).ok_or_else(missing)
    }

    /// A point to go back to.
    ///
    /// # Errors
    /// When there is one of that name, or the disk fails.
    pub fn snapshot(&mut self, name: &str) -> Result<(), StoreError> {
        self.can_snapshot(name)?;
        self.freeze()?;
        let layers = self.record.layers.len() - 1;
        let point = point(&self.record.layers[..layers]);
        self.known().iter().try_for_each(|place| at(points::keep(place, point), "keep what is known in", place))?;
        self.record.snapshots.push(Snapshot { name: name.to_owned(), made_ms: now_ms(), layers });
        self.save()
    }

    /// Back to a snapshot. It stays, so that one can go back to it again; later ones go. Unless something was taken over or back
    /// since, it is known at once what changed files were before; else the stage is unsettled since then.
    ///
    /// # Errors
    /// When there is none of that name, or the disk fails.
    pub fn restore(&mut self, name: &str) -> Result<(), StoreError> {
        let index = self.position(name)?;
        let Snapshot { layers, made_ms, .. } = self.record.snapshots[index];
        self.record.layers.truncate(layers);
        let point = point(&self.record.layers).to_owned();
        self.record.layers.push(new_layer());
        self.record.snapshots.truncate(index + 1);
        self.record.began.get_or_insert(Time::of_ms(made_ms));
        self.record.went_back_ms = Some(made_ms);
        self.save()?;
        if !self.back_to(&point)? {
            return Ok(());
        }
        // Nothing was taken over since.
        self.record.went_back_ms = None;
        self.settled()
    }

    /// Whether it is known what changed files were at a point. Then that is what is known.
    fn back_to(&self, point: &str) -> Result<bool, StoreError> {
        let is_there = |point: &str| point == NO_LAYER || self.record.layers.iter().any(|layer| layer == point);
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for place in self.known() {
            at(points::forget(&place, is_there), "forget snapshots in", &place)?;
            let is_known = at(points::back(&place, point), "go back in", &place)?;
            if is_known { known.push(place) } else { unknown.push(place) }
        }
        if !known.is_empty() {
            // Nothing had been written there.
            unknown.iter().try_for_each(|place| at(points::empty(place), "go back in", place))?;
        }
        Ok(!known.is_empty())
    }

    /// Where it is kept what changed files were before, for each place.
    fn known(&self) -> Vec<PathBuf> {
        let places = std::fs::read_dir(self.bases()).into_iter().flatten().flatten();
        places.map(|place| place.path()).collect()
    }

    /// The workspace is elsewhere by now. `rename` gives the directories of its places their new names.
    pub(super) fn moved(
        &mut self,
        workspace: &Path,
        new: &dyn Fn(&Path) -> PathBuf,
        rename: &dyn Fn(&Path) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.record.layers.iter().try_for_each(|layer| rename(&self.layer(Some(layer))))?;
        rename(&self.bases())?;
        self.record.places = self.places().map(|place| Letters::from(new(place))).collect();
        self.record.workspace = Letters::from(workspace);
        self.save()
    }

    /// Forgets everything that was written: as if it had just been made.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn empty(&mut self) -> Result<(), StoreError> {
        self.record.layers = vec![new_layer()];
        self.record.snapshots.clear();
        self.record.places.clear();
        self.save()?;
        remove(&self.bases())
    }

    /// Removes it with everything that was written and that no other stage stands on.
    ///
    /// # Errors
    /// When the disk fails; what is left goes at the next occasion.
    pub fn discard(self) -> Result<(), StoreError> {
        self.be_held()?;
        let record = self.directory.join(RECORD);
        at(std::fs::remove_file(&record), "remove", &record)?;
        self.stages.clone().tidy()
    }

    /// What was written so far is written to no more.
    pub(super) fn freeze(&mut self) -> Result<Record, StoreError> {
        self.be_held()?;
        let top = self.top();
        // Nothing was written: it need not become one layer more.
        if top.exists() {
            self.record.layers.push(new_layer());
            self.save()?;
        }
        Ok(self.record.clone())
    }

    fn layer(&self, name: Option<&String>) -> PathBuf {
        self.stages.layers().join(name.map_or("", String::as_str))
    }

    /// Refuses to change what somebody else uses.
    fn be_held(&self) -> Result<(), StoreError> {
        let in_use = || StoreError::InUse { name: self.name.clone() };
        self.lock.as_ref().map(|_| ()).ok_or_else(in_use)
    }

    fn save(&mut self) -> Result<(), StoreError> {
        self.be_held()?;
        self.record.save(&self.directory.join(RECORD))
    }

    fn note(&self) -> Result<(), StoreError> {
        self.be_held()?;
        note::leave(&self.record, &self.directory.join(RECORD))
    }
}

/// Where a stage keeps what changed files were before.
pub(super) fn bases_of(stage: &Path) -> PathBuf {
    stage.join("bases")
}

/// The name of the point at which a stage had these layers.
fn point(layers: &[String]) -> &str {
    layers.last().map_or(NO_LAYER, String::as_str)
}

/// Holds a stage; that nobody else does is found out without its record. Whoever only looks is waited for.
pub(super) fn hold(name: &str, directory: &Path) -> Result<File, StoreError> {
    let lock = lock_of(directory)?;
    let deadline = Instant::now() + LOOK_MAX;
    while !taken(lock.try_lock(), directory)? {
        if !taken(lock.try_lock_shared(), directory)? || Instant::now() > deadline {
            return Err(StoreError::InUse { name: name.to_owned() });
        }
        at(lock.unlock(), "unlock", directory)?;
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(lock)
}

fn lock_of(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join("lock");
    at(OpenOptions::new().create(true).truncate(false).write(true).open(&path), "open", &path)
}

/// Whether a lock was taken that somebody may hold.
pub(crate) fn taken(tried: Result<(), TryLockError>, directory: &Path) -> Result<bool, StoreError> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => at(Err(error), "lock", directory),
    }
}
