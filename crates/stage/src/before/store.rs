//! All runs of a workspace that can be undone.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::content::Contents;
use super::keeping::Keeping;
use super::log::Log;
use super::record::{self, ABOUT, KEPT, LOG, Record, UndoError, at};
use crate::letters::Letters;
use crate::limits;
use crate::store::{now_ms, read_json, write_json};
use crate::store::{remove_tree, space_of};
use crate::tree::Tree;

/// The version of all that is written down.
const FORMAT: u32 = 1;
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

    pub(super) fn trees(&self, open: impl Fn(&Path) -> io::Result<Tree>) -> Result<Vec<Tree>, UndoError> {
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
    pub fn begin(&self, session: &str, places: &[PathBuf]) -> Result<(Begun, Keeping), UndoError> {
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
        at(write_json(&about, &path).map_err(io::Error::other), "write", &path)?;
        Ok((Begun { directory, about, lock }, keeping))
    }

    /// Finishes what was being kept or undone when somebody was killed, and forgets the oldest of many.
    ///
    /// # Errors
    /// When the disk fails, or an undoing can neither be finished nor turned back.
    pub fn settle(&self) -> Result<(), UndoError> {
        let mut ended = Vec::new();
        for directory in self.directories()? {
            let Some(lock) = try_lock(&directory)? else { continue };
            let about = if is_aside(&directory) { None } else { read_about(&directory)? };
            let Some(about) = about else {
                remove(&directory)?;
                continue;
            };
            if !record::has_ended(&directory) {
                record::end(&directory, &about, true)?;
            }
            let mut record = Record::read(directory, about, lock)?;
            if record.recover()? { ended.push(record) } else { record.forget()? }
        }
        ended.sort_by_key(|record| std::cmp::Reverse(record.made_ms()));
        ended.into_iter().skip(limits::KEPT_RUNS).try_for_each(Record::forget)
    }

    /// Those that have ended, the last one first.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn list(&self) -> Result<Vec<Kept>, UndoError> {
        let mut list = Vec::new();
        for directory in
            self.directories()?.into_iter().filter(|directory| !is_aside(directory) && record::has_ended(directory))
        {
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
    pub fn open(&self, session: &str) -> Result<Option<Record>, UndoError> {
        let is_name = !session.is_empty() && session.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let directory = self.root.join(session);
        if !is_name || !record::has_ended(&directory) {
            return Ok(None);
        }
        let (Some(lock), Some(about)) = (try_lock(&directory)?, read_about(&directory)?) else { return Ok(None) };
        Record::read(directory, about, lock).map(Some)
    }

    fn directories(&self) -> Result<Vec<PathBuf>, UndoError> {
        match std::fs::read_dir(&self.root) {
            Ok(entries) => Ok(entries.flatten().map(|entry| entry.path()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => at(Err(error), "list", &self.root),
        }
    }
}

impl Begun {
    /// Looks at what the run has left, once nothing of it lives. Nothing where it has changed nothing.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn end(self) -> Result<Option<Record>, UndoError> {
        record::end(&self.directory, &self.about, false)?;
        let record = Record::read(self.directory, self.about, self.lock)?;
        if record.changes().is_empty() && record.ended().gap.is_none() {
            return record.forget().map(|()| None);
        }
        Ok(Some(record))
    }
}

/// The records of other runs of the workspace that have ended.
pub(super) fn others(of: &Path) -> Result<Vec<Record>, UndoError> {
    let befores = Befores::new(of.parent().unwrap_or(of).to_owned());
    let mut others = Vec::new();
    for kept in befores.list()? {
        // That of the run itself is held.
        others.extend(befores.open(&kept.session)?);
    }
    Ok(others)
}

fn read_about(directory: &Path) -> Result<Option<About>, UndoError> {
    let path = directory.join(ABOUT);
    if !path.exists() {
        return Ok(None);
    }
    let about: About = at(read_json(&path).map_err(io::Error::other), "read", &path)?;
    if about.format != FORMAT {
        return at(Err(io::Error::other("another version of pinfold has written it")), "read", &path);
    }
    Ok(Some(about))
}

fn try_lock(directory: &Path) -> Result<Option<File>, UndoError> {
    let lock = at(File::open(directory), "open", directory)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => at(Err(error), "lock", directory),
    }
}

fn make(directory: &Path) -> Result<(), UndoError> {
    use std::os::unix::fs::DirBuilderExt;
    at(std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory), "make", directory)
}

/// Under another name first, so that nobody takes what is left for a run.
pub(super) fn remove(directory: &Path) -> Result<(), UndoError> {
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
