//! What lies at a path.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::fs::{FileType, Stat};
use serde::{Deserialize, Serialize};

/// Permission bits, with set-user-id, set-group-id and sticky.
const PERMISSIONS: u32 = 0o7777;

/// A moment, in seconds and nanoseconds since 1970, as file systems keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Time {
    /// Seconds; before 1970 below zero.
    pub seconds: i64,
    /// Nanoseconds of that second.
    pub nanoseconds: u32,
}

/// By what one tells, without reading it, that something is what it was: nobody can set the time of the last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The file system (`st_dev`).
    pub device: u64,
    /// The number there (`st_ino`).
    pub inode: u64,
    /// When content, mode, owner, attributes or number of names last changed (`st_ctime`).
    pub changed: Time,
}

/// What kind of thing it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An ordinary file.
    File {
        /// How long it is, in bytes.
        bytes: u64,
    },
    /// A directory.
    Directory,
    /// A symbolic link.
    Link {
        /// What it says.
        target: PathBuf,
    },
    /// A named pipe.
    Pipe,
    /// A socket. It leads nowhere once its program is gone.
    Socket,
    /// A device file.
    Device {
        /// The number (`st_rdev`). 0 is what overlays use for "deleted" (`Documentation/filesystems/overlayfs.rst`).
        number: u64,
    },
}

/// Something in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Permission bits. Those of links mean nothing.
    pub mode: u32,
    /// When its content was last changed, or when somebody says that it was (`st_mtime`).
    pub modified: Time,
    /// How many names it has.
    pub links: u64,
    /// Which one it is.
    pub identity: Identity,
}

/// Extended attributes that a user can set, and access lists (`xattr(7)`), by name. Those of overlays are not among them.
pub type Attributes = BTreeMap<OsString, Vec<u8>>;

impl Node {
    /// From what the system says; `target` is for links.
    pub(crate) fn of(stat: &Stat, target: Option<Vec<u8>>) -> Self {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Link { target: OsString::from_vec(target.unwrap_or_default()).into() },
            FileType::Fifo => Kind::Pipe,
            FileType::Socket => Kind::Socket,
            FileType::CharacterDevice | FileType::BlockDevice => Kind::Device { number: stat.st_rdev },
            FileType::RegularFile | FileType::Unknown => Kind::File { bytes: u64::try_from(stat.st_size).unwrap_or(0) },
        };
        Self {
            kind,
            mode: stat.st_mode & PERMISSIONS,
            modified: Time::of(stat.st_mtime, stat.st_mtime_nsec),
            links: stat.st_nlink,
            identity: Identity {
                device: stat.st_dev,
                inode: stat.st_ino,
                changed: Time::of(stat.st_ctime, stat.st_ctime_nsec),
            },
        }
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    /// Whether it says "deleted" in a layer.
    pub fn is_whiteout(&self) -> bool {
        self.kind == Kind::Device { number: 0 }
    }
}

impl Time {
    /// Earlier than all others.
    pub const FIRST: Self = Self { seconds: i64::MIN, nanoseconds: 0 };

    /// Later than all others.
    pub const LAST: Self = Self { seconds: i64::MAX, nanoseconds: 0 };

    /// By the clock that files get their times from, which no later change can be before (`CLOCK_REALTIME_COARSE`).
    pub fn now() -> Self {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        Self::of(now.tv_sec, now.tv_nsec.cast_unsigned())
    }

    /// A moment in milliseconds since 1970.
    pub fn of_ms(ms: u64) -> Self {
        Self::of(i64::try_from(ms / 1000).unwrap_or(i64::MAX), ms % 1000 * 1_000_000)
    }

    fn of(seconds: i64, nanoseconds: u64) -> Self {
        Self { seconds, nanoseconds: u32::try_from(nanoseconds).unwrap_or(0) }
    }
}
