//! What each thread of a scan finds.

use super::{Change, Unseen};
use crate::{
    listing::Record,
    sys::{Device, Facts},
};

/// A change, with what is not told.
pub(super) struct Sighted {
    pub(super) change: Change,
    /// As the listing tells it, which need not be what asking for the file tells.
    pub(super) inode: u64,
    pub(super) device: Device,
    /// What it was when it was looked at; `None` of something deleted.
    pub(super) facts: Option<Facts>,
    /// Whether it is older than the run, so that it may be a file under another name.
    pub(super) old: bool,
    /// Whether it changed itself, and not only the path to it.
    pub(super) changed: bool,
    /// Whether a deny rule hides it.
    pub(super) denied: bool,
}

/// A name that is no more.
#[derive(Clone, Copy)]
pub(super) struct Gone<'a> {
    pub(super) directory: usize,
    pub(super) record: Record<'a>,
}

/// What one thread has found.
#[derive(Default)]
pub(super) struct Findings<'a> {
    pub(super) sighted: Vec<Sighted>,
    pub(super) gone: Vec<Gone<'a>>,
    pub(super) unseen: Vec<Unseen>,
    /// Directories that hold a tag of caches, by root and path.
    pub(super) tags: Vec<(usize, Vec<u8>)>,
    /// The known directories that are still there; `false`: but were not seen.
    pub(super) met: Vec<(usize, bool)>,
    pub(super) omitted: usize,
}
