//! Staged runs: what a run wrote lies beside the workspace until a person takes it over.
//!
//! Inside, the workspace is an overlay of the kernel: the real tree below, which stays as it is, and **layers** above it, of
//! which the topmost takes what is written. This crate reads layers from outside, without mounting anything, and knows nothing
//! of sandboxes.
//!
//! - [`Tree`] and [`Node`]: a directory, paths below it that are reached without following links, and what lies there.
//! - [`Layers`]: what layers and the real tree below them show together.
//! - [`Changes`]: what a run has changed.
//! - [`Step`]: one path of a tree that is to become something else.

#![forbid(unsafe_code)]

mod attributes;
mod changes;
mod content;
mod layers;
pub mod limits;
mod node;
mod open;
mod step;
#[cfg(test)]
mod testing;
mod tree;

pub use changes::{Change, Changes, Told, What};
pub use content::Digest;
pub use layers::{Exceeded, Layers, LeftOut, Seen};
pub use node::{Attributes, Identity, Kind, Node, Time};
pub use step::{Content, Meta, Step, Wanted};
pub use tree::Tree;
