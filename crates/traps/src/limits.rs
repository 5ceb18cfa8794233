//! How much of everything is looked at.

/// Bytes of a file that is read. Of a larger one only name and kind count, and the finding says so.
pub const FILE_BYTES_MAX: u64 = 1 << 20;
/// Bytes from the beginning that tell a program from a document.
pub(crate) const HEAD_BYTES: u64 = 64;
/// Findings of one rule in one file; more of the same tell nothing new.
pub const HITS_MAX: usize = 5;
/// Characters of an excerpt.
pub const EXCERPT_CHARS_MAX: usize = 120;
/// Entries below directories that were renamed.
pub const RENAMED_ENTRIES_MAX: usize = 200_000;
