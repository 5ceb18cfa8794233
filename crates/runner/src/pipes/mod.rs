//! The two pipes between supervisor and runner, as far as they are the same on any machine: their names, and who may
//! open them.

mod access;
mod name;

pub use access::{READ_END, WRITE_END, descriptor};
pub use name::{PipeName, PipeNameError};
