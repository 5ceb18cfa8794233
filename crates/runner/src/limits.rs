//! How large and how long things may be.

use std::time::Duration;

/// Largest message with a [`Start`](crate::Start), in bytes: command, environment and plan.
pub const START_BYTES_MAX: usize = 8 << 20;

/// Largest message of any other kind, in bytes: a chunk as base64, and the words around it.
pub const MESSAGE_BYTES_MAX: usize = 96 << 10;

/// Most bytes of a stream in one message.
pub const CHUNK_BYTES_MAX: usize = 64 << 10;

/// Most bytes of a stream that are on their way: sent, and not yet told to be taken. Whatever either side holds for a
/// stream stays below that, so a command that writes without end waits, and so does whoever writes to one that does not
/// read.
pub const WINDOW_BYTES: usize = 256 << 10;

/// What was taken is told when it has become this much, in bytes.
pub(crate) const TAKEN_BYTES_MIN: usize = WINDOW_BYTES / 4;

/// Longest text in a message of the runner, in bytes. What is longer is cut by the one who sends it.
pub const TEXT_BYTES_MAX: usize = 1024;

/// How long a runner that runs may take to answer the first message.
pub(crate) const READY_TIME: Duration = Duration::from_secs(30);

/// How long the other direction of a link may stay open when one has broken.
pub(crate) const HALF_OPEN_TIME: Duration = Duration::from_secs(2);

/// How long an output may stay open and silent when every process of the run has been ended.
pub(crate) const LAST_OUTPUT_TIME: Duration = Duration::from_secs(5);
