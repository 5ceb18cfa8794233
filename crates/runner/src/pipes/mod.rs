//! The two pipes between supervisor and runner, and those that programs of one user meet at, as far as they are the same on
//! any machine: their names, and who may open them.

mod access;
mod name;

pub use access::{READ_END, VISITOR_END, WRITE_END, descriptor, of_user};
pub use name::{PipeName, PipeNameError};
