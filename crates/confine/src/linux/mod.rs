//! Linux: namespaces and mounts, Landlock, seccomp, capabilities and resource limits.
//!
//! [`start()`] forks the supervisor into the plan's namespaces; `init` is the life of that first process: it applies
//! the plan step by step, starts the command (`command`) and reaps.

mod capture;
mod command;
mod error;
mod identity;
mod init;
mod landlock;
mod limits;
mod network;
pub mod probe;
mod root;
pub mod seccomp;
mod signals;
mod start;
mod sys;
mod terminal;
mod trees;

pub use capture::Sockets;
pub use error::ConfineError;
pub use signals::{SignalQueue, end_by, end_on_broken_pipe};
pub use start::start;
