//! What a Unix that is not Linux knows of files.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pinfold_policy::Platform;
use rustix::fs::{CWD, Mode, OFlags, openat};

/// Whose names of files these are.
pub(crate) const PLATFORM: Platform = Platform::Macos;

/// A path as a file holds it.
pub(crate) fn path(bytes: &[u8]) -> PathBuf {
    OsStr::from_bytes(bytes).into()
}

/// There is one form of a path only.
pub(super) fn plain(path: &Path) -> PathBuf {
    path.to_owned()
}

/// Nothing keeps others from exchanging a directory: it is looked at after what was done to it has ended.
pub(super) fn hold(_directory: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Opens a file, not what a link in its place leads to, and waits for nobody at the other end of a pipe.
pub(super) fn open(file: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(openat(CWD, file, flags, Mode::empty())?.into())
}

/// Whether it is a file.
pub(super) fn is_ordinary(known: &Metadata) -> bool {
    known.is_file()
}

/// By its mode.
pub(super) fn may_be_executed(_path: &Path, known: &Metadata, _head: impl Fn() -> Vec<u8>) -> bool {
    known.mode() & 0o111 != 0
}
