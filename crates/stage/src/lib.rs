//! Staged runs: what a run wrote lies beside the workspace until a person takes it over.
//!
//! Inside, the workspace is an overlay of the kernel: the real tree below, which stays as it is, and **layers** above it, of
//! which the topmost takes what is written. This crate reads layers from outside, without mounting anything, and knows nothing
//! of sandboxes.
//!
//! - [`Tree`] and [`Node`]: a directory, paths below it that are reached without following links, and what lies there.
//! - [`Stages`], [`Stage`]: what is kept on disk, and the layers that stages share.
//! - [`Layers`]: what layers and the real tree below them show together.
//! - [`Changes`]: what a run has changed. [`manifest`]: a digest by which it is known. [`diffs`]: what of it git would show.
//! - [`Bases`]: what lay in the real tree before, and [`merge`], for what a person has changed there since.
//! - [`plan_apply`]: the steps that make chosen changes.
//! - [`Step`]: one path of a tree that is to become something else.
//! - [`before`]: what a run that writes to real trees has changed there, noted while it goes on.
//! - [`transaction`]: a list of steps, carried out together or not at all, and undone.

#![forbid(unsafe_code)]

mod attributes;
mod base;
pub mod before;
mod changes;
mod content;
mod diff;
mod digest;
mod layers;
mod letters;
pub mod limits;
mod lines;
mod merge;
mod node;
mod objects;
mod open;
mod plan;
mod step;
mod store;
#[cfg(test)]
mod testing;
pub mod transaction;
mod tree;

pub use base::{Bases, BasesError, Dropped, Reviewed, Was};
pub use changes::{Change, Changes, Told, What};
pub use content::Digest;
pub use diff::{Blob, Body, FileDiff, Hunk, Line, LineKind, Side, choose, diffs, hunks, quoted};
pub use digest::manifest;
pub use layers::{Exceeded, Layers, LeftOut, Seen};
pub use letters::Letters;
pub use merge::{Conflicting, Merged, merge};
pub use node::{Attributes, Identity, Kind, Node, Time};
pub use plan::{Conflict, Pick, Why, plan_apply};
pub use step::{Content, Meta, Step, Wanted};
pub use store::{
    Applied, ApplyError, Damage, Snapshot, Stage, Stages, StoreError, Summary, Tell, open_tree_up, remove_tree,
    space_of,
};
pub use tree::Tree;
