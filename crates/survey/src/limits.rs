//! How far a survey goes before it gives up.

/// The deepest directory below a root that a survey reads.
pub const DEPTH: usize = 512;

/// The most entries, repositories and unreadable directories that a survey reports.
pub const MATCHES: usize = 100_000;

/// The most directories that a survey reads.
pub const DIRECTORIES: usize = 5_000_000;

/// The largest file of a git directory that a survey reads, in bytes.
pub const GIT_FILE_BYTES: usize = 64 * 1024;

/// The most threads that a survey uses unless told otherwise, even on a machine with fewer processors: what is not in
/// memory yet is waited for, and a disk answers many at once.
pub const THREADS: usize = 8;

/// How many directories one thread reads alone before it calls for others.
pub const ALONE_DIRECTORIES: usize = 256;

/// The most memory in which one thread remembers names, in bytes: more than a million of them.
pub(crate) const LISTING_BYTES: usize = 32 << 20;

/// How many known directories one thread compares alone before it calls for others.
pub(crate) const ALONE_STAMPS: usize = 1024;

/// A path longer than this is walked from a nearer directory than the root, in bytes.
pub(crate) const STRIDE_BYTES: usize = 2048;

/// A directory that changed this shortly before it was read may change again within the same tick of its clock.
pub(crate) const TICK_NS: i64 = 20_000_000;

/// The same for a file system that keeps whole seconds only.
pub(crate) const COARSE_TICK_NS: i64 = 2_100_000_000;

/// Limits of one survey. The default is the constants of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The deepest directory below a root that is read.
    pub depth: usize,
    /// The most entries, repositories and unreadable directories that are reported.
    pub matches: usize,
    /// The most directories that are read.
    pub directories: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: DEPTH, matches: MATCHES, directories: DIRECTORIES }
    }
}
