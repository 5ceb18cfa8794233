//! Opening what shuts out its owner, who is the caller: its permissions are given back for the moment.
//!
//! A run can leave files and directories of mode 0 in its layers. Whoever reads layers owns them.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::tree::RESOLVE;

/// What an owner needs to read a directory, and to reach what is in it.
const DIRECTORY: u32 = 0o700;
/// What an owner needs to read a file.
const FILE: u32 = 0o600;

/// Something open. While this lives, its owner may read it; then it has the mode again that it had.
#[derive(Debug)]
pub(crate) struct Held {
    fd: Option<OwnedFd>,
    mode: Option<u32>,
}

impl Held {
    /// As it is.
    pub(crate) fn plain(fd: OwnedFd) -> Self {
        Self { fd: Some(fd), mode: None }
    }

    /// With its owner's permissions, where the caller is the owner and they are missing.
    pub(crate) fn open_up(fd: OwnedFd) -> io::Result<Self> {
        let stat = rustix::fs::fstat(&fd)?;
        let needed = missing(&stat);
        if needed == 0 || stat.st_uid != rustix::process::geteuid().as_raw() {
            return Ok(Self::plain(fd));
        }
        let mode = stat.st_mode & 0o7777;
        change_mode(fd.as_fd(), mode | needed)?;
        Ok(Self { fd: Some(fd), mode: Some(mode) })
    }

    /// The descriptor alone. It stays usable for what it was opened for.
    pub(crate) fn into_fd(mut self) -> OwnedFd {
        self.put_back();
        self.fd.take().expect("it is taken only here")
    }

    /// The same thing, opened otherwise.
    fn again(mut self, flags: OFlags) -> io::Result<Self> {
        let path = shown(self.as_fd());
        // The name in /proc is a link, to what is open already.
        let fd = rustix::fs::open(path, flags.difference(OFlags::NOFOLLOW), Mode::empty())?;
        Ok(Self { fd: Some(fd), mode: self.mode.take() })
    }

    fn put_back(&mut self) {
        if let (Some(fd), Some(mode)) = (&self.fd, self.mode.take()) {
            // Where this fails the layer shows a mode that lets its owner in, and nothing else is wrong.
            let _ = change_mode(fd.as_fd(), mode);
        }
    }
}

impl AsFd for Held {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_ref().expect("it is taken only by `into_fd`").as_fd()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.put_back();
    }
}

/// Goes one name at a time, and opens up what is closed on the way.
pub(crate) fn step_by_step(root: BorrowedFd<'_>, path: &Path, flags: OFlags) -> io::Result<Held> {
    let mut current = Held::open_up(root.try_clone_to_owned()?)?;
    for component in path.components() {
        let Component::Normal(name) = component else { return Err(Errno::INVAL.into()) };
        current = enter(current.as_fd(), name)?;
    }
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&current)?.st_mode);
    match kind {
        // Only a descriptor that opens nothing can stand for a link.
        _ if flags.contains(OFlags::PATH) => Ok(current),
        FileType::Symlink => Err(Errno::LOOP.into()),
        _ => current.again(flags),
    }
}

/// What a name in a directory stands for.
fn enter(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<Held> {
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    Held::open_up(rustix::fs::openat2(directory, name, flags, Mode::empty(), RESOLVE)?)
}

/// The permissions that the owner needs and has not.
fn missing(stat: &Stat) -> u32 {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => DIRECTORY & !stat.st_mode,
        FileType::RegularFile => FILE & !stat.st_mode,
        _ => 0,
    }
}

fn change_mode(of: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
    // By this detour, because a descriptor that was opened without permission changes nothing by itself.
    Ok(rustix::fs::chmodat(CWD, shown(of), Mode::from_raw_mode(mode), AtFlags::empty())?)
}

fn shown(of: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", of.as_raw_fd())
}
