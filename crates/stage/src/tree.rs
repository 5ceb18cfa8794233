//! A directory, and paths below it that are reached without following links.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::node::Node;
use crate::open::{self, Held};

/// Neither out of the tree nor into another one that is mounted there.
pub(crate) const RESOLVE: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);
/// A directory. Paths in it are relative, without `.` and `..`; the empty one is the directory itself.
#[derive(Debug)]
pub struct Tree {
    root: OwnedFd,
    path: PathBuf,
    /// Whether what shuts out its owner, who is the caller, is opened up for the moment.
    opened_up: bool,
}

impl Tree {
    /// Opens a directory by its path, of which every part is trusted.
    ///
    /// # Errors
    /// When it cannot be opened, or is none.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_as(path, false)
    }

    /// The same for a layer. Whatever shuts out its owner there is opened up for the moment in which it is read.
    ///
    /// # Errors
    /// As [`Tree::open`].
    pub fn layer(path: &Path) -> io::Result<Self> {
        Self::open_as(path, true)
    }

    fn open_as(path: &Path, opened_up: bool) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = match rustix::fs::open(path, flags, Mode::empty()) {
            Err(Errno::ACCESS) if opened_up => {
                let root = rustix::fs::open(path, flags | OFlags::PATH, Mode::empty())?;
                open::step_by_step(root.as_fd(), Path::new(""), flags)?.into_fd()
            }
            other => other?,
        };
        Ok(Self { root, path: path.to_owned(), opened_up })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory itself.
    pub fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// Opens something below. Whoever opens for writing does not get what is no file.
    ///
    /// # Errors
    /// When it cannot be opened, and when a link is in the way (`ELOOP`) or a mount (`EXDEV`).
    pub fn at(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let shown = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        match rustix::fs::openat2(&self.root, shown, flags, Mode::empty(), RESOLVE) {
            Err(Errno::ACCESS) if self.opened_up => Ok(open::step_by_step(self.root(), path, flags)?.into_fd()),
            other => Ok(other?),
        }
    }

    /// The same; in a layer its owner may do with it what an owner needs as long as this lives.
    pub(crate) fn held(&self, path: &Path, flags: OFlags) -> io::Result<Held> {
        let fd = self.at(path, flags)?;
        if self.opened_up { Held::open_up(fd) } else { Ok(Held::plain(fd)) }
    }

    /// A directory below.
    ///
    /// # Errors
    /// As [`Tree::at`].
    pub fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        self.at(path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// The directory that something lies in, and its name there.
    ///
    /// # Errors
    /// As [`Tree::at`]; `EINVAL` for the tree itself.
    pub fn parent<'a>(&self, path: &'a Path) -> io::Result<(OwnedFd, &'a OsStr)> {
        let (parent, name) = path.parent().zip(path.file_name()).ok_or(Errno::INVAL)?;
        Ok((self.directory(parent)?, name))
    }

    /// What lies at a path; nothing where nothing is.
    ///
    /// # Errors
    /// As [`Tree::at`], but for what is missing.
    pub fn node(&self, path: &Path) -> io::Result<Option<Node>> {
        if path.as_os_str().is_empty() {
            return Ok(Some(Node::of(&rustix::fs::fstat(&self.root)?, None)));
        }
        match self.parent(path).and_then(|(directory, name)| node_at(directory.as_fd(), name)) {
            Err(error) if self.opened_up && is_closed(&error) => self.node_opened_up(path),
            Err(error) if is_missing(&error) => Ok(None),
            other => other,
        }
    }

    fn node_opened_up(&self, path: &Path) -> io::Result<Option<Node>> {
        match self.at(path, OFlags::PATH) {
            Ok(found) => node_of(found.as_fd()).map(Some),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens an ordinary file to read it. Nothing else is waited for.
    ///
    /// # Errors
    /// As [`Tree::at`]; `EINVAL` for what is no ordinary file.
    pub fn file(&self, path: &Path) -> io::Result<File> {
        let file = self.at(path, OFlags::RDONLY | OFlags::NONBLOCK)?;
        match FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(File::from(file)),
            _ => Err(Errno::INVAL.into()),
        }
    }

    /// The names in a directory, sorted by their bytes.
    ///
    /// # Errors
    /// As [`Tree::at`].
    pub fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let mut names = names_in(Dir::new(self.directory(path)?)?)?;
        names.sort();
        Ok(names)
    }
}

/// The names in an open directory, in no order.
pub(crate) fn names_in(directory: Dir) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in directory {
        let name = OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned();
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    Ok(names)
}

/// What lies in an open directory under a name.
pub(crate) fn node_at(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<Option<Node>> {
    let stat = match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    let target = is_link.then(|| rustix::fs::readlinkat(directory, name, Vec::new())).transpose()?;
    Ok(Some(Node::of(&stat, target.map(std::ffi::CString::into_bytes))))
}

/// What is open, without having been opened to be read.
fn node_of(found: BorrowedFd<'_>) -> io::Result<Node> {
    let stat = rustix::fs::fstat(found)?;
    let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    let target = is_link.then(|| rustix::fs::readlinkat(found, "", Vec::new())).transpose()?;
    Ok(Node::of(&stat, target.map(std::ffi::CString::into_bytes)))
}

/// Somebody's permissions are in the way.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::ACCESS)
}

/// Nothing lies there, or something else than a directory on the way.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::NOTDIR))
}
