//! Names and paths where they are bytes.

use std::{
    borrow::Cow,
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// Whether an equal stamp proves that nothing has changed: nobody can set the time of an inode's change.
pub(crate) const STAMPS_PROVE: bool = true;

/// A path from the bytes that this module gave out.
pub(crate) fn path(bytes: &[u8]) -> Cow<'_, Path> {
    Cow::Borrowed(Path::new(OsStr::from_bytes(bytes)))
}

/// The same, to keep.
pub(crate) fn path_buf(bytes: &[u8]) -> PathBuf {
    path(bytes).into_owned()
}

/// A path that this module gave out, as bytes with `/` between its names.
pub(crate) fn bytes(path: &Path) -> Cow<'_, [u8]> {
    Cow::Borrowed(path.as_os_str().as_bytes())
}

/// What a listing tells of an entry besides its name and kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen(u64);

impl Seen {
    pub(super) fn new(inode: u64) -> Self {
        Self(inode)
    }

    #[inline]
    pub(crate) fn inode(self) -> u64 {
        self.0
    }
}

/// An absolute path without links.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn thing_of(known: &std::fs::Metadata) -> super::Thing {
    use std::os::unix::fs::MetadataExt;
    super::Thing {
        kind: super::portable::kind_of(known.file_type()),
        stamp: super::Stamp {
            ctime_ns: known.ctime().saturating_mul(1_000_000_000).saturating_add(known.ctime_nsec()),
            identity: known.ino() ^ known.dev().rotate_left(40),
        },
        born_ns: super::portable::since_1970(known.created()),
    }
}
