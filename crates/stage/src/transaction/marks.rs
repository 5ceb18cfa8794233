//! The directory of a transaction, and the files in it that say how far it is.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::begun::Begun;
use super::error::{Damage, Error};
use super::faults;
use super::finished::Finished;
use super::journal::Journal;

/// What somebody could have made of a file of ours; some million paths.
const MOST: u64 = 1 << 30;

/// How far a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Things are being made.
    Begun,
    /// All is made, and is being carried out.
    Journal,
    /// It is being turned back.
    Abandoned,
    /// It was.
    RolledBack,
    /// All is done.
    Finished,
}

impl Mark {
    /// The file that says so.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Journal => "journal",
            Self::Abandoned => "abandoned",
            Self::RolledBack => "rolled-back",
            Self::Finished => "finished",
        }
    }
}

/// The directory of a transaction.
#[derive(Debug)]
pub(super) struct Marks {
    directory: OwnedFd,
    path: PathBuf,
}

impl Marks {
    /// Opens it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { directory: rustix::fs::open(path, flags, Mode::empty())?, path: path.to_owned() })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The directory.
    pub(super) fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Whether it is so far.
    pub(super) fn has(&self, mark: Mark) -> io::Result<bool> {
        self.holds(mark.name())
    }

    /// Whether something lies there.
    pub(super) fn holds(&self, name: &str) -> io::Result<bool> {
        match rustix::fs::statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a file beside its place, and leaves it there.
    pub(super) fn draft(&self, mark: Mark, text: &impl serde::Serialize) -> io::Result<()> {
        faults::point()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.directory, draft(mark), flags, Mode::RUSR | Mode::WUSR)?;
        let bytes = serde_json::to_vec(text)?;
        if bytes.len() as u64 > MOST {
            return Err(Errno::FBIG.into());
        }
        faults::point()?;
        let mut file = File::from(file);
        file.write_all(&bytes)?;
        file.sync_all()
    }

    /// Puts what was written in its place. From now on it counts.
    pub(super) fn set(&self, mark: Mark) -> io::Result<()> {
        self.rename(&draft(mark), mark.name())
    }

    /// From one mark to the next, which needs no space.
    pub(super) fn turn(&self, from: Mark, to: Mark) -> io::Result<()> {
        self.rename(from.name(), to.name())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        faults::point()?;
        rustix::fs::renameat(&self.directory, from, &self.directory, to)?;
        self.sync()
    }

    /// An empty file that is there for good.
    pub(super) fn touch(&self, name: &str) -> io::Result<()> {
        faults::point()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.directory, name, flags, Mode::RUSR | Mode::WUSR)?;
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        faults::point()?;
        Ok(rustix::fs::fsync(&self.directory)?)
    }

    /// What it is about.
    pub(super) fn begun(&self) -> Result<Begun, Error> {
        self.read(Mark::Begun, Begun::parse)
    }

    /// What it does.
    pub(super) fn journal(&self, mark: Mark) -> Result<Journal, Error> {
        self.read(mark, Journal::parse)
    }

    /// What it left.
    pub(super) fn finished(&self) -> Result<Finished, Error> {
        self.read(Mark::Finished, Finished::parse)
    }

    fn read<T>(&self, mark: Mark, parse: fn(&[u8]) -> Result<T, Damage>) -> Result<T, Error> {
        let path = self.path.join(mark.name());
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = || Ok(File::from(rustix::fs::openat(&self.directory, mark.name(), flags, Mode::empty())?));
        let mut bytes = Vec::new();
        let read = open().and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
        read.map_err(Error::failed(&path))?;
        if bytes.len() as u64 > MOST {
            return Err(Error::Damaged { path, damage: Damage::TooLong });
        }
        parse(&bytes).map_err(|damage| Error::Damaged { path, damage })
    }
}

/// The name that a mark has while it is being written.
pub(super) fn draft(mark: Mark) -> String {
    format!("{}.new", mark.name())
}
