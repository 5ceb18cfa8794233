//! A place of ours for one thing, that is to come into the tree or came from it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::node::{Node, Time};
use crate::tree::node_at;

use super::faults;
use super::said::times;

/// A name in a directory of ours.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    pub(super) directory: BorrowedFd<'a>,
    pub(super) name: OsString,
}

impl<'a> Slot<'a> {
    /// One by its name.
    pub(super) fn new(directory: BorrowedFd<'a>, name: impl Into<OsString>) -> Self {
        Self { directory, name: name.into() }
    }

    /// What lies there.
    pub(super) fn node(&self) -> io::Result<Option<Node>> {
        node_at(self.directory, &self.name)
    }

    /// Names what lies there, without opening it.
    pub(super) fn named(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(self.directory, &self.name, flags, Mode::empty())?)
    }

    /// A new file.
    pub(super) fn make_file(&self) -> io::Result<File> {
        faults::point()?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(self.directory, &self.name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// The file that is there.
    pub(super) fn file(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(self.directory, &self.name, flags, Mode::empty())?.into())
    }

    /// A new directory, open to its owner.
    pub(super) fn make_directory(&self) -> io::Result<()> {
        faults::point()?;
        Ok(rustix::fs::mkdirat(self.directory, &self.name, Mode::RWXU)?)
    }

    /// A new symbolic link.
    pub(super) fn make_link(&self, target: &Path) -> io::Result<()> {
        faults::point()?;
        Ok(rustix::fs::symlinkat(target, self.directory, &self.name)?)
    }

    /// A new pipe, socket or device file.
    pub(super) fn make_special(&self, kind: FileType, device: u64) -> io::Result<()> {
        faults::point()?;
        Ok(rustix::fs::mknodat(self.directory, &self.name, kind, Mode::RUSR | Mode::WUSR, device)?)
    }

    /// Another name of something.
    pub(super) fn make_name(&self, directory: BorrowedFd<'_>, name: impl rustix::path::Arg) -> io::Result<()> {
        faults::point()?;
        Ok(rustix::fs::linkat(directory, name, self.directory, &self.name, AtFlags::empty())?)
    }

    /// Gives what lies there another name, if anything does.
    pub(super) fn rename(&self, to: &str) -> io::Result<()> {
        faults::point()?;
        match rustix::fs::renameat(self.directory, &self.name, self.directory, to) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Says when it was last changed, of links as well.
    pub(super) fn set_time(&self, modified: Time) -> io::Result<()> {
        faults::point()?;
        let times = times(modified);
        Ok(rustix::fs::utimensat(self.directory, &self.name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Opens the directory that is there.
    pub(super) fn open(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(self.directory, &self.name, flags, Mode::empty())?)
    }

    /// The names in the directory that is there.
    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::new(self.open()?)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    /// Removes what lies there, but no directory that holds something; whether anything was there.
    pub(super) fn remove(&self) -> io::Result<bool> {
        faults::point()?;
        let removed = match rustix::fs::unlinkat(self.directory, &self.name, AtFlags::empty()) {
            Err(Errno::ISDIR) => rustix::fs::unlinkat(self.directory, &self.name, AtFlags::REMOVEDIR),
            other => other,
        };
        match removed {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The same, but a directory that holds something stays; whether anything went.
    pub(super) fn remove_if_empty(&self) -> io::Result<bool> {
        match self.remove() {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOTEMPTY) => Ok(false),
            other => other,
        }
    }
}
