//! One file per command.

pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod plan;
pub(crate) mod policy;
mod prepare;
pub(crate) mod run;
pub(crate) mod trust;
pub(crate) mod why;
