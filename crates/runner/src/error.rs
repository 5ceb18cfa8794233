//! Why a session cannot go on.

use std::io;

use crate::protocol::Violation;

/// What is wrong with the link between supervisor and runner.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It could not be read.
    #[error("read what the other side says")]
    Read(#[source] io::Error),
    /// It could not be written.
    #[error("tell the other side something")]
    Write(#[source] io::Error),
    /// A message is larger than it may be.
    #[error("pass a message of {bytes} bytes, of which there may be {most}")]
    TooLong {
        /// Its size as announced, or as it is.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// What came is no message. Not said is which text stands there: it is the other side's.
    #[error("read a message: it is none of this version")]
    Malformed,
    /// The link ended in the middle of a message.
    #[error("read a message: it was cut off")]
    Cut,
}

/// Why a session ended without the end of its command.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The other side said what it must not.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// The other side ended.
    #[error("hear how it ended: the other side was gone before it told")]
    Gone,
    /// One direction of the link broke, and the other one stayed open.
    #[error("speak to the other side: it no longer listens, and does not end")]
    HalfOpen,
    /// The other program is of another version.
    #[error("talk to version {theirs} of the other side's messages; ours is {ours}: both must be one program")]
    Version {
        /// Ours.
        ours: u32,
        /// The other side's.
        theirs: u32,
    },
    /// Somebody else sits at the other end.
    #[error("make sure who the other side is: {0} is not what was expected")]
    Stranger(&'static str),
    /// The runner was started and never said that it is ready.
    #[error("start the runner: it did not answer in time")]
    NotReady,
    /// The caller gave up ([`Remote::abandon`](crate::Remote::abandon)).
    #[error("wait for the end: the session was abandoned")]
    Abandoned,
    /// The runner lost sight of its command.
    #[error("wait for the command")]
    Wait(#[source] io::Error),
    /// No thread could be started.
    #[error("start a thread")]
    Thread(#[source] io::Error),
}
