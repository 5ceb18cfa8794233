//! The runner's side of a session.

mod running;
mod serve;
pub(crate) mod state;

pub use running::{Launched, Running};
pub use serve::{Myself, serve};
