//! Linux: namespaces and mounts, Landlock, seccomp, capabilities and resource limits.
//!
//! A [`Foundation`] is a copy of the supervisor in namespaces of its own; `init` is the life of that first process: it
//! is told the plan (`brief`), applies it step by step, starts the command (`command`) and reaps.

mod brief;
mod capture;
mod command;
mod error;
mod foundation;
mod frames;
mod gate;
pub mod given;
mod identity;
mod init;
mod landlock;
mod limits;
mod network;
mod notices;
mod part;
pub mod probe;
mod root;
pub mod seccomp;
pub mod settle;
mod signals;
mod sys;
mod terminal;
mod trees;

pub use capture::Sockets;
pub use error::ConfineError;
pub use foundation::{Foundation, Ground};
pub use gate::confine_gate;
pub use init::{WATCH_CHANGES, WATCH_PATHS};
pub use notices::{Execution, Listener, Memory, Named, Notice, Purpose, Words};
pub use part::part;
pub use seccomp::RefusedCall;
pub use signals::{SignalQueue, end_by, end_on_broken_pipe, spawn_unblocked};
