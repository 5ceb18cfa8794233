//! What is asked of Linux.

use std::fs::File;
use std::io;
use std::path::Path;

use pinfold_plan::Kind;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

pub(super) use super::listings::Listings;

/// A path that a link is part of counts as a link, whichever part it is.
pub(super) fn kind(path: &Path) -> Option<Kind> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    match rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(found) => {
            let stat = rustix::fs::fstat(found).ok()?;
            let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            Some(if directory { Kind::Directory } else { Kind::File })
        }
        Err(Errno::LOOP) => {
            let real = std::fs::canonicalize(path).ok()?;
            let directory = real.is_dir();
            Some(Kind::Link { leads_to: real, directory })
        }
        Err(_) => None,
    }
}

/// Whether what is at a path itself is a directory; `None` when nothing is.
pub(super) fn is_directory(path: &Path) -> Option<bool> {
    let stat = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

/// Opens a file to read, unless a link is part of its path: it may have come since, and leads who knows where.
pub(super) fn open_unlinked(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(File::from(rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)?))
}

/// Opens a file to read. A pipe in its place is not waited for: it reads as if it were empty.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Whether there is anything at a path, a broken link included.
pub(super) fn exists(path: &Path) -> bool {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}
