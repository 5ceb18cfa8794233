//! What runs commands on Linux, watches them, tells of them, and puts the host to the test: one file per command, and what
//! several of them need.

mod doctor;
mod gate;
mod git_identity;
mod giving;
mod grant;
mod housekeeping;
mod leavings;
mod machine;
mod paths;
mod plan;
mod prepare;
mod programs;
mod quarantined;
mod record;
mod report;
mod run;
mod seat;
mod stage;
mod trace;
mod undo;
mod watching;

use std::ffi::OsString;
use std::process::ExitCode;

use pinfold_confine::linux::{confine_gate, end_on_broken_pipe, given};

use crate::args::Command;
use crate::error::CliError;

pub(crate) use pinfold_plan::Plan;

pub(crate) use gate::keyring_entry;
pub(crate) use machine::{host_name, new_session_id, random_digits, trust_bundles, user};
pub(crate) use paths::{
    CONFIGURATION, HOME, MANAGED_POLICY, PLATFORM, STATE, create_private, in_the_way, is_administrators, is_in, masked,
    open, real, try_lock,
};
pub(crate) use pinfold_confine::linux::probe::names;
/// Whether live runs can be given more.
pub(crate) const GRANTS: bool = true;

pub(crate) use seat::{Seat, give_terminal_back};
pub(crate) use watching::Runs;

/// Parts that this program plays in runs and tests, told apart by its first argument before any other is looked at.
pub(crate) fn part(arguments: &[OsString]) -> Option<ExitCode> {
    let (first, rest) = arguments.split_first()?;
    if first == pinfold_gate::ARGUMENT {
        return Some(pinfold_gate::main(confine_gate));
    }
    if first == given::ARGUMENT {
        return Some(given::main());
    }
    (first == doctor::attacker::ARGUMENT).then(|| doctor::attacker::main(rest))
}

/// What is done before anything else is printed.
pub(crate) fn prepare_output(command: &Command) {
    if !matches!(command, Command::Run(_) | Command::Trace(_) | Command::Shell(_)) {
        end_on_broken_pipe();
    }
}

/// Carries out what only a platform can.
pub(crate) fn carry_out(command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Run(args) => run::run(args),
        Command::Trace(args) => run::trace(args),
        Command::Shell(args) => run::shell(args),
        Command::Changes(args) => stage::changes(&args),
        Command::Diff(args) => stage::diff(&args),
        Command::Review(args) => stage::review(&args),
        Command::Apply(args) => stage::apply(&args),
        Command::Undo(args) => undo::undo(&args),
        Command::Discard(args) => stage::discard(&args),
        Command::Stages(args) => stage::list(&args),
        Command::Fork(args) => stage::fork(&args),
        Command::Snapshot(args) => stage::snapshot(&args),
        Command::Restore(args) => stage::restore(&args),
        Command::Grant(args) => grant::grant(&args),
        Command::Revoke(args) => grant::revoke(&args),
        Command::Plan(args) => plan::plan(args),
        Command::Doctor(args) => doctor::doctor(args),
        Command::Setup(_) => Err(CliError::new("there is nothing to set up on Linux")
            .why("every user can run commands here; only Windows needs accounts for them")
            .hint("`pinfold doctor` tells what this host can keep")),
        _ => unreachable!("every other command is the same on every platform"),
    }
}
