//! What the kernel tells of before it goes on: seccomp_unotify(2), used to observe, never to judge.
//!
//! A process waits with its call until it is answered, and the only answer there is here lets the kernel go on. What
//! was read of its memory meanwhile is what it *asked* for: another thread may change it before the kernel reads it
//! again. So nothing may be decided by it.

mod listener;
mod memory;
mod named;
mod sys;

pub use listener::{Execution, Listener, Notice};
pub use memory::{Memory, Words};
pub use named::{Named, Purpose};
