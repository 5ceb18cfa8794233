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
mod keep;
mod list;
mod merged;
mod opened;
mod pager;
mod points;
mod recorded;
mod sides;
mod staging;
mod tool;
mod undo;
mod visible;
mod waiting;

pub(crate) use apply::apply;
pub(crate) use changes::changes;
pub(crate) use diff::diff;
pub(crate) use git::{Beside, Git};
pub(crate) use keep::{keep_house, tidy};
pub(crate) use list::list;
pub(crate) use opened::stages;
pub(crate) use points::{discard, fork, restore, snapshot};
pub(crate) use recorded::recovered;
pub(crate) use staging::{Staging, has, unfit};
pub(crate) use undo::undo;
pub(super) use waiting::Waiting;
