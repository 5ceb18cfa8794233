//! How much of what a run wrote is looked at. Whoever runs inside can write anything.

/// How long a path can be that the kernel takes (`PATH_MAX`, without the byte that ends it).
pub const PATH_BYTES: usize = 4095;
/// How many directories a path can lead through. What lies deeper is not looked at, as every path costs as much as it is deep.
pub const DEPTH: usize = 256;
/// How many paths one list of changes has at most.
pub const CHANGES: usize = 1_000_000;
/// How long they are at most, all together.
pub const ALL_PATHS_BYTES: usize = 256 << 20;
/// How much is read at most to find out which created file is a deleted one.
pub const RENAMES_BYTES: u64 = 256 << 20;
/// Files above this have the digest of their blocks.
pub const WHOLE_DIGEST_BYTES: u64 = 1 << 30;
/// Files above this are told like those that are no text.
pub const DIFF_BYTES: u64 = 8 << 20;
/// Pieces of both texts with more lines than this, together, are not matched line by line.
pub const MATCHED_LINES: usize = 100_000;
/// Files above this are not merged, and what they were is not kept.
pub const MERGE_BYTES: u64 = 1 << 20;
/// How much of what files were is kept at most, all together.
pub const BASES_BYTES: u64 = 256 << 20;
/// Files above this are known by their identity only.
pub const BASE_DIGEST_BYTES: u64 = 64 << 20;
/// How many of the files that a run removed are read, so that they are known when they lie there again, ...
pub const REMOVED_READ: usize = 1000;
/// ... and how much of them; the others are known by their identity only.
pub const REMOVED_READ_BYTES: u64 = 32 << 20;
/// Files above this are not copied before a run changes them; blocks that can be shared cost nothing.
pub const KEPT_FILE_BYTES: u64 = 64 << 20;
/// How much is copied at most of all files that a run changes.
pub const KEPT_BYTES: u64 = 1 << 30;
/// How many paths a run can touch so that all of them are noted.
pub const TOUCHED: usize = 1_000_000;
/// How many runs of a workspace can be undone.
pub const KEPT_RUNS: usize = 5;
/// How long the document that says what files were can be.
pub const DOCUMENT_BYTES: u64 = 512 << 20;
