//! The command itself: from a fork of the first process to `execve(2)`.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use pinfold_plan::Backend;
use rustix::fs::{Access, Mode};
use rustix::io::Errno;
use rustix::process::Pid;

use super::error::{ConfineError, Context};
use super::sys::{self, Copied, Signals};
use super::{init, terminal};
use crate::launch::Launch;

/// Why there is no command.
pub(super) enum StartError {
    /// Something before `execve(2)`.
    Confine(ConfineError),
    /// `execve(2)`, with its error number.
    Execute(i32),
}

impl From<ConfineError> for StartError {
    fn from(error: ConfineError) -> Self {
        Self::Confine(error)
    }
}

/// Starts the command in a process group of its own and returns once it has become the program.
pub(super) fn start(
    copied: &Copied,
    launch: &Launch<'_>,
    terminal: Option<&terminal::Pair>,
    link: &OwnedFd,
) -> Result<Pid, StartError> {
    enter_directory(launch.directory)?;
    let program = Program::prepare(launch)?;
    if let Some(terminal) = terminal {
        terminal.control()?;
    }
    let mut failure = None;
    let mut become_program = || failure = Some(become_program(launch, &program, terminal, link));
    let pid = sys::fork_to_execute(copied, &mut become_program).step("start the command")?;
    // Nothing of the caller's may be held open by this process: a reader of the output waits for its end.
    let_go_of_stdio()?;
    failure.map_or(Ok(pid), Err)
}

/// In the new process: the last steps before the program takes over. Gives the reason why it did not.
fn become_program(
    launch: &Launch<'_>,
    program: &Program,
    terminal: Option<&terminal::Pair>,
    link: &OwnedFd,
) -> StartError {
    let _ = rustix::process::setpgid(None, None);
    if let Some(terminal) = terminal {
        let _ = terminal::bring_to_foreground(terminal.slave(), rustix::process::getpid());
        use_terminal(terminal);
    }
    rustix::process::umask(Mode::from_raw_mode(launch.umask));
    if launch.plan.backend == Backend::LinuxLandlock {
        if let Err(error) = init::restrict(launch, link) {
            return error.into();
        }
        // Without a process namespace this much goes when the first process does; what it has started may stay.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    }
    let _ = sys::set_signal_mask(Signals::None);
    StartError::Execute(program.execute())
}

/// Puts the terminal in the place of those of the caller's descriptors that are terminals.
fn use_terminal(terminal: &terminal::Pair) {
    if rustix::termios::isatty(rustix::stdio::stdin()) {
        let _ = rustix::stdio::dup2_stdin(terminal.slave());
    }
    if rustix::termios::isatty(rustix::stdio::stdout()) {
        let _ = rustix::stdio::dup2_stdout(terminal.slave());
    }
    if rustix::termios::isatty(rustix::stdio::stderr()) {
        let _ = rustix::stdio::dup2_stderr(terminal.slave());
    }
}

/// Replaces this process's standard descriptors by `/dev/null`.
fn let_go_of_stdio() -> Result<(), ConfineError> {
    let step = "let go of the standard descriptors";
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC;
    let null = rustix::fs::open("/dev/null", flags, Mode::empty()).step(step)?;
    rustix::stdio::dup2_stdin(&null).step(step)?;
    rustix::stdio::dup2_stdout(&null).step(step)?;
    rustix::stdio::dup2_stderr(null.as_fd()).step(step)
}

/// Changes to the directory the command starts in.
fn enter_directory(directory: &Path) -> Result<(), ConfineError> {
    rustix::process::chdir(directory).step_at("enter the directory", directory)
}

/// The arguments of `execve(2)`, made before the fork.
struct Program {
    candidates: Vec<CString>,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl Program {
    fn prepare(launch: &Launch<'_>) -> Result<Self, ConfineError> {
        let variables = launch.environment.iter().map(|(name, value)| {
            let mut variable = name.clone();
            variable.push("=");
            variable.push(value);
            c_string(&variable)
        });
        Ok(Self {
            candidates: launch.candidates().iter().map(|path| c_string(path.as_os_str())).collect::<Result<_, _>>()?,
            arguments: launch.command.iter().map(|argument| c_string(argument)).collect::<Result<_, _>>()?,
            environment: variables.collect::<Result<_, _>>()?,
        })
    }

    /// Tries the candidates in turn, as execvp(3) does. Gives the error number that says most.
    fn execute(&self) -> i32 {
        let mut error = Errno::NOENT.raw_os_error();
        let arguments = pointers(&self.arguments);
        let environment = pointers(&self.environment);
        for candidate in &self.candidates {
            // Whoever observes the run is asked for each that is tried.
            if rustix::fs::access(candidate, Access::EXISTS) == Err(Errno::NOENT) {
                continue;
            }
            let errno = sys::execute(candidate, &arguments, &environment).raw_os_error().unwrap_or(libc::EIO);
            match errno {
                libc::ENOENT | libc::ENOTDIR => {}
                libc::ENOEXEC => return self.execute_script(candidate, &environment),
                libc::EACCES => error = errno,
                other => return other,
            }
        }
        error
    }

    /// A text without `#!` is a shell script to execvp(3).
    fn execute_script(&self, script: &CString, environment: &[*const libc::c_char]) -> i32 {
        let shell = c"/bin/sh";
        let mut arguments = vec![shell.as_ptr(), script.as_ptr()];
        arguments.extend(self.arguments.iter().skip(1).map(|argument| argument.as_ptr()));
        arguments.push(std::ptr::null());
        sys::execute(shell, &arguments, environment).raw_os_error().unwrap_or(libc::EIO)
    }
}

/// A null-terminated array of pointers to strings that outlive it.
fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
}

fn c_string(value: &OsStr) -> Result<CString, ConfineError> {
    CString::new(value.as_bytes())
        .map_err(|_| std::io::Error::from(Errno::INVAL))
        .step("pass an argument or variable with a NUL byte")
}

/// Sends a signal to the command's process group.
pub(super) fn signal_group(command: Pid, number: i32) {
    if let Some(signal) = rustix::process::Signal::from_named_raw(number) {
        let _ = rustix::process::kill_process_group(command, signal);
    }
}
