//! One file per command; those that run something are in the folder of their platform.

mod completions;
mod log;
mod page;
mod policy;
mod trust;
mod why;

use std::process::ExitCode;

use crate::args::Command;
use crate::error::CliError;
use crate::{platform, watch};

#[cfg(target_os = "linux")]
pub(crate) use log::{ago, command_of};
pub(crate) use why::real;

/// Carries out a command.
pub(crate) fn carry_out(command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Log(args) => log::log(&args),
        Command::Report(args) => page::report(&args),
        Command::Why(args) => why::why(args),
        Command::Policy(args) => policy::policy(args),
        Command::Trust(args) => trust::trust(args),
        Command::Watch(args) => watch::watch(&args),
        Command::Completions(args) => completions::completions(args),
        command => platform::carry_out(command),
    }
}
