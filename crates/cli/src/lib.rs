//! The command line: arguments to library calls, answers to text. Environment and home are read here and nowhere else.
#![forbid(unsafe_code)]

mod agent;
mod args;
mod commands;
mod context;
mod error;
mod gate;
mod git_identity;
mod layers;
mod output;
mod trust;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use pinfold_confine::linux::{confine_gate, end_on_broken_pipe};

use crate::args::{Args, Command};
use crate::error::CliError;

/// Reads the arguments and carries them out.
pub fn main() -> ExitCode {
    // The gate of a run is this program as well: told apart before anything else is looked at.
    if std::env::args_os().nth(1).is_some_and(|first| first == pinfold_gate::ARGUMENT) {
        return pinfold_gate::main(confine_gate);
    }
    if let Some(arguments) = commands::doctor::attacker::asked() {
        return commands::doctor::attacker::main(&arguments);
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(error::NOT_STARTED) } else { ExitCode::SUCCESS };
        }
    };
    match carry_out(args.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error::NOT_STARTED)
        }
    }
}

/// The whole command line, for completions and man pages.
pub fn command() -> clap::Command {
    Args::command()
}

fn carry_out(command: Command) -> Result<ExitCode, CliError> {
    if !matches!(command, Command::Run(_) | Command::Trace(_) | Command::Shell(_)) {
        end_on_broken_pipe();
    }
    match command {
        Command::Run(args) => commands::run::run(args),
        Command::Trace(args) => commands::run::trace(args),
        Command::Shell(args) => commands::run::shell(args),
        Command::Watch(args) => commands::watch::watch(&args),
        Command::Log(args) => commands::log::log(&args),
        Command::Report(args) => commands::page::report(&args),
        Command::Plan(args) => commands::plan::plan(args),
        Command::Why(args) => commands::why::why(args),
        Command::Policy(args) => commands::policy::policy(args),
        Command::Trust(args) => commands::trust::trust(args),
        Command::Doctor(args) => commands::doctor::doctor(args),
        Command::Completions(args) => commands::completions::completions(args),
    }
}
