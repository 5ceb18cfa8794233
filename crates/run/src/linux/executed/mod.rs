//! Every program that is executed in a run, as the kernel tells of it (`confine::linux::Listener`).
//!
//! One thread answers the kernel: while a process waits, it reads what will be gone afterwards, and lets the process go
//! on. Another one makes digests and tells; no process ever waits for it. What was read is what was asked for, and says
//! nothing for certain: see `docs/decisions/0008-what-is-known-of-programs.md`.

mod digests;
mod family;
mod observer;
mod program;
mod recorder;
mod watch;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

pub use digests::Digest;
pub(crate) use observer::{Command, Observer, Observing};
pub(crate) use program::{Root, current_directory, directory, executable_name, is_read_only};

/// A program that a process of a run was about to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// The process, as it is numbered outside.
    pub pid: i32,
    /// Its parent, numbered likewise.
    pub parent: i32,
    /// Its arguments, the first by custom its name.
    pub arguments: Vec<OsString>,
    /// Whether these are all of them; else they were too many, too long, or could not be read.
    pub all_arguments: bool,
    /// Its current directory, as seen inside.
    pub directory: PathBuf,
    /// The file, as seen inside and without links; as it was asked for where it could not be opened. Of a script it is
    /// the script. Empty where not even that could be read.
    pub program: PathBuf,
    /// The SHA-256 of that file, unless it has changed since, cannot be read or is too large.
    pub digest: Option<Digest>,
    /// When it was asked for.
    pub at: SystemTime,
}

/// Who is told of programs, and where their digests are kept from one run to the next.
pub struct Recording {
    /// Called for each on a thread of its own.
    pub tell: Box<dyn FnMut(Executed) + Send>,
    /// A file of the caller's, which nothing inside can write.
    pub digests: PathBuf,
}

/// How much is known of what was executed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Executions {
    /// Nobody asked.
    #[default]
    Unasked,
    /// Nothing: the kernel gave no listener, with this error number. `EBUSY`: there is one around this process already.
    Unobserved {
        /// The error number.
        errno: i32,
    },
    /// All but what is counted here.
    Observed(Tally),
}

/// What was told of programs, and what was not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many were told of.
    pub told: u64,
    /// How many were not, because too many came at once.
    pub dropped: u64,
    /// How often the file was not there, or none that can be executed. Search paths are tried in this way.
    pub missing: u64,
}

impl fmt::Debug for Recording {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Recording").field("digests", &self.digests).finish_non_exhaustive()
    }
}
