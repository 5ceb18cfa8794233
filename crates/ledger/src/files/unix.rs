//! Files on Unix.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// How a file is opened that only its owner can read, if it is made.
pub(crate) fn private() -> OpenOptions {
    OpenOptions::new().mode(0o600).clone()
}

/// How the end of a log is opened that only its owner can read.
pub(crate) fn end_of() -> OpenOptions {
    private().append(true).clone()
}

/// Writes at the end of a file, which was opened so.
pub(crate) fn append(file: &mut File, lines: &[u8]) -> io::Result<()> {
    file.write_all(lines)
}

/// Can nobody but its owner read it?
pub(crate) fn is_private(known: &Metadata) -> bool {
    known.mode() & 0o077 == 0
}

/// Can a directory have this name, of letters, digits, `-`, `_` and `.`?
pub(crate) fn can_name(_name: &str) -> bool {
    true
}

/// Is this how the name of what lies there is written? There is one name for it only.
pub(crate) fn is_its_name(_path: &Path) -> bool {
    true
}

/// Makes a directory that only its owner can enter.
pub(crate) fn make_directory(path: &Path, recursive: bool) -> io::Result<()> {
    DirBuilder::new().recursive(recursive).mode(0o700).create(path)
}

/// Takes care that what was made or removed in a directory stays so after a power cut.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Takes care that what others have written stays so after a power cut.
pub(crate) fn sync_others(file: &File, _path: &Path) -> io::Result<()> {
    file.sync_data()
}

/// Waits until nobody else holds a directory; it is held as long as what is returned.
pub(crate) fn lock_directory(path: &Path) -> io::Result<File> {
    let directory = File::open(path)?;
    directory.lock()?;
    Ok(directory)
}

/// Keeps others from writing a log, also after an error as long as the file is open.
pub(crate) struct Guard;

impl Guard {
    /// Waits until nobody else does.
    pub(crate) fn lock(log: &File, _path: &Path) -> io::Result<Self> {
        log.lock().map(|()| Self)
    }

    /// Lets others go on.
    pub(crate) fn release(self, log: &File) -> io::Result<()> {
        log.unlock()
    }
}
