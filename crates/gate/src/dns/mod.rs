//! Names for the sandbox: each gets an address of its own from a pool, so that every connection has a name.
//!
//! Nothing that is asked here leaves the machine; a name is resolved when something connects to it.

mod answer;
mod pool;
mod server;

pub use answer::Question;
pub(crate) use pool::{Meaning, Pool};
pub(crate) use server::{serve_tcp, serve_udp};
