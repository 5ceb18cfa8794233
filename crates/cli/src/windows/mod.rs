//! What runs commands on Windows, sets the machine up for them, and puts it to the test.
//!
//! None of it has been verified on a real Windows yet.

mod account;
mod accounts;
mod audience;
mod doctor;
mod environment;
mod gate;
mod machine;
mod paths;
mod plan;
mod prepare;
mod record;
mod relay;
mod report;
mod run;
mod runner;
mod serving;
mod session;
mod setup;
mod sight;
mod size;
mod store;
mod watch;
mod watching;
mod within;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::args::Command;
use crate::error::{CliError, NOT_STARTED};

pub(crate) use pinfold_plan::windows::Plan;

pub(crate) use machine::{host_name, keyring_entry, new_session_id, random_digits, trust_bundles, user};
pub(crate) use paths::{
    CONFIGURATION, HOME, MANAGED_POLICY, PLATFORM, STATE, create_private, in_the_way, is_administrators, masked, open,
    real, try_lock,
};
/// Whether live runs can be given more.
pub(crate) const GRANTS: bool = false;

pub(crate) use watching::{Runs, Seat, give_terminal_back};
pub(crate) use within::{is_in, names};

/// Parts that this program plays in runs and tests, told apart by its first argument before any other is looked at.
pub(crate) fn part(arguments: &[OsString]) -> Option<ExitCode> {
    // Before anything loads one.
    if let Err(error) = pinfold_confine::windows::load_libraries_of_the_system_only() {
        eprintln!("pinfold: libraries cannot be kept to those of the system: {error}");
        return Some(ExitCode::from(NOT_STARTED));
    }
    if let Some(code) = pinfold_confine::windows::live_if_asked() {
        return Some(code);
    }
    let (first, rest) = arguments.split_first()?;
    match first.to_str()? {
        pinfold_gate::ARGUMENT => Some(pinfold_gate::main(|| Ok(()))),
        runner::ARGUMENT => Some(runner::main(rest)),
        doctor::attacker::ARGUMENT => Some(doctor::attacker::main(rest)),
        _ => None,
    }
}

/// A broken pipe is an error here, as any other.
pub(crate) fn prepare_output(_command: &Command) {}

/// Carries out what only a platform can.
pub(crate) fn carry_out(command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Run(args) => run::run(args),
        Command::Shell(args) => run::shell(args),
        Command::Plan(args) => plan::plan(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Setup(args) => setup::setup(&args),
        Command::Changes(_)
        | Command::Diff(_)
        | Command::Review(_)
        | Command::Apply(_)
        | Command::Undo(_)
        | Command::Discard(_)
        | Command::Stages(_)
        | Command::Fork(_)
        | Command::Snapshot(_)
        | Command::Restore(_) => Err(missing("a stage", "it needs overlays, which only Linux has")),
        Command::Grant(_) | Command::Revoke(_) => {
            Err(missing("a live grant", "what a token may reach is fixed when its process starts"))
        }
        Command::Trace(_) => Err(missing("pinfold trace", "Windows tells nobody which files a process asks for")),
        _ => unreachable!("every other command is the same on every platform"),
    }
}

fn missing(command: &str, why: &str) -> CliError {
    CliError::new(format!("`{command}` does not exist on Windows")).why(why)
}
