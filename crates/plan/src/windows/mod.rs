//! What is planned on Windows, as far as it is yet: the entries in access lists that let a restricted token write where the
//! policy allows it, and how arguments and variables are handed to a process. No backend carries it out.

mod command_line;
mod entries;
mod environment;

pub use command_line::{CommandLineError, command_line};
pub use entries::{Edit, WritableRoot, edits};
pub use environment::{EnvironmentError, environment_block};
