//! What lay in the real tree when a run changed it in its layers, so that what a person changed since is found and merged.

mod bases;
mod document;
mod earlier;
mod kept;
mod noted;
pub(crate) mod points;
mod since;
mod stand;
#[cfg(test)]
mod tests;
mod was;

pub use bases::{Bases, BasesError};
pub use noted::{Dropped, Reviewed};
pub use was::Was;
pub(crate) use was::digest_of;
