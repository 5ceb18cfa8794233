//! The supervisor's side of a session.

mod greeting;
mod output;
mod remote;
mod session;
pub(crate) mod state;
mod supervise;
mod wishes;

pub use remote::Remote;
pub use session::{End, Notice, Peer, Session, Streams};
pub use supervise::supervise;
