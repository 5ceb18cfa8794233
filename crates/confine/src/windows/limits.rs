//! What grows, and how far.

/// Largest file of identifiers that is read, in bytes.
pub(super) const MAX_IDENTIFIERS_BYTES: u64 = 4 << 20;
/// Most identifiers that are kept. Each is there for one writable root, so this is also how many workspaces and private
/// directories can be remembered.
pub(super) const MAX_IDENTIFIERS: usize = 256;
/// Largest journal that is read, in bytes.
pub(super) const MAX_JOURNAL_BYTES: u64 = 64 << 20;
/// Lines of a journal that are not worth writing it anew.
pub(super) const JOURNAL_LINES_KEPT: usize = 256;
