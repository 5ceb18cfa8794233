//! LIVING through a run: start the confined process, relay its terminal, pass signals on, keep the limits that the
//! kernel does not, watch protected names, and end with the command's own exit status.
#![forbid(unsafe_code)]

#[cfg(target_os = "linux")]
mod linux;
mod seen;

#[cfg(target_os = "linux")]
pub use linux::*;
pub use seen::seen;
