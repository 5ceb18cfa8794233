//! This program once more, in a part that its first argument names.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::sys::keep_descriptors;

/// This program, whatever is at its path by now.
const PROGRAM: &str = "/proc/self/exe";

/// This program in the part of `argument`, whose standard input is a link to its caller. It gets nothing else of the caller's:
/// no variable, no directory, and no descriptor but that of errors.
///
/// # Errors
/// When the descriptors that the caller was given cannot be kept back.
pub fn part(argument: &str, link: OwnedFd) -> io::Result<Command> {
    // What the caller left open is for the caller.
    keep_descriptors()?;
    let mut command = Command::new(PROGRAM);
    command.arg0("pinfold").arg(argument).env_clear().current_dir("/").stdin(link).stdout(Stdio::null());
    // Ctrl-C at the terminal is for the command, which may go on after it.
    command.process_group(0);
    Ok(command)
}
