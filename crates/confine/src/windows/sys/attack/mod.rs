//! The calls of the self-test, each behind a function that is safe.

pub(in crate::windows) mod console;
pub(in crate::windows) mod files;
pub(in crate::windows) mod handles;
pub(in crate::windows) mod objects;
pub(in crate::windows) mod processes;
pub(in crate::windows) mod registry;
pub(in crate::windows) mod rights;
#[cfg(test)]
mod tests;
pub(in crate::windows) mod window;
