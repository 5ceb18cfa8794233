//! Staged runs: what a run wrote lies beside the workspace until a person takes it over.
//!
//! Inside, the workspace is an overlay of the kernel: the real tree below, which stays as it is, and **layers** above it, of
//! which the topmost takes what is written. This crate reads layers from outside, without mounting anything, and knows nothing
//! of sandboxes.
//!
//! - [`Tree`] and [`Node`]: a directory, paths below it that are reached without following links, and what lies there.
//! - [`Stages`], [`Stage`]: what is kept on disk, and the layers that stages share.
//! - [`Step`]: one path of a tree that is to become something else.

#![forbid(unsafe_code)]

mod attributes;
mod letters;
mod node;
mod step;
mod store;
mod tree;

pub use letters::Lettered;
pub use node::{Attributes, Identity, Kind, Node, Time};
pub use step::{Content, Meta, Step, Wanted};
pub use store::{Snapshot, Stage, Stages, StoreError, Summary, Use};
pub use tree::Tree;
