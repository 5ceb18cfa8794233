//! Staged runs: which stage one writes to, and what becomes of what was written.

mod apply;
mod changes;
mod diff;
mod git;
mod guarded;
mod hunks;
mod opened;
mod points;
mod staging;
mod waiting;

pub(crate) use apply::{apply, undo};
pub(crate) use changes::changes;
pub(crate) use diff::diff;
pub(crate) use opened::stages;
pub(crate) use points::{discard, fork, list, restore, snapshot};
pub(crate) use staging::Staging;
pub(super) use waiting::Waiting;
