//! LIVING through a run: start the confined process, relay its terminal, pass signals on, keep the limits that the
//! kernel does not, watch protected names, and end with the command's own exit status.
#![forbid(unsafe_code)]

mod bundle;
#[cfg(not(target_os = "linux"))]
mod gate;
#[cfg(target_os = "linux")]
mod linux;
mod seen;

pub use bundle::Bundle;
#[cfg(not(target_os = "linux"))]
pub use gate::{Gate, GateError};
#[cfg(target_os = "linux")]
pub use linux::*;
pub use seen::seen;
