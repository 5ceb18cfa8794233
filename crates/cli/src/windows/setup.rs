//! `pinfold setup`: accounts for commands, with a firewall around one of them.

use std::process::ExitCode;

use pinfold_acl::Sid;
use pinfold_confine::windows::probe;
use pinfold_setup::windows::{ThisMachine, directory, relaunch_elevated};
use pinfold_setup::{Code, SetupError, State, Wanted, check, install, repair, uninstall};

use crate::args::SetupArgs;
use crate::error::CliError;

/// Exit status when something is missing.
const INCOMPLETE: u8 = 1;

pub(super) fn setup(args: &SetupArgs) -> Result<ExitCode, CliError> {
    let wanted = wanted(args)?;
    if args.check {
        return tell(&wanted);
    }
    let elevated = probe::is_elevated().map_err(|error| CliError::from_error(&error))?;
    if !elevated {
        return ask_an_administrator(args, &wanted);
    }
    let done = change(args, &wanted);
    match (done, &args.owner) {
        (Ok(lines), _) => {
            lines.iter().for_each(|line| println!("{line}"));
            Ok(ExitCode::SUCCESS)
        }
        // Whoever asked reads the exit code alone, as this process has no console that anybody sees.
        (Err(error), Some(_)) => Ok(ExitCode::from(error.code().exit_code())),
        (Err(error), None) => Err(failed(&error)),
    }
}

fn wanted(args: &SetupArgs) -> Result<Wanted, CliError> {
    let owner = match &args.owner {
        Some(text) => text.parse::<Sid>().map_err(|error| CliError::new(format!("--owner: {error}")))?,
        None => probe::look().map_err(|error| CliError::from_error(&error))?.user,
    };
    let directory =
        directory().map_err(|fault| CliError::new("the place of setup cannot be found").why(fault.to_string()))?;
    Ok(Wanted { directory, owner, gate_port: Some(args.gate_port), program: env!("CARGO_PKG_VERSION").to_owned() })
}

/// What was done, a line each.
fn change(args: &SetupArgs, wanted: &Wanted) -> Result<Vec<String>, SetupError> {
    let machine = &mut ThisMachine;
    if args.uninstall {
        let removed = uninstall(machine, wanted)?;
        let kept = removed.kept.into_iter().map(|thing| format!("left alone, as it is not pinfold's: {thing}"));
        return Ok(removed.removed.into_iter().map(|thing| format!("removed: {thing}")).chain(kept).collect());
    }
    let report = if args.repair { repair(machine, wanted)? } else { install(machine, wanted)? };
    Ok(report.changed.into_iter().map(|thing| format!("made: {thing}")).chain(report.notes).collect())
}

fn tell(wanted: &Wanted) -> Result<ExitCode, CliError> {
    let found = check(&ThisMachine, wanted).map_err(|error| failed(&error))?;
    println!(
        "{}",
        match found.state {
            State::Absent => "nothing is set up; `pinfold setup` does it",
            State::Complete => "everything is set up",
            State::Incomplete => "something is not as it should be; `pinfold setup --repair` puts it right",
        }
    );
    found.differences.iter().for_each(|difference| println!("  {}: {}", difference.thing, difference.how));
    found.unseen.iter().for_each(|thing| println!("  {thing}: only an administrator may look at it"));
    found.notes.iter().for_each(|note| println!("  {note}"));
    Ok(if found.state == State::Complete { ExitCode::SUCCESS } else { ExitCode::from(INCOMPLETE) })
}

/// Starts this program again, with a question to the user.
fn ask_an_administrator(args: &SetupArgs, wanted: &Wanted) -> Result<ExitCode, CliError> {
    let program =
        std::env::current_exe().map_err(|error| CliError::new("pinfold cannot find itself").why(error.to_string()))?;
    let (owner, port) = (wanted.owner.to_string(), args.gate_port.to_string());
    let mut words = vec!["setup", "--owner", &owner, "--gate-port", &port];
    words.extend(args.repair.then_some("--repair"));
    words.extend(args.uninstall.then_some("--uninstall"));
    let code = relaunch_elevated(&program.to_string_lossy(), &words).map_err(|error| failed(&error))?;
    match Code::from_exit_code(code) {
        Some(code) => Err(CliError::new("setup has failed").why(code.why()).hint(code.next())),
        None if args.uninstall => Ok(ExitCode::SUCCESS),
        None => tell(wanted),
    }
}

fn failed(error: &SetupError) -> CliError {
    CliError::from_error(error).why(error.code().why()).hint(error.code().next())
}
