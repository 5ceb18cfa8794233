//! The changed tree: nothing is reached through a symbolic link, and only regular files are opened.

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere/mod.rs"]
mod system;
mod thing;

#[cfg(target_os = "linux")]
pub use system::Combined;
pub(crate) use system::{PLATFORM, Regular, Tree, path};
pub(crate) use thing::{Content, Thing};
