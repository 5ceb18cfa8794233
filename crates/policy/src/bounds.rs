//! How large an input may be: every limit on what a policy file may contain, in one place.

/// Largest policy file, in bytes.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// Longest list in a policy file, in entries.
pub const LIST_ENTRIES_MAX: usize = 4096;

/// Longest string in a policy file, in bytes.
pub const TEXT_BYTES_MAX: usize = 4096;

/// Longest glob, in bytes: each one becomes part of an automaton.
pub const GLOB_BYTES_MAX: usize = 1024;

/// Widest excerpt of a source line in an error message, in characters.
pub(crate) const EXCERPT_CHARS: usize = 100;

/// Longest value quoted in an error message, in characters.
pub(crate) const QUOTE_CHARS: usize = 80;

/// Columns are counted in characters up to here and in bytes beyond, so that one endless line
/// costs no more than many short ones.
pub(crate) const COLUMN_CHARS_MAX: usize = 4096;

/// Most alternatives that the name filter expands from one `{a,b}` pattern before it gives up
/// and lets every name through to the full test.
pub(crate) const ALTERNATIVES_MAX: usize = 64;
