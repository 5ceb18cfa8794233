//! What is remembered of a run as long as it goes on, so that the next start settles one whose supervisor was ended.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use pinfold_confine::windows::probe::{Names, look_anew};
use pinfold_plan::Watch;
use serde::{Deserialize, Serialize};

use super::sight::obeyed_outside;
use super::store::Store;
use super::watch::{self, Quarantined};
use crate::error::CliError;

/// Largest record that is read back, in bytes.
const RECORD_BYTES_MAX: u64 = 16 << 20;

/// What there was before the run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Memory {
    pub(super) format: u32,
    /// Names that must not appear.
    pub(super) watch: Vec<Watch>,
    /// Names that are protected in every directory.
    pub(super) names: Names,
    /// The trees that were looked through.
    pub(super) roots: Vec<PathBuf>,
    /// Protected names and git directories that were there.
    pub(super) known: Vec<PathBuf>,
}

impl Memory {
    pub(super) const FORMAT: u32 = 1;
}

/// A run that goes on. Dropped, it needs no settling any more.
pub(super) struct Session {
    path: PathBuf,
    /// Locked as long as the run goes on.
    file: Option<File>,
}

impl Session {
    pub(super) fn begin(store: &Store, id: &str, memory: &Memory) -> Result<Self, CliError> {
        let path = store.sessions().join(format!("{id}.json"));
        let cannot = |error: std::io::Error| {
            CliError::new(format!("{} cannot be written", path.display())).why(error.to_string())
        };
        let text = serde_json::to_vec(memory).map_err(|error| cannot(error.into()))?;
        std::fs::create_dir_all(store.sessions()).map_err(cannot)?;
        let mut file = File::options().read(true).write(true).create_new(true).open(&path).map_err(cannot)?;
        file.lock().and_then(|()| file.write_all(&text)).map_err(cannot)?;
        Ok(Self { path, file: Some(file) })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.file.take());
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Settles what runs have left whose supervisors are gone, and gives what was moved away.
pub(super) fn settle(store: &Store) -> Vec<Quarantined> {
    let records = std::fs::read_dir(store.sessions()).into_iter().flatten().flatten().map(|entry| entry.path());
    records
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .flat_map(|path| one(store, &path))
        .collect()
}

fn one(store: &Store, path: &Path) -> Vec<Quarantined> {
    let Ok(mut file) = File::options().read(true).write(true).open(path) else { return Vec::new() };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return Vec::new(),
    }
    let mut text = Vec::new();
    let read = Read::by_ref(&mut file).take(RECORD_BYTES_MAX).read_to_end(&mut text);
    // A record that was cut off belongs to a run that never started its command.
    let memory: Option<Memory> = read.ok().and_then(|_| serde_json::from_slice(&text).ok());
    let id = path.file_stem().map(|id| id.to_string_lossy().into_owned()).unwrap_or_default();
    let left = memory.filter(|memory| memory.format == Memory::FORMAT).map(|memory| {
        let found =
            look_anew(&memory.names, &memory.roots, &memory.known).map(|appearance| obeyed_outside(&appearance));
        watch::appeared(&memory.watch, found.unwrap_or_default())
    });
    let moved = watch::quarantine(left.unwrap_or_default(), &store.quarantine(&id));
    drop(file);
    let _ = std::fs::remove_file(path);
    moved
}
