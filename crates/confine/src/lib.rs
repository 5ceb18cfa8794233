//! DOING it: turns a [`pinfold_plan::Plan`] into a confined process. The only crate that asks a kernel for
//! restrictions.
#![deny(unsafe_code)]

mod hex;
#[cfg(target_os = "linux")]
pub mod launch;
#[cfg(unix)]
pub mod letters;
#[cfg(target_os = "linux")]
pub mod link;
#[cfg(target_os = "linux")]
pub mod linux;
#[cfg(any(target_os = "linux", windows))]
mod probe;
pub mod windows;

pub use hex::hex;
