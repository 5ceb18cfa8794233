//! Changes as unified diffs: as data, and as the text that `git apply` takes.

mod file;
mod hunk;
mod quote;
#[cfg(test)]
mod tests;
mod text;

pub use file::{Blob, Body, FileDiff, Side, diffs};
pub use hunk::{Hunk, Line, LineKind, choose, hunks};
pub use quote::quoted;
