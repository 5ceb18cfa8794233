//! How much of everything is looked at.

/// Bytes of a file that is read. Of a larger one only name and kind count, and the finding says so.
pub const FILE_BYTES_MAX: u64 = 1 << 20;
/// Bytes from the beginning that tell a program from a document.
pub(crate) const HEAD_BYTES: u64 = 64;
/// Settings of one file, bytes of a setting's whole key, and bytes of all of them with their values. A file with more is
/// told by its name, as one that is malformed.
pub(crate) const SETTINGS_MAX: usize = 100_000;
pub(crate) const KEY_BYTES_MAX: usize = 4 << 10;
pub(crate) const SETTINGS_BYTES_MAX: usize = 8 << 20;
/// Findings of one rule in one file; more of the same tell nothing new.
pub const HITS_MAX: usize = 5;
/// Characters of an excerpt.
pub const EXCERPT_CHARS_MAX: usize = 120;
/// Entries below directories that were renamed.
pub const RENAMED_ENTRIES_MAX: usize = 200_000;
