//! The machine that this process runs on.
//!
//! What is done here was compiled and, where Wine has it, called; **none of it has been verified on Windows**. Wine has no filtering
//! platform and no rules of the firewall, finds no identifiers of accounts, and keeps no access lists of files.

mod accounts;
mod elevate;
mod filter;
mod keep;
mod network;
mod rule;
mod sys;

pub use elevate::relaunch_elevated;
pub use keep::directory;

/// The machine that this process runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisMachine;
