//! How large and how long anything may get.

use std::time::Duration;

/// Bytes of a question.
pub(crate) const QUESTION_BYTES_MAX: usize = 64 << 10;
/// Bytes of one value.
pub(crate) const VALUE_BYTES_MAX: i32 = 16 << 20;
/// Bytes that SQLite may hold for sorting and grouping.
pub(crate) const MEMORY_BYTES_MAX: i64 = 512 << 20;
/// After so many steps of SQLite it is looked whether there is time left.
pub(crate) const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// How much one answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows of the answer. What comes after them is left out, and the answer tells so.
    pub rows: usize,
    /// Bytes of all values of the answer. What comes after them is left out as well.
    pub bytes: usize,
    /// How long the question may be worked on; then it fails.
    pub time: Duration,
}

impl Default for Limits {
    /// 10,000 rows, 64 MiB, one minute.
    fn default() -> Self {
        Self { rows: 10_000, bytes: 64 << 20, time: Duration::from_secs(60) }
    }
}
