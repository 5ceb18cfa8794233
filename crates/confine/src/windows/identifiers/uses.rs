//! Which identifiers are in use: a file for each, which those who use it lock together.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use pinfold_acl::Sid;

use crate::windows::durable::{StateError, at};

/// The use of an identifier. It ends when this is dropped, also by the death of its holder.
#[derive(Debug)]
pub struct Use {
    _file: File,
}

/// The directory of these files. They come and go under the lock of the directory above only.
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

    /// Those that are in use. The files of others are removed.
    pub(super) fn present(&self) -> Result<BTreeSet<Sid>, StateError> {
        let mut present = BTreeSet::new();
        for entry in at(std::fs::read_dir(&self.directory), "list", &self.directory)? {
            let path = at(entry, "list", &self.directory)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Ok(sid) = name.parse::<Sid>() else { continue };
            match at(is_locked(&path), "lock", &path)? {
                true => drop(present.insert(sid)),
                false => at(std::fs::remove_file(&path), "remove", &path)?,
            }
        }
        Ok(present)
    }

    pub(super) fn begin(&self, sid: &Sid) -> Result<Use, StateError> {
        let path = self.directory.join(sid.to_string());
        let file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path);
        let file = at(file, "open", &path)?;
        at(file.lock_shared(), "lock", &path)?;
        Ok(Use { _file: file })
    }
}

fn is_locked(path: &Path) -> std::io::Result<bool> {
    match OpenOptions::new().read(true).write(true).open(path)?.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
