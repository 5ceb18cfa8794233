//! What is in a directory, where the standard library tells all that there is to know of an entry.

use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::{DirEntryExt, MetadataExt},
    path::{Path, PathBuf},
};

use super::{
    Device, Facts, Seen,
    portable::{kind_of, since_1970},
};
use crate::Kind;

/// Nothing: the standard library has its own.
#[derive(Default)]
pub(crate) struct Buffer;

impl Buffer {
    pub(crate) fn new() -> Self {
        Self
    }
}

/// Calls `each` with the name (with a NUL behind it), kind and inode of every entry.
pub(super) fn read(path: &Path, _buffer: &mut Buffer, mut each: impl FnMut(&[u8], Kind, Seen)) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let Ok(file_type) = entry.file_type() else { continue };
        let mut name = entry.file_name().into_encoded_bytes();
        name.push(0);
        each(&name, kind_of(file_type), Seen::new(entry.ino()));
    }
    Ok(())
}

/// What there is to know of an entry.
pub(super) fn facts(path: impl FnOnce() -> PathBuf, _seen: Seen) -> io::Result<Facts> {
    Ok(facts_of(&fs::symlink_metadata(path())?))
}

/// The device, in 32 bits.
pub(super) fn device_of(known: &Metadata) -> Device {
    known.dev() as Device
}

/// Opens a file to read.
pub(super) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Whether an open file is what was looked at, and has not changed since.
pub(crate) fn is_still(file: &File, facts: &Facts) -> io::Result<bool> {
    Ok(facts_of(&file.metadata()?) == *facts)
}

fn facts_of(known: &Metadata) -> Facts {
    let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    Facts {
        kind: kind_of(known.file_type()),
        inode: known.ino(),
        size: known.size(),
        ctime_ns: nanoseconds(known.ctime(), known.ctime_nsec()),
        mtime_ns: nanoseconds(known.mtime(), known.mtime_nsec()),
        born_ns: since_1970(known.created()),
    }
}
