//! Makes a Windows machine ready for commands under accounts of their own, and undoes it without a trace.
//!
//! What there has to be is a list of things, most of them described in [`pinfold_plan::windows`]: a group, two accounts,
//! rights, rules of the firewall, filters, a directory. Each is looked at, made and removed by itself, so that all functions here
//! are walks over the list: [`install`] and [`repair`] make what differs, [`check`] tells it, [`uninstall`] goes the other way.
//!
//! - Nobody can log on to an account before the rules of its network have been read back: accounts are made disabled, and
//!   disabled first when something is repaired.
//! - The marker says that setup is unfinished before anything else is changed, and finished after everything else. So it can
//!   die anywhere, and the next one knows.
//! - A password touches the disk sealed, within the marker, and is renewed whenever something is repaired.
//! - What has a name of ours but was not made by us is neither taken over nor removed.
//!
//! The machine is a trait, [`Machine`]; on Windows `windows::ThisMachine` is the one that the process runs on.
#![deny(unsafe_code)]

mod believed;
mod check;
mod code;
mod error;
mod install;
mod installed;
mod look;
mod machine;
mod make;
mod marker;
mod password;
mod thing;
mod uninstall;
mod wanted;
#[cfg(windows)]
pub mod windows;

pub use believed::is_administrators;
pub use check::{Checked, Difference, State, check};
pub use code::Code;
pub use error::SetupError;
pub use install::{Report, install, repair};
pub use installed::{Named, Setup, installed};
pub use machine::{
    AccountFound, Accounts, EntryFound, EntryKind, Fault, FilterFound, FiltersFound, FirewallPolicy, GroupFound, Keep,
    LocalRules, Machine, Network, RuleFound, Scope,
};
pub use password::Secret;
pub use uninstall::{Removed, uninstall};
pub use wanted::Wanted;
