//! Windows, for a caller without administrator's rights: a restricted token of low integrity, entries in access lists, open
//! handles on what is protected, and a job.
//!
//! What needs no system call is compiled and tested on every platform: which identifier stands for a writable root
//! ([`identifiers`]), and the journal of all changes to access lists ([`journal`]), without which nothing is changed.

mod durable;
pub mod identifiers;
pub mod journal;
mod limits;
mod place;

pub use durable::{Lock, StateError};
pub use place::FileId;
