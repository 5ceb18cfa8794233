//! How a command runs under another account. Windows needs that: whose files and whose network a process has is a
//! matter of its account there.
//!
//! The supervisor, which is the user's, starts a *runner* under the account (module `windows`); two pipes lead to it.
//! On them both say what [`Order`] and [`Report`] have: the runner gets the command and its plan, confines and starts
//! it, and passes its streams. [`supervise`] is the one side, [`serve`] the other; neither knows what the pipes are
//! made of, nor how the command is confined.
//!
//! The runner has the rights of the sandbox's account, so the command may have taken it over. The supervisor takes each
//! byte that comes as an enemy's: no length is trusted, what comes out of turn ends the session ([`FromRunner`]), what
//! is held for a stream has a bound ([`WINDOW_BYTES`]), and a run is over only when the runner said so once and then
//! was silent. Text that comes along is cut, not cleaned: whoever shows it makes it plain.
#![deny(unsafe_code)]

mod account;
mod error;
mod frame;
mod inbox;
#[cfg(test)]
mod interplay;
mod limits;
mod message;
mod outbox;
mod pipes;
mod protocol;
mod runner;
mod shared;
mod spool;
mod supervisor;
mod threads;
#[cfg(windows)]
pub mod windows;

pub use account::{Account, Password, hint};
pub use error::{LinkError, SessionError};
pub use frame::{Decoder, encode};
pub use inbox::Inbox;
pub use limits::{CHUNK_BYTES_MAX, MESSAGE_BYTES_MAX, START_BYTES_MAX, TEXT_BYTES_MAX, WINDOW_BYTES};
pub use message::{
    Chunk, Hello, Nonce, NotStarted, Order, Ready, Report, Start, Stdio, Stream, TerminalSize, Usage, VERSION,
};
pub use pipes::{PipeName, PipeNameError, READ_END, VISITOR_END, WRITE_END, descriptor, of_user};
pub use protocol::{FromRunner, FromSupervisor, Violation};
pub use runner::{Launched, Myself, Running, serve};
pub use supervisor::{End, Notice, Peer, Remote, Session, Streams, supervise};

/// The first argument that makes the program a runner: told apart before any other argument is looked at.
pub const ARGUMENT: &str = "__runner";
