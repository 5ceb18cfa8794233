//! LIVING through a run: start the confined process, relay its terminal, pass signals on, keep the limits that the
//! kernel does not, watch protected names, and end with the command's own exit status.
//!
//! On Windows it is the command line that lives through a run; here is what it tells and asks meanwhile.
#![forbid(unsafe_code)]

mod bundle;
pub mod control;
#[cfg(not(target_os = "linux"))]
mod gate;
#[cfg(target_os = "linux")]
mod linux;
mod seen;
mod traffic;
#[cfg(windows)]
mod windows;

pub use bundle::Bundle;
#[cfg(not(target_os = "linux"))]
pub use gate::{Gate, GateError, Orders};
#[cfg(target_os = "linux")]
pub use linux::*;
pub use seen::{granted, seen};
pub use traffic::{PublishedPort, RefusedHost, Traffic};

#[cfg(target_os = "linux")]
use linux as native;
#[cfg(windows)]
use windows as native;
