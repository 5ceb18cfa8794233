//! Staged runs: which stage one writes to, and what becomes of what was written.

mod apply;
mod asked;
mod changes;
mod choice;
mod diff;
mod git;
mod guarded;
mod hunks;
mod ignored;
mod in_the_way;
mod merged;
mod opened;
mod pager;
mod points;
mod sides;
mod staging;
mod tool;
mod undo;
mod visible;
mod waiting;

pub(crate) use apply::apply;
pub(crate) use changes::changes;
pub(crate) use diff::diff;
pub(crate) use opened::stages;
pub(crate) use points::{discard, fork, list, restore, snapshot};
pub(crate) use staging::{Staging, has, unfit};
pub(crate) use undo::undo;
pub(super) use waiting::Waiting;
