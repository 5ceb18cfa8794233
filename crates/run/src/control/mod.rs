//! The control channel of a run: whoever watches from another terminal is told what happens and answers its questions.
//!
//! The session sends [`Told`]s, beginning with [`Told::Session`] and what it remembers; the watcher sends [`Said`]s. Each is
//! one JSON message, of the size and by the functions of the gate's link.
//!
//! On Linux they travel in packets of a `SOCK_SEQPACKET` socket for each run, below pinfold's own directory; on Windows in
//! frames, through a named pipe for each run that the user alone may open. Nothing inside a sandbox gets through.

#![cfg_attr(
    not(any(target_os = "linux", windows)),
    allow(dead_code, unused_imports, reason = "nobody listens there yet")
)]

mod grant;
mod message;
mod questions;
mod story;

use std::time::Duration;

#[cfg(windows)]
pub use crate::native::control::{Answered, Bell, Teller};
#[cfg(any(target_os = "linux", windows))]
pub use crate::native::control::{Control, Watched};
pub use grant::{Grant, Outcome, Refusal, Wish};
pub use message::{Question, Said, Told, Word, answer, host, program};
pub(crate) use story::Story;
pub use story::{Introduction, Remember};

/// The version of these messages.
pub const VERSION: u32 = 4;

/// Most watchers of one run.
pub(crate) const WATCHERS_MAX: usize = 8;
/// Messages that wait for a watcher who does not read.
pub(crate) const WAITING_MAX: usize = 512;
/// Questions that are open: as many as the gate holds connections for.
pub(crate) const QUESTIONS_MAX: usize = 64;
/// Events that a new watcher is told of.
const EVENTS_KEPT: usize = 100;
/// Refused paths among them.
#[cfg(target_os = "linux")]
const REFUSALS_KEPT: usize = 30;
/// How long a question is open, which is as long as the gate waits.
const QUESTION_TIME: Duration = pinfold_gate::QUESTION_TIME;
/// Words of a command that are told.
const WORDS_MAX: usize = 32;
/// Characters of one of them.
const TEXT_MAX: usize = 256;
