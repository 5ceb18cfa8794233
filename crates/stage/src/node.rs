//! What lies at a path.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::fs::{FileType, Stat, Timespec, Timestamps, UTIME_NOW, fstat, futimens};
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

    /// A moment of the clock that files get their times from: no change so far has a later time than it, and no later change an
    /// earlier one. It is what a directory gets that is touched. No clock that can be asked tells that: where times of files are
    /// finer than ticks, they run ahead of the one that ticks (`Documentation/filesystems/multigrain-ts.rst`).
    pub(crate) fn stamp(directory: &File) -> io::Result<Self> {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        // A time that was asked for is not given again.
        fstat(directory)?;
        futimens(directory, &Timestamps { last_access: now, last_modification: now })?;
        let touched = fstat(directory)?;
        Ok(Self::of(touched.st_ctime, touched.st_ctime_nsec))
    }

    /// The latest moment that a file system can have meant by it: some know seconds only, or even ones, and others microseconds.
    pub(crate) fn end(self) -> Self {
        let unit: i64 = match self.nanoseconds {
            0 => 2_000_000_000,
            some => (1..=8)
                .map(|digits| 10_i64.pow(digits))
                .take_while(|unit| i64::from(some) % unit == 0)
                .last()
                .unwrap_or(1),
        };
        let nanoseconds = i64::from(self.nanoseconds) + unit - 1;
        let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        Self { seconds: self.seconds.saturating_add(seconds), nanoseconds: u32::try_from(rest).unwrap_or(0) }
    }

    /// A moment in milliseconds since 1970.
    pub fn of_ms(ms: u64) -> Self {
        Self::of(i64::try_from(ms / 1000).unwrap_or(i64::MAX), ms % 1000 * 1_000_000)
    }

    fn of(seconds: i64, nanoseconds: u64) -> Self {
        Self { seconds, nanoseconds: u32::try_from(nanoseconds).unwrap_or(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;
    use crate::tree::Tree;

    #[test]
    fn a_coarse_time_means_all_that_it_could() {
        let end = |nanoseconds| {
            let end = Time { seconds: 7, nanoseconds }.end();
            (end.seconds, end.nanoseconds)
        };
        assert_eq!(end(123_456_789), (7, 123_456_789));
        assert_eq!(end(123_456_700), (7, 123_456_799));
        assert_eq!(end(990_000_000), (7, 999_999_999));
        assert_eq!(end(0), (8, 999_999_999));
    }

    #[test]
    fn what_was_changed_before_is_never_later_than_a_stamp_and_what_is_changed_then_never_earlier() {
        let place = Place::new();
        place.directory("stage").directory("tree");
        let tree = Tree::open(&place.path("tree")).unwrap();
        let changed = |round: usize| {
            place.file("tree/file", round.to_string());
            // Whoever asks makes the next change be told apart.
            let asked = || tree.node("file".as_ref()).unwrap().unwrap().identity.changed;
            asked();
            place.mode("tree/file", 0o600);
            asked()
        };
        for round in 0..1000 {
            let before = changed(round);
            let stamp = Time::stamp(&File::open(place.path("stage")).unwrap()).unwrap();
            assert!(before <= stamp && stamp <= changed(round), "{round}");
        }
    }
}
