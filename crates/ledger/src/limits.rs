//! Everything that grows has a limit, and it stands here.

use std::time::Duration;

/// The largest line of a log in bytes. A larger event is cut to fit.
pub const RECORD_BYTES_MAX: usize = 64 << 10;
/// The longest name of a session.
pub const SESSION_NAME_BYTES_MAX: usize = 128;
/// The largest proof that is read, in bytes.
pub const PROOF_BYTES_MAX: usize = 1 << 20;
/// The largest checkpoint that is read, in bytes.
pub const CHECKPOINT_BYTES_MAX: usize = 1 << 10;

/// Bytes of events that wait for the disk. What comes beyond is dropped and counted.
pub(crate) const QUEUE_BYTES_MAX: usize = 16 << 20;
/// How long an event waits at most until it is signed and on its way to the disk.
pub(crate) const GROUP_TIME: Duration = Duration::from_millis(50);
/// Bytes that are gathered for one write.
pub(crate) const WRITE_BYTES: usize = 256 << 10;
/// What a session may always write at its end, in bytes: its last events and checkpoint.
pub(crate) const END_BYTES: u64 = 256 << 10;
/// The largest file that is a key.
pub(crate) const KEY_BYTES_MAX: u64 = 4 << 10;

/// What a record is to survive once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A power cut: each group of events is on the disk before it counts as committed, which takes milliseconds.
    #[default]
    Power,
    /// The end of the writing process, however it comes. The system brings it to the disk in its own time, so a power
    /// cut may take the last seconds: what is cut off then looks as if somebody had done so.
    Process,
}

/// How much one session may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A file of a session's log is at most about this large, in bytes; then there is another.
    pub segment_bytes: u64,
    /// All files of a session's log are at most about this large, in bytes; further events are dropped and counted.
    pub session_bytes: u64,
}

impl Default for Limits {
    /// 64 MiB and 4 GiB.
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, session_bytes: 4 << 30 }
    }
}
