//! Runs that wrote to the workspace itself and can be undone: what is kept of them, and how it comes back.

mod back;
mod keep;
mod undoable;

pub(crate) use back::{discard, undo};
pub(super) use keep::{begin, settle};
pub(super) use undoable::Undoable;
