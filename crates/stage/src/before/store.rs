//! All runs of a workspace that can be undone.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::changed;
use super::content::Contents;
use super::end::end;
use super::keeping::Keeping;
use super::log::Log;
use super::record::{Record, transaction_of};
use crate::letters::Letters;
use crate::limits;
use crate::store::{
    ApplyError, StoreError, at, listed, make, now_ms, read_json, remove_tree, space_of, taken, write_json,
};
use crate::tree::Tree;

/// The version of all that is written down.
const FORMAT: u32 = 1;
const ABOUT: &str = "about.json";
pub(super) const LOG: &str = "log";
pub(super) const KEPT: &str = "kept";
/// How names of what is being removed begin.
const ASIDE: &str = ".";

/// All runs of a workspace that can be undone, in a directory of their own.
#[derive(Debug, Clone)]
pub struct Befores {
    root: PathBuf,
}

/// One that is going on.
#[derive(Debug)]
pub struct Begun {
    directory: PathBuf,
    about: About,
    lock: File,
}

/// One that has ended, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The run.
    pub session: String,
    /// When it began, in milliseconds since 1970.
    pub made_ms: u64,
    /// What is kept of it on the disk, in bytes; blocks that are shared with files count as well.
    pub bytes: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct About {
    format: u32,
    pub(super) session: String,
    pub(super) made_ms: u64,
    pub(super) places: Vec<Letters>,
}

impl About {
    pub(super) fn place(&self, place: usize) -> &Path {
        self.places[place].path()
    }

    /// Whether somebody has begun to undo it in one of its places.
    fn is_being_undone(&self, directory: &Path) -> bool {
        (0..self.places.len()).any(|place| transaction_of(directory, place).exists())
    }

    pub(super) fn trees(&self, open: impl Fn(&Path) -> io::Result<Tree>) -> Result<Vec<Tree>, StoreError> {
        self.places.iter().map(|place| at(open(place.path()), "open", place.path())).collect()
    }
}

impl Befores {
    /// Those below a directory, which is made with the first of them.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Begins to keep what a run of that name changes in places.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn begin(&self, session: &str, places: &[PathBuf]) -> Result<(Begun, Keeping), StoreError> {
        let directory = self.root.join(session);
        make(&directory)?;
        let lock = at(File::open(&directory), "open", &directory)?;
        at(lock.lock(), "lock", &directory)?;
        let places = places.iter().map(Letters::from).collect();
        let about = About { format: FORMAT, session: session.to_owned(), made_ms: now_ms(), places };
        let trees = about.trees(Tree::layer)?;
        let (log, kept) = (directory.join(LOG), directory.join(KEPT));
        let keeping = Keeping::new(
            trees,
            at(Log::create(&log), "make", &log)?,
            at(Contents::create(kept.clone()), "make", &kept)?,
        );
        let path = directory.join(ABOUT);
        write_json(&about, &path)?;
        Ok((Begun { directory, about, lock }, keeping))
    }

    /// Finishes what was being kept or undone when somebody was killed, and forgets the oldest of many.
    ///
    /// # Errors
    /// When the disk fails, or an undoing can neither be finished nor turned back.
    pub fn settle(&self) -> Result<(), ApplyError> {
        let mut kept = Vec::new();
        for directory in self.directories()? {
            let Some(lock) = try_lock(&directory)? else { continue };
            let about = if is_aside(&directory) { None } else { read_about(&directory)? };
            let Some(about) = about else {
                remove(&directory)?;
                continue;
            };
            let made_ms = about.made_ms;
            if let Some(lock) = go_on(&directory, about, lock)? {
                kept.push((made_ms, directory, lock));
            }
        }
        kept.sort_by_key(|(made_ms, ..)| std::cmp::Reverse(*made_ms));
        Ok(kept.iter().skip(limits::KEPT_RUNS).try_for_each(|(_, directory, _)| remove(directory))?)
    }

    /// Those that have ended, the last one first.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn list(&self) -> Result<Vec<Kept>, StoreError> {
        let mut list = Vec::new();
        let has_ended = |directory: &PathBuf| !is_aside(directory) && changed::are_known(directory);
        for directory in self.directories()?.into_iter().filter(has_ended) {
            if let Some(about) = read_about(&directory)? {
                list.push(Kept { session: about.session, made_ms: about.made_ms, bytes: space_of(&directory) });
            }
        }
        list.sort_by_key(|kept| std::cmp::Reverse(kept.made_ms));
        Ok(list)
    }

    /// That of a run; nothing where there is none, or it is not over.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(&self, session: &str) -> Result<Option<Record>, StoreError> {
        let is_name = !session.is_empty() && session.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let directory = self.root.join(session);
        if !is_name || !changed::are_known(&directory) {
            return Ok(None);
        }
        let (Some(lock), Some(about)) = (try_lock(&directory)?, read_about(&directory)?) else { return Ok(None) };
        Record::read(directory, about, lock).map(Some)
    }

    fn directories(&self) -> Result<Vec<PathBuf>, StoreError> {
        Ok(listed(&self.root)?.into_iter().map(|name| self.root.join(name)).collect())
    }
}

impl Begun {
    /// Looks at what the run has left, once nothing of it lives. Of one that has changed nothing nothing is kept.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn end(self) -> Result<Record, StoreError> {
        end(&self.directory, &self.about, false)?;
        let record = Record::read(self.directory.clone(), self.about, self.lock)?;
        if record.changes().is_empty() {
            remove(&self.directory)?;
        }
        Ok(record)
    }
}

/// Goes on with what somebody was killed over. Gives the lock back as long as there is something to undo.
///
/// There is of a run that was brought to its end and that nobody has begun to undo. What it has changed may be a long list, which
/// is not read whenever another run begins.
fn go_on(directory: &Path, about: About, lock: File) -> Result<Option<File>, ApplyError> {
    let has_ended = changed::are_known(directory);
    if has_ended && !about.is_being_undone(directory) {
        return Ok(Some(lock));
    }
    if !has_ended {
        end(directory, &about, true)?;
    }
    Record::read(directory.to_owned(), about, lock)?.recover()
}

/// The records of other runs of the workspace that have ended. That of the run itself is held.
pub(super) fn others(of: &Path) -> Result<Vec<Record>, StoreError> {
    let root = of.parent().unwrap_or(of);
    let befores = Befores::new(root.to_owned());
    listed(root)?.iter().filter_map(|session| befores.open(session).transpose()).collect()
}

fn read_about(directory: &Path) -> Result<Option<About>, StoreError> {
    let path = directory.join(ABOUT);
    if !path.exists() {
        return Ok(None);
    }
    let about: About = read_json(&path)?;
    if about.format != FORMAT {
        return Err(StoreError::Damaged { path, why: "another version of pinfold has written it".to_owned() });
    }
    Ok(Some(about))
}

fn try_lock(directory: &Path) -> Result<Option<File>, StoreError> {
    let lock = at(File::open(directory), "open", directory)?;
    Ok(taken(lock.try_lock(), directory)?.then_some(lock))
}

/// Under another name first, so that nobody takes what is left for a run.
pub(super) fn remove(directory: &Path) -> Result<(), StoreError> {
    let aside = match directory.file_name() {
        Some(name) if !is_aside(directory) => {
            directory.with_file_name([OsStr::new(ASIDE), name].into_iter().collect::<OsString>())
        }
        _ => directory.to_owned(),
    };
    if aside != directory {
        at(std::fs::rename(directory, &aside), "rename", directory)?;
    }
    at(remove_tree(&aside), "remove", &aside)
}

fn is_aside(directory: &Path) -> bool {
    directory.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(ASIDE.as_bytes()))
}
