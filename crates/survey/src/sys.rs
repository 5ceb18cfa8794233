//! The few questions a survey asks the system. One implementation per kind of system, one meaning.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{Buffer, Dir, clocks, is_still};

#[cfg(not(target_os = "linux"))]
mod portable;
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{Dir, clocks};

#[cfg(windows)]
#[path = "sys/entries_windows.rs"]
mod entries;
#[cfg(all(unix, not(target_os = "linux")))]
#[path = "sys/entries_unix.rs"]
mod entries;
#[cfg(unix)]
#[path = "sys/names_unix.rs"]
mod names;
#[cfg(not(unix))]
#[path = "sys/names_windows.rs"]
mod names;
#[cfg(not(target_os = "linux"))]
pub(crate) use entries::{Buffer, is_still};
#[cfg(not(target_os = "linux"))]
use names::thing_of;
pub(crate) use names::{STAMPS_PROVE, Seen, bytes, path, path_buf, resolved};

use std::io;

use crate::{Kind, limits::STRIDE_BYTES};

/// What tells that a directory is the same one and was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Time of the last change of the inode, in nanoseconds since 1970. Nobody can set it.
    pub(crate) ctime_ns: i64,
    /// Inode and device, mixed.
    pub(crate) identity: u64,
}

impl Stamp {
    /// A stamp that no directory has: read it again the next time, whatever the clock says.
    pub(crate) const UNSURE: Self = Self { ctime_ns: i64::MIN, identity: 0 };

    /// Whether a directory with this stamp now, and `known` before, has the entries that it had.
    #[inline]
    pub(crate) fn proves_same(self, known: Self) -> bool {
        STAMPS_PROVE && self == known
    }
}

/// The number of a device.
pub(crate) type Device = u32;

/// What an entry has that is on a file system without such numbers.
pub(crate) const NO_INODE: u64 = 0;

/// What the clocks show, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks {
    /// Since 1970; no file that is changed from now on gets an earlier time.
    pub(crate) files_ns: i64,
    /// Since 1970, as it was set.
    pub(crate) settable_ns: i64,
    /// Since some moment; nobody can set it.
    pub(crate) steady_ns: i64,
}

/// What there is to know of an entry without reading it. All times are in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) kind: Kind,
    pub(crate) inode: u64,
    /// In bytes.
    pub(crate) size: u64,
    /// Of the last change of the inode. Nobody can set it but on Windows.
    pub(crate) ctime_ns: i64,
    /// Of the last change of the content, or what somebody has set it to.
    pub(crate) mtime_ns: i64,
    /// Of birth; 0 where the file system keeps none.
    pub(crate) born_ns: i64,
}

/// What an entry is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) kind: Kind,
    pub(crate) stamp: Stamp,
    /// Time of birth in nanoseconds since 1970; 0 where the file system keeps none.
    pub(crate) born_ns: i64,
}

impl Dir {
    /// Opens the directory `path` (relative, of any length) below this one without following a symlink. An empty path is
    /// this one, opened anew: a descriptor that was read to the end stays there.
    pub(crate) fn open_far(&self, path: &[u8]) -> io::Result<Dir> {
        if path.is_empty() {
            return self.open_beneath(b".");
        }
        let mut rest = path;
        let mut nearer: Option<Dir> = None;
        loop {
            let (stride, after) = split(rest);
            let next = nearer.as_ref().unwrap_or(self).open_beneath(stride)?;
            if after.is_empty() {
                return Ok(next);
            }
            nearer = Some(next);
            rest = after;
        }
    }
}

/// Cuts a long path at a slash so that the first part is short enough for the kernel.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    if path.len() <= STRIDE_BYTES {
        return (path, &[]);
    }
    let before = path[..STRIDE_BYTES].iter().rposition(|&byte| byte == b'/');
    let slash = before.or_else(|| path.iter().position(|&byte| byte == b'/'));
    match slash {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (path, &[]),
    }
}

/// The path of `name` in the directory `path`.
pub(crate) fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    match path {
        [] => name.to_vec(),
        path => [path, name].join(&b'/'),
    }
}

/// Whether an error means that the entry went away, or became something else, since its name was read.
pub(crate) fn vanished(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory) || is_symlink(error)
}

#[cfg(target_os = "linux")]
fn is_symlink(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(target_os = "linux"))]
fn is_symlink(_error: &io::Error) -> bool {
    false
}

/// Whether an error says nothing about the directory but that the system has too little of something.
#[cfg(target_os = "linux")]
pub(crate) fn exhausted(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE, Errno::NOMEM].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn exhausted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}
