//! Trees that become others, are turned back, and are interrupted on the way.

mod conflicts;
pub(super) mod faults;
mod interrupted;
mod model;
mod modes;
mod races;
mod random;
mod scratch;
mod steps;
mod text;
