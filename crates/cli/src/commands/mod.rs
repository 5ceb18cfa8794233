//! One file per command.

mod changed;
pub(crate) mod completions;
pub(crate) mod doctor;
mod leavings;
pub(crate) mod log;
pub(crate) mod page;
mod pen;
pub(crate) mod plan;
pub(crate) mod policy;
mod prepare;
mod programs;
mod record;
mod remember;
mod report;
pub(crate) mod run;
mod trace;
mod traffic;
pub(crate) mod trust;
pub(crate) mod watch;
pub(crate) mod why;

pub(crate) use prepare::Prepared;
