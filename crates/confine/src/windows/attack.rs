//! What the self-test of the program attacks with, and what it looks at to see whether that succeeded.
//!
//! Nothing here confines anything. These are the calls of Windows that the standard library has not; each does one thing to
//! something that the test itself has made.

pub use super::sys::attack::console::{pending_input, type_into};
pub use super::sys::attack::files::{
    descriptor, guard, is_open_to_everybody, join, label_low, lead_drive, open_to_everybody, release_drive,
};
pub use super::sys::attack::handles::{inheritable_copy, read_handle};
pub use super::sys::attack::objects::{
    Event, Pipe, Section, add_atom, has_atom, read_section, remove_atom, set_event, write_section,
};
pub use super::sys::attack::processes::{
    command_line, file_of, priority, read_memory, resume, slow_down, start_as_child_of, suspend, terminate,
    write_memory,
};
pub use super::sys::attack::registry::{has_value, remove_value, set_value, value_names};
pub use super::sys::attack::rights::{enable_privilege, impersonate, raise_integrity};
pub use super::sys::attack::window::{Window, set_title};
