//! The control channel as a named pipe: who comes, and who is told.
//!
//! `\\.\pipe\pinfold-control-ID`, with a list for the user alone and a label that keeps lower integrity out, from another
//! machine reached by nobody, and made by nobody else before. Where that cannot be had, there is no channel.

mod bell;
mod session;
#[cfg(test)]
mod tests;
mod watched;
mod watcher;

pub use bell::Bell;
pub use session::{Answered, Control, Teller};
pub use watched::Watched;

/// Where that of a session is.
fn pipe(id: &str) -> String {
    format!(r"\\.\pipe\pinfold-control-{id}")
}
