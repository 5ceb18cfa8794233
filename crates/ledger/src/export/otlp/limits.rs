//! Everything that grows has a limit.

use std::time::Duration;

/// A batch is sent when it has so many records or about so many bytes. What collectors take in one request is larger.
pub(super) const BATCH_RECORDS: u64 = 1000;
pub(super) const BATCH_BYTES: usize = 1 << 20;
/// The largest answer that is read, in bytes.
pub(super) const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The longest message of a collector that is told, in characters.
pub(super) const MESSAGE_LETTERS_MAX: usize = 500;
/// So many different warnings of a collector are kept.
pub(super) const WARNINGS_MAX: usize = 20;
/// The largest file of certificates that is read, in bytes.
pub(super) const ROOTS_BYTES_MAX: u64 = 16 << 20;
/// How long a connection may take to be made.
pub(super) const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long one request may take.
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(30);
/// How often a batch is sent at most.
pub(super) const ATTEMPTS_MAX: u32 = 6;
/// The first pause before a batch is sent again; each further one is twice as long.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A collector that asks for more patience than this is given up.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(300);
