//! Which steps make chosen changes in the real tree, with what a person has changed there since.

mod apply;
mod conflict;
#[cfg(test)]
mod tests;
mod three_way;

pub use apply::{Pick, plan_apply};
pub use conflict::{Conflict, Why};
