//! The accounts that were set up, and how a runner is started under one.
//!
//! Where nobody can log on, as under Wine, a build for tests takes a setup as given and starts the runner as the caller.

#[cfg(feature = "plumbing")]
mod given;
mod installed;

#[cfg(feature = "plumbing")]
pub(super) use given::setup;
#[cfg(not(feature = "plumbing"))]
pub(super) use installed::setup;
#[cfg(not(feature = "plumbing"))]
pub(super) use pinfold_runner::windows::start as start_runner;
#[cfg(feature = "plumbing")]
pub(super) use pinfold_runner::windows::start_as_caller as start_runner;
