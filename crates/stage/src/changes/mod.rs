//! What a run has changed: a list, sorted by path.

mod change;
mod compare;
mod list;
mod renames;
mod shared;
#[cfg(test)]
mod tests;
mod told;

pub use change::{Change, What};
pub use list::Changes;
pub use told::Told;
