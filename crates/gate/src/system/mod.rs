//! What the gate asks of the system, and no library asks of all systems alike.

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod native;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod native;

pub(crate) use native::*;
