//! What a run that writes to real trees has changed there, so that it can be undone.
//!
//! Whoever is told of a call before the kernel carries it out asks [`Keeping`] to note what it would change. Of each path it
//! notes once what lay there, and of each file, by its number, what it contained: files that are merely renamed are not
//! copied. When the run has ended, what lies at those paths is compared with that, and what differs is a [`Changed`]. Paths
//! that nobody touched are not looked at, so that what somebody else does meanwhile is not undone.
//!
//! In the directory of a run lie:
//!
//! | name | what |
//! | --- | --- |
//! | `about.json` | which places, and since when |
//! | `log` | a line of JSON for each thing that was noted (`log.rs`), before the call went on |
//! | `kept/N` | the content of a file |
//! | `changes` | a line of JSON for each [`Changed`]. **That it lies there means that the run has ended** |
//! | `undo-N/` | a transaction that undoes it in place N |
//! | `undone-N` | it was undone there |
//!
//! Whoever is killed over it leaves what [`Befores::settle`] goes on with.

mod changed;
mod content;
mod end;
mod holders;
mod keeping;
mod log;
mod noted;
mod record;
mod steps;
mod store;
#[cfg(test)]
mod tests;

pub use changed::{Changed, Ended};
pub use keeping::Keeping;
pub use noted::Noted;
pub use record::{Record, Undoing};
pub use store::{Befores, Begun, Kept};
