//! What may be said when. Each side keeps account of the other one, and ends the session at the first message that must
//! not be there: a side that says such a thing is broken, or somebody else's.

mod from_runner;
mod from_supervisor;
mod window;

pub use from_runner::FromRunner;
pub use from_supervisor::FromSupervisor;

/// The other side said what it must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("follow the other side: it {0}")]
pub struct Violation(pub(crate) &'static str);
