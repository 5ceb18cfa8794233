//! The runner's side of a session.

mod running;
mod serve;
pub(crate) mod state;

pub use running::{Launched, NotStarted, Running};
pub use serve::{Myself, serve};
