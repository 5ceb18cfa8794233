//! All stages of a workspace.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::rand::{GetRandomFlags, getrandom};

use super::applied::Applied;
use super::error::{StoreError, at};
use super::record::Record;
use super::remove::{remove, space_of};
use super::stage::{Stage, bases_of, hold};

/// What names the run that began last, wherever a run is named.
pub(super) const RESERVED: &str = "last";
/// The longest name of a stage, in bytes.
pub(super) const NAME_MAX: usize = 64;
/// The record of a stage, in its directory.
pub(super) const RECORD: &str = "stage.json";

/// All stages of a workspace, in a directory of their own.
#[derive(Debug, Clone)]
pub struct Stages {
    root: PathBuf,
}

/// A stage as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// When it was last run in.
    pub used_ms: u64,
    /// When anything was last done with it.
    pub touched_ms: u64,
    /// What its layers take on the disk, in bytes; those that others stand on as well are counted in each.
    pub bytes: u64,
    /// The names of its snapshots, the oldest first.
    pub snapshots: Vec<String>,
    /// The stage that it was forked from.
    pub forked_from: Option<String>,
    /// Whether a run or another command uses it.
    pub in_use: bool,
    /// Whether something was taken over from it and not taken back, as far as that is remembered.
    pub applied: bool,
}

/// What of stages is not as it should be.
#[derive(Debug, Default)]
pub struct Damage {
    /// Records that cannot be read.
    pub records: Vec<StoreError>,
    /// How many were killed while they took something over or back.
    pub unsettled: usize,
    /// What layers that no stage stands on take, in bytes. It is not known where a record cannot be read.
    pub unneeded_bytes: u64,
}

impl Stages {
    /// Those below a directory, which is made with the first of them.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where one would keep what it writes, before it is made.
    pub fn planned(&self) -> PathBuf {
        self.layers().join("0")
    }

    /// A new stage.
    ///
    /// # Errors
    /// When there is one of that name, the name does not do, or the disk fails.
    pub fn make(&self, name: &str, workspace: &Path) -> Result<Stage, StoreError> {
        let _lock = self.lock()?;
        let directory = self.room(name)?;
        Stage::fresh(self.clone(), name, directory, Record::new(workspace, new_layer(), now_ms()))
    }

    /// The stage of that name, to be used.
    ///
    /// # Errors
    /// When there is none, it is used otherwise, or the disk fails.
    pub fn open(&self, name: &str) -> Result<Stage, StoreError> {
        Stage::take(self.clone(), name, self.known(name)?)
    }

    /// The stage of that name, only to be looked at: whoever wants to use it waits as long.
    ///
    /// # Errors
    /// As [`Stages::open`].
    pub fn look_at(&self, name: &str) -> Result<Stage, StoreError> {
        Stage::look_at(self.clone(), name, self.known(name)?)
    }

    /// The stage of that name, also while somebody uses it: what is in it may change at any moment, and it cannot be changed by
    /// what this gives.
    ///
    /// # Errors
    /// When there is none, or the disk fails.
    pub fn see(&self, name: &str) -> Result<Stage, StoreError> {
        if !self.has(name) {
            return Err(StoreError::Unknown { name: name.to_owned() });
        }
        Stage::seen(self.clone(), name, self.directory(name)?)
    }

    fn known(&self, name: &str) -> Result<PathBuf, StoreError> {
        let directory = self.directory(name)?;
        if !directory.join(RECORD).exists() {
            // Whoever has just made it writes it down when its run begins.
            let held = directory.exists().then(|| hold(name, &directory)).transpose()?;
            drop(held);
            return Err(StoreError::Unknown { name: name.to_owned() });
        }
        Ok(directory)
    }

    /// Whether a second stage can have this name.
    ///
    /// # Errors
    /// When there is one of that name, or it is none.
    pub fn can_fork(&self, name: &str) -> Result<(), StoreError> {
        if self.directory(name)?.exists() { Err(StoreError::Exists { name: name.to_owned() }) } else { Ok(()) }
    }

    /// A second stage that goes on from where one is, in no more time than it takes to write down its name.
    ///
    /// # Errors
    /// As [`Stages::make`].
    pub fn fork(&self, from: &mut Stage, name: &str) -> Result<Stage, StoreError> {
        let _lock = self.lock()?;
        self.can_fork(name)?;
        let mut record = from.freeze()?;
        record.layers.pop();
        record.layers.push(new_layer());
        (record.made_ms, record.forked_from) = (now_ms(), Some(from.name().to_owned()));
        let directory = self.room(name)?;
        let bases = bases_of(&directory);
        at(copy_all(&from.bases(), &bases), "copy what files were before to", &bases)?;
        record.save(&directory.join(RECORD))?;
        Stage::take(self.clone(), name, directory)
    }

    /// All of them, the one that was used last first. Whose record is damaged is named, too.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn list(&self) -> Result<Vec<Result<Summary, StoreError>>, StoreError> {
        let applied = self.all_applied().unwrap_or_default();
        let applied = applied.iter().filter(|applied| applied.stands()).map(Applied::stage).collect();
        let mut all: Vec<_> = self.names()?.into_iter().map(|name| self.summary(name, &applied)).collect();
        let used = |one: &Result<Summary, StoreError>| one.as_ref().map_or(0, |summary| summary.used_ms);
        all.sort_by_key(|one| std::cmp::Reverse(used(one)));
        Ok(all)
    }

    /// Whether there is one of that name.
    pub fn has(&self, name: &str) -> bool {
        self.directory(name).is_ok_and(|directory| directory.join(RECORD).exists())
    }

    /// Gives up a stage of which nobody knows any more what belongs to it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn give_up(&self, name: &str) -> Result<(), StoreError> {
        let directory = self.directory(name)?;
        remove(&directory)?;
        self.tidy()
    }

    /// The name of the one that was used last.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn last(&self) -> Result<Option<String>, StoreError> {
        let used =
            |name: &String| Record::read(&self.stages().join(name).join(RECORD)).map_or(0, |record| record.used_ms);
        Ok(self.names()?.into_iter().max_by_key(used))
    }

    /// Removes layers that no stage names, stages that were being made or removed when somebody was killed or that no run has
    /// begun in, and what cannot be undone any more.
    ///
    /// # Errors
    /// When the disk fails, or a record is damaged: then nobody knows which layers are needed.
    pub fn tidy(&self) -> Result<(), StoreError> {
        if !self.root.exists() {
            return Ok(());
        }
        let _lock = self.lock()?;
        let mut needed = BTreeSet::new();
        let stages = self.stages();
        for name in listed(&stages)? {
            let directory = stages.join(&name);
            let record = directory.join(RECORD);
            let layers = if record.exists() { Record::read(&record)?.needed() } else { None };
            match layers {
                Some(layers) => needed.extend(layers),
                None if matches!(hold(&name, &directory), Err(StoreError::InUse { .. })) => {}
                None => remove(&directory)?,
            }
        }
        let layers = self.layers();
        let unneeded = listed(&layers)?.into_iter().filter(|layer| !needed.contains(layer));
        unneeded.map(|layer| layers.join(layer)).try_for_each(|layer| remove(&layer))?;
        self.forget_applied()
    }

    /// What is not as it should be. Nothing is changed.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn damage(&self) -> Result<Damage, StoreError> {
        let mut damage = Damage { unsettled: self.unsettled()?, ..Damage::default() };
        let mut needed = BTreeSet::new();
        for name in self.names()? {
            match Record::read(&self.stages().join(&name).join(RECORD)) {
                Ok(record) => needed.extend(record.layers),
                Err(error) => damage.records.push(error),
            }
        }
        if damage.records.is_empty() {
            let unneeded = listed(&self.layers())?.into_iter().filter(|layer| !needed.contains(layer));
            damage.unneeded_bytes = unneeded.map(|layer| space_of(&self.layers().join(layer))).sum();
        }
        Ok(damage)
    }

    fn summary(&self, name: String, applied: &BTreeSet<&str>) -> Result<Summary, StoreError> {
        let path = self.stages().join(&name).join(RECORD);
        let record = Record::read(&path)?;
        let in_use = matches!(self.look_at(&name), Err(StoreError::InUse { .. }));
        Ok(Summary {
            made_ms: record.made_ms,
            used_ms: record.used_ms,
            touched_ms: touched_ms(&path)?,
            applied: applied.contains(&*name),
            bytes: record.layers.iter().map(|layer| space_of(&self.layers().join(layer))).sum(),
            snapshots: record.snapshots.into_iter().map(|snapshot| snapshot.name).collect(),
            forked_from: record.forked_from,
            in_use,
            name,
        })
    }

    /// The names of all of them, in order.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        let stages = self.stages();
        Ok(listed(&stages)?.into_iter().filter(|name| stages.join(name).join(RECORD).exists()).collect())
    }

    /// The directory of a new stage. Its layers are made when they are written to.
    fn room(&self, name: &str) -> Result<PathBuf, StoreError> {
        let directory = self.directory(name)?;
        if directory.join(RECORD).exists() {
            return Err(StoreError::Exists { name: name.to_owned() });
        }
        if directory.exists() {
            // Of one that was being removed, or that no run has begun in.
            let _held = hold(name, &directory)?;
            remove(&directory)?;
        }
        make(&directory)?;
        Ok(directory)
    }

    /// While it is held, stages neither come nor go.
    pub(super) fn lock(&self) -> Result<File, StoreError> {
        make(&self.root)?;
        let path = self.root.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = at(file, "open", &path)?;
        at(file.lock(), "lock", &path)?;
        Ok(file)
    }

    fn directory(&self, name: &str) -> Result<PathBuf, StoreError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(fits) && !name.starts_with('.');
        let does = fits && name != RESERVED;
        if does { Ok(self.stages().join(name)) } else { Err(StoreError::Name { name: name.to_owned() }) }
    }

    /// The directory of all of them.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn stages(&self) -> PathBuf {
        self.root.join("stages")
    }

    pub(super) fn applied(&self) -> PathBuf {
        self.root.join("applied")
    }

    pub(super) fn layers(&self) -> PathBuf {
        self.root.join("layers")
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    ms(SystemTime::now())
}

/// When a record was written.
pub(super) fn touched_ms(record: &Path) -> Result<u64, StoreError> {
    let modified = record.metadata().and_then(|metadata| metadata.modified());
    at(modified, "look at", record).map(ms)
}

fn ms(time: SystemTime) -> u64 {
    let elapsed = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// A name that no other layer has.
pub(super) fn new_layer() -> String {
    let mut bytes = [0_u8; 8];
    let _ = getrandom(&mut bytes, GetRandomFlags::empty());
    format!("{:016x}", u64::from_be_bytes(bytes))
}

pub(crate) fn make(directory: &Path) -> Result<(), StoreError> {
    at(std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory), "make", directory)
}

/// The names in a directory that are text; none where it is missing.
pub(crate) fn listed(directory: &Path) -> Result<Vec<String>, StoreError> {
    match std::fs::read_dir(directory) {
        Ok(entries) => Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => at(Err(error), "list", directory),
    }
}

/// Copies a directory of files and directories of pinfold's own, whose documents are replaced whenever they change.
fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else if target.extension().is_some_and(|extension| extension == "json") {
            std::fs::hard_link(entry.path(), target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
