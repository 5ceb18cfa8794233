//! What is told of the changes.

use std::path::PathBuf;

use super::{Group, Summary};
use crate::{Kind, Limits};

/// What happened to a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// It is new.
    Created,
    /// Content, metadata or number of links changed, or something else has the name now.
    Modified,
    /// It is no more.
    Deleted,
    /// The file had another name before, which is no more.
    Renamed {
        /// The old path, relative to the same root.
        from: PathBuf,
    },
}

/// One change. No path is told of twice, but that a renamed file's old one is named with the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The number of the root, in the order in which the survey was given them.
    pub root: usize,
    /// The path relative to the root.
    pub path: PathBuf,
    /// What happened.
    pub what: What,
    /// What it is; of something deleted, what it was.
    pub kind: Kind,
    /// What had the name before, if that was of another kind.
    pub was: Option<Kind>,
    /// Size of a file in bytes, unless it was deleted.
    pub size: Option<u64>,
    /// SHA-256 of a file's content; `None` if it was not digested (see the [module](super)).
    pub sha256: Option<[u8; 32]>,
    /// Where a symlink points, unless it was deleted.
    pub target: Option<PathBuf>,
    /// The number of the [group](Changes::groups) that it is in.
    pub group: Option<usize>,
}

/// Why something was not seen, or not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It cannot be read.
    Unreadable,
    /// It could not be read, or there was no room for its names, before the run: what was deleted is not known.
    NotSeenBefore,
    /// Another file system is mounted there that was not there before the run.
    OtherFileSystem,
    /// Another machine or program gives files their times: a change is missed if its clock is behind.
    ForeignClock,
    /// It is deeper below the root than the limit.
    TooDeep,
    /// There is more of it than the limits let be looked at or told.
    TooMuch,
}

/// A directory of which not everything was seen; nor below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// The number of the root.
    pub root: usize,
    /// The path relative to the root; empty for the root itself.
    pub path: PathBuf,
    /// Why.
    pub why: Why,
}

/// All changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The changes, sorted by root and path.
    pub entries: Vec<Change>,
    /// Places where many files change that nobody reads one by one, sorted by root and path. None is within another.
    pub groups: Vec<Group>,
    /// What was not seen, sorted.
    pub unseen: Vec<Unseen>,
    /// What was created beyond [`Options::new_names`], and is only counted; of a directory not what is in it, which is
    /// then [unseen](Why::TooMuch). Everything else is told in any case: it was there before.
    pub omitted: usize,
}

impl Changes {
    /// Whether nothing changed, as far as was seen.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.omitted == 0
    }

    /// The counts, with all groups folded.
    pub fn summary(&self) -> Summary<'_> {
        Summary::of(self)
    }
}

/// How far to look, and how much to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// At most this many threads, the caller's included; `None` for the [usual number](crate::limits::THREADS).
    pub threads: Option<usize>,
    /// Depth and number of directories, and the most places that are told as unseen.
    pub limits: Limits,
    /// The most new names that are told; more are counted.
    pub new_names: usize,
    /// The largest file that is digested, in bytes.
    pub file_bytes: u64,
    /// How much is digested in all, in bytes.
    pub digest_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: None,
            limits: Limits::default(),
            new_names: 200_000,
            file_bytes: 16 << 20,
            digest_bytes: 64 << 20,
        }
    }
}
