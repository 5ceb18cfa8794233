//! What the kernel tells of before it goes on: seccomp_unotify(2), used to observe, never to judge.
//!
//! A process waits with its call until it is answered, and the answer lets the kernel go on; but for a call that the filter
//! refuses by its number and registers, which fails as it would have without a listener. What was read of its memory
//! meanwhile is what it *asked* for: another thread may change it before the kernel reads it again. So nothing may be
//! decided by it.

mod listener;
mod memory;
mod named;
mod sys;

pub use listener::{Execution, Listener, Notice};
pub use memory::{Memory, Words};
pub use named::{Named, Purpose};
