//! Which identifiers are in use: a file for each use, locked by whoever uses it.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use pinfold_acl::Sid;

use crate::windows::durable::{StateError, at};

/// The use of an identifier. It ends when this is dropped, also by the death of its holder.
#[derive(Debug)]
pub(super) struct Use {
    path: PathBuf,
    _file: File,
}

/// The directory of these files.
#[derive(Debug)]
pub(super) struct Uses {
    directory: PathBuf,
}

impl Uses {
    pub(super) fn of(directory: &Path) -> Result<Self, StateError> {
        let directory = directory.join("uses");
        at(std::fs::create_dir_all(&directory), "make", &directory)?;
        Ok(Self { directory })
    }

    /// Those that are in use, other than by these. The files of uses that have ended are removed.
    pub(super) fn present(&self, besides: &[Use]) -> Result<BTreeSet<Sid>, StateError> {
        let mut present = BTreeSet::new();
        for entry in at(std::fs::read_dir(&self.directory), "list", &self.directory)? {
            let path = at(entry, "list", &self.directory)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(Ok(sid)) = name.split_once('_').map(|(sid, _)| sid.parse::<Sid>()) else { continue };
            if besides.iter().any(|own| own.path == path) {
                continue;
            }
            match at(is_locked(&path), "lock", &path)? {
                true => drop(present.insert(sid)),
                // Somebody who is just ending may be quicker.
                false => drop(std::fs::remove_file(&path)),
            }
        }
        Ok(present)
    }

    /// Begins a use.
    pub(super) fn begin(&self, sid: &Sid) -> Result<Use, StateError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Of an earlier process with this number nothing is locked any more.
        let path = self.directory.join(format!("{sid}_{}-{number}", std::process::id()));
        let file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path);
        let file = at(file, "open", &path)?;
        at(file.lock(), "lock", &path)?;
        Ok(Use { path, _file: file })
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        // As long as it is there it is locked, and nobody else makes one of this name: whoever looks finds it in use or not at
        // all, without the lock of the directory. That of a killed process stays, unlocked, and the next one removes it.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        // It is just going, where the system keeps a name until the last handle is closed.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(true),
        file => file?,
    };
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
