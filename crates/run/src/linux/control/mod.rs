//! The control socket of a run: whoever watches from another terminal is told what happens and answers its questions.
//!
//! A `SOCK_SEQPACKET` socket for each run, below pinfold's own directory. The session sends [`Told`]s, beginning with
//! [`Told::Session`] and what it remembers; the watcher sends [`Said`]s. One JSON message in each packet, of the size and
//! by the functions of the gate's link. Nothing inside a sandbox gets through: see `peer`.

mod here;
mod message;
mod peer;
mod place;
mod questions;
mod session;
mod watched;
mod watcher;

use std::time::Duration;

pub use message::{Question, Said, Told, answer, host, program};
pub(crate) use place::Place;
pub use session::{Control, Introduction, Remember};
pub use watched::Watched;

/// The version of these messages.
pub const VERSION: u32 = 1;

/// Most watchers of one run.
const WATCHERS_MAX: usize = 8;
/// Events that a new watcher is told of.
const EVENTS_KEPT: usize = 100;
/// Messages that wait for a watcher who does not read.
const WAITING_MAX: usize = 512;
/// Questions that are open: as many as the gate holds connections for.
const QUESTIONS_MAX: usize = 64;
/// How long a question is open, which is as long as the gate waits.
const QUESTION_TIME: Duration = pinfold_gate::QUESTION_TIME;
/// Words of a command that are told.
const WORDS_MAX: usize = 32;
/// Characters of one of them.
const TEXT_MAX: usize = 256;
