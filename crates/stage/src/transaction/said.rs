//! What is said about files and directories: read, changed, and opened up meanwhile.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps};
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};

use crate::attributes::{attributes, by_descriptor, set_attributes};
use crate::node::{Attributes, Time};
use crate::step::Meta;

use super::faults;
use crate::letters::Letters;

/// Without these an owner cannot change what is in a directory.
const OF_DIRECTORIES: u32 = 0o700;
/// Without these an owner cannot read and write a file.
const OF_FILES: u32 = 0o600;
const PERMISSIONS: u32 = 0o7777;

/// What is said about something, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Permission bits.
    pub mode: u32,
    /// `st_mtime`.
    pub modified: Time,
    /// Extended attributes and access lists.
    pub attributes: BTreeMap<Letters, Letters>,
}

impl From<&Meta> for Said {
    fn from(meta: &Meta) -> Self {
        let attributes = meta.attributes.iter();
        Self {
            mode: meta.mode & PERMISSIONS,
            modified: meta.modified,
            attributes: attributes.map(|(name, value)| (name.into(), Letters::of(value))).collect(),
        }
    }
}

impl Said {
    /// What is said about something. A descriptor that only names it will do.
    pub(super) fn about(of: BorrowedFd<'_>) -> io::Result<Self> {
        let stat = rustix::fs::fstat(of)?;
        Ok(Self::from(&Meta {
            mode: stat.st_mode & PERMISSIONS,
            modified: Time { seconds: stat.st_mtime, nanoseconds: u32::try_from(stat.st_mtime_nsec).unwrap_or(0) },
            attributes: attributes(of)?,
        }))
    }

    /// Makes it so. The mode comes after what it could forbid, the time after what would change it.
    pub(super) fn apply(&self, of: BorrowedFd<'_>) -> io::Result<()> {
        let wanted = self.attributes();
        // What cannot be read is closed to its owner, too.
        if attributes(of).ok().as_ref() != Some(&wanted) {
            open_up(of)?;
            set_attributes(of, &wanted)?;
        }
        set_mode(of, self.mode)?;
        set_time(of, self.modified)
    }

    fn attributes(&self) -> Attributes {
        self.attributes.iter().map(|(name, value)| (name.name().to_owned(), value.bytes().to_vec())).collect()
    }
}

/// Lets an owner in who is kept out by the mode. Root never is, and others have no say.
pub(super) fn open_up(of: BorrowedFd<'_>) -> io::Result<()> {
    let stat = rustix::fs::fstat(of)?;
    let needed = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => OF_DIRECTORIES,
        _ => OF_FILES,
    };
    let me = geteuid();
    if me.is_root() || stat.st_uid != me.as_raw() || stat.st_mode & needed == needed {
        return Ok(());
    }
    set_mode(of, stat.st_mode & PERMISSIONS | needed)
}

/// Changes permission bits, where they differ.
pub(super) fn set_mode(of: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
    if rustix::fs::fstat(of)?.st_mode & PERMISSIONS == mode {
        return Ok(());
    }
    faults::point()?;
    Ok(rustix::fs::chmod(by_descriptor(of), Mode::from_raw_mode(mode))?)
}

/// Changes the time of the last change.
pub(super) fn set_time(of: BorrowedFd<'_>, modified: Time) -> io::Result<()> {
    faults::point()?;
    Ok(rustix::fs::utimensat(CWD, by_descriptor(of), &times(modified), AtFlags::empty())?)
}

/// Times of which only that of the last change is set.
pub(super) fn times(modified: Time) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
        last_modification: Timespec { tv_sec: modified.seconds, tv_nsec: modified.nanoseconds.into() },
    }
}
