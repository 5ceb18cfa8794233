//! What is asked of Windows.

use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::path::Path;

use pinfold_plan::Kind;

use crate::windows::probe::{self, resolved, same_place};

/// Which names there are is not learned beforehand: everything may be there.
pub(super) struct Listings<'a>(PhantomData<&'a Path>);

impl<'a> Listings<'a> {
    pub(super) fn below(_: impl IntoIterator<Item = &'a Path>) -> Self {
        Self(PhantomData)
    }

    pub(super) fn may_hold(&self, _: &Path) -> bool {
        true
    }
}

/// A path that a link is part of counts as a link, whichever part it is. Where one leads is written as the policy writes
/// paths.
pub(super) fn kind(path: &Path) -> Option<Kind> {
    let text = path.to_str()?;
    let (real, directory) = resolved(text).ok()??;
    Some(match (same_place(&real, text), directory) {
        (true, true) => Kind::Directory,
        (true, false) => Kind::File,
        (false, directory) => Kind::Link { leads_to: real.replace('\\', "/").into(), directory },
    })
}

/// Whether what is at a path itself is a directory; `None` when nothing is.
pub(super) fn is_directory(path: &Path) -> Option<bool> {
    std::fs::symlink_metadata(path).ok().map(|found| found.is_dir())
}

/// Opens a file to read.
pub(super) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Opens a file to read, unless a link is part of its path: it may have come since, and leads who knows where.
pub(super) fn open_unlinked(path: &Path) -> io::Result<File> {
    probe::open_unlinked(path.to_str().ok_or(io::ErrorKind::InvalidFilename)?)
}

/// Whether there is anything at a path, a broken link included.
pub(super) fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}
