//! The same program again, with the rights of an administrator.

use pinfold_plan::windows::command_line;

use super::sys::elevate;
use crate::error::SetupError;
use crate::machine::Fault;

/// `ERROR_CANCELLED`: the user said no.
const CANCELLED: u32 = 1223;
/// `ERROR_BAD_ARGUMENTS`.
const BAD_ARGUMENTS: u32 = 160;

/// Asks the user, starts a program with arguments and waits for its end: its exit code. The program has no console of ours, so
/// whatever it has to say goes through a file or a pipe.
///
/// # Errors
/// [`SetupError::Declined`] when the user says no.
pub fn relaunch_elevated(program: &str, arguments: &[&str]) -> Result<u32, SetupError> {
    let bad = |_| Fault { call: "command_line", code: BAD_ARGUMENTS };
    let line = command_line(program, arguments).map_err(bad).map_err(SetupError::at(program))?;
    // The shell takes the program by itself.
    let parameters = line.get(program.len() + 2..).unwrap_or_default().trim_start();
    match elevate::run(program, parameters) {
        Ok(code) => Ok(code),
        Err(fault) if fault.code == CANCELLED => Err(SetupError::Declined),
        Err(fault) => Err(SetupError::at(program)(fault)),
    }
}
