//! Every other system: the standard library, by path. Correct where nobody races, and no faster than that.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Component, Path, PathBuf, Prefix},
    sync::OnceLock,
    time::{Instant, SystemTime},
};

use super::{Buffer, Clocks, Device, Facts, Seen, Stamp, Thing, entries, thing_of};
use crate::Kind;

/// A directory, by its path.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

/// The clock that files get their times from may be behind by a tick: 15.6 ms on Windows where nobody asked for more.
const TICK_NS: i64 = 16_000_000;

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

    pub(crate) fn stamp_and_device(&self) -> io::Result<(Stamp, Device)> {
        let known = fs::symlink_metadata(&self.0)?;
        Ok((thing_of(&known).stamp, entries::device_of(&known)))
    }

    /// Whether a server gives the times here.
    pub(crate) fn has_foreign_clock(&self) -> bool {
        let is_share = |prefix: Prefix<'_>| matches!(prefix, Prefix::UNC(..) | Prefix::VerbatimUNC(..));
        matches!(self.0.components().next(), Some(Component::Prefix(prefix)) if is_share(prefix.kind()))
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

    pub(crate) fn entries(&self, buffer: &mut Buffer, each: impl FnMut(&[u8], Kind, Seen)) -> io::Result<()> {
        entries::read(&self.0, buffer, each)
    }

    pub(crate) fn facts(&self, name: &[u8], seen: Seen, _sync: bool) -> io::Result<Facts> {
        entries::facts(|| self.0.join(super::path(name)), seen)
    }

    pub(crate) fn open_file(&self, name: &[u8]) -> io::Result<File> {
        let path = self.0.join(super::path(name));
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        entries::open(&path)
    }

    pub(crate) fn read_file(&self, name: &[u8], limit: usize) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.open_file(name)?.take(limit as u64 + 1).read_to_end(&mut content)?;
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

/// What the clocks show now.
pub(crate) fn clocks() -> Clocks {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let steady = BEGIN.get_or_init(Instant::now).elapsed();
    let settable_ns = since_1970(Ok(SystemTime::now()));
    Clocks {
        files_ns: settable_ns.saturating_sub(TICK_NS),
        settable_ns,
        steady_ns: i64::try_from(steady.as_nanos()).unwrap_or(i64::MAX),
    }
}

pub(super) fn since_1970(time: io::Result<SystemTime>) -> i64 {
    time.ok()
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
        .and_then(|age| i64::try_from(age.as_nanos()).ok())
        .unwrap_or(0)
}
