//! Windows, for a caller without administrator's rights: a restricted token of low integrity, entries in access lists, open
//! handles on what is protected, and a job.
//!
//! What needs no system call is compiled and tested on every platform: which identifier stands for a writable root
//! ([`identifiers`]), and the journal of all changes to access lists ([`journal`]), without which nothing is changed.

#[cfg(windows)]
pub mod attack;
mod durable;
mod error;
pub mod identifiers;
pub mod journal;
mod limits;
#[cfg(windows)]
mod native;
mod place;
pub mod program;
pub mod self_check;
#[cfg(windows)]
mod sys;

pub use durable::{Lock, StateError};
pub use error::ConfineError;
#[cfg(windows)]
pub use native::*;
pub use place::FileId;
