//! The control channel as a socket: who may come, and who is told.
//!
//! A `SOCK_SEQPACKET` socket for each run, with one message in each packet. Nothing inside a sandbox gets through: see
//! `peer`.

mod here;
mod peer;
mod place;
mod session;
mod watched;
mod watcher;

pub(crate) use place::Place;
pub(crate) use session::Asked;
pub use session::Control;
pub use watched::Watched;
