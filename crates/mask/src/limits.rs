//! How much is read and written.

/// Largest file that is masked, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// Largest masked file, in bytes: placeholders may be longer than the values they stand for.
pub const MASKED_BYTES_MAX: usize = 4 << 20;

/// Longest key, in bytes. What is longer is hardly a name, but might be a token.
pub const KEY_BYTES_MAX: usize = 128;
