//! Every other system: the standard library, by path. Correct where nobody races, and no faster than that.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{Device, Stamp, Thing, thing_of};
use crate::Kind;

/// A directory, by its path.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

/// Nothing: the standard library has its own.
pub(crate) struct Buffer;

impl Buffer {
    pub(crate) fn new() -> Self {
        Self
    }
}

impl Dir {
    pub(crate) fn open_root(path: &Path) -> io::Result<Self> {
        fs::read_dir(path)?;
        // On Windows, the form in which every name counts as it is written, dots and spaces at its end included.
        Ok(Self(fs::canonicalize(path)?))
    }

    pub(crate) fn open_resolved(path: &Path) -> io::Result<Self> {
        Self::open_root(path)
    }

    pub(crate) fn open_beneath(&self, path: &[u8]) -> io::Result<Self> {
        let mut here = self.0.clone();
        for component in super::path(path).components() {
            here.push(component);
            if !fs::symlink_metadata(&here)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        }
        Ok(Self(here))
    }

    pub(crate) fn stamp(&self) -> io::Result<Stamp> {
        Ok(thing_of(&fs::symlink_metadata(&self.0)?).stamp)
    }

    /// What is changed is told on Linux only: nothing here asks for a device.
    pub(crate) fn stamp_and_device(&self) -> io::Result<(Stamp, Device)> {
        Ok((self.stamp()?, 0))
    }

    pub(crate) fn stamp_beneath(&self, path: &[u8]) -> io::Result<Stamp> {
        let thing = self.look(path)?;
        match thing.kind {
            Kind::Directory => Ok(thing.stamp),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    pub(crate) fn look(&self, path: &[u8]) -> io::Result<Thing> {
        Ok(thing_of(&fs::symlink_metadata(self.0.join(super::path(path)))?))
    }

    pub(crate) fn entries(&self, _buffer: &mut Buffer, mut each: impl FnMut(&[u8], Kind, u64)) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let Ok(file_type) = entry.file_type() else {
                continue;
            };
            let mut name = entry.file_name().into_encoded_bytes();
            name.push(0);
            each(&name, kind_of(file_type), 0);
        }
        Ok(())
    }

    pub(crate) fn read_file(&self, name: &[u8], limit: usize) -> io::Result<Vec<u8>> {
        let path = self.0.join(super::path(name));
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut content = Vec::new();
        File::open(path)?.take(limit as u64 + 1).read_to_end(&mut content)?;
        if content.len() > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(content)
    }

    pub(crate) fn read_link(&self, name: &[u8]) -> io::Result<PathBuf> {
        fs::read_link(self.0.join(super::path(name)))
    }
}

pub(super) fn kind_of(file_type: fs::FileType) -> Kind {
    match file_type {
        _ if file_type.is_symlink() => Kind::Symlink,
        _ if file_type.is_dir() => Kind::Directory,
        _ if file_type.is_file() => Kind::File,
        _ => Kind::Other,
    }
}

pub(super) fn since_1970(time: io::Result<std::time::SystemTime>) -> i64 {
    time.ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .and_then(|age| i64::try_from(age.as_nanos()).ok())
        .unwrap_or(0)
}
