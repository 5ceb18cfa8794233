//! The command line: arguments to library calls, answers to text. Environment and home are read here and nowhere else.
#![forbid(unsafe_code)]

mod agent;
mod args;
mod ask;
mod attack;
mod changed;
mod commands;
mod context;
mod error;
mod gate;
mod keys;
mod layers;
#[cfg(target_os = "linux")]
mod linux;
mod output;
mod own;
mod record;
mod remember;
mod screen;
mod traffic;
mod trust;
mod watch;
#[cfg(windows)]
mod windows;
/// Data that is the same everywhere, and tested everywhere.
#[cfg(all(test, not(windows)))]
#[allow(dead_code, unused_imports, reason = "it is carried out on Windows only")]
#[path = "windows/doctor/attack/catalogue/mod.rs"]
mod windows_catalogue;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(windows)]
use windows as platform;

use crate::args::Args;

/// Reads the arguments and carries them out.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = platform::part(&arguments) {
        return code;
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(error::NOT_STARTED) } else { ExitCode::SUCCESS };
        }
    };
    platform::prepare_output(&args.command);
    match commands::carry_out(args.command.with_what_is_implied()) {
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
