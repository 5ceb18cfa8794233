//! Staged runs: which stage one writes to, and what becomes of what was written.

mod staging;

pub(crate) use staging::Staging;
