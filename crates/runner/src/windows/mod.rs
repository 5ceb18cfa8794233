//! The system's part: pipes, the account's process, and the job that holds it.
//!
//! The supervisor calls [`start`] and [`supervise`](crate::supervise)s over what that gives; the process that it has
//! started [`run`]s:
//!
//! ```ignore
//! let (runner, link) = windows::start(&program, &account, limits)?;
//! let session = Session::new(start, runner.peer(), windows::nonce()?, output_bytes_max)?;
//! let remote = session.remote();
//! let end = supervise(link, session, streams, |notice| record(notice))?;
//! drop(runner); // Whatever was said: nothing of the run lives any more.
//! ```
//!
//! A run that takes too long is ended by `runner.end()`, from any thread: what the runner does about an order is its
//! own affair.
//!
//! Who is at the other end is settled twice. The pipes have names that nobody can guess, one instance each, and are
//! open to the account only; still the account may be another run's. So the supervisor asks the system which process
//! opened each pipe, and that must be the one that it has started and still holds. Then each side gives back on one
//! pipe a number that it got on the other.
//!
//! Where programs of one user meet, which start each other not, there is a [`Door`].

mod door;
mod end;
mod error;
mod job;
mod launch;
mod process;
mod random;
mod server;
mod signal;
mod sys;
#[cfg(test)]
mod tests;
mod user;
mod worker;

pub use door::{Door, enter};
pub use end::{EndUntil, PipeEnd};
pub use error::LaunchError;
pub use job::JobLimits;
#[cfg(feature = "plumbing")]
pub use launch::start_as_caller;
pub use launch::{Runner, start};
pub use random::nonce;
pub use signal::Signal;
pub use worker::{WorkerError, run};
