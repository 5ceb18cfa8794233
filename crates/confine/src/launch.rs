//! What is started: a plan and a command.

use std::ffi::OsString;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use pinfold_plan::Plan;
use rustix::process::{Pid, Signal, WaitOptions};
use serde::{Deserialize, Serialize};

use crate::linux::given::Namespaces;

/// A command to run under a plan.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// How it is confined.
    pub plan: &'a Plan,
    /// The program, a path or a name to be found on the `PATH` of [`Launch::environment`], and its arguments.
    pub command: &'a [OsString],
    /// Everything the command's environment holds.
    pub environment: &'a [(OsString, OsString)],
    /// The current directory, as the command sees it.
    pub directory: &'a Path,
    /// Give the command a terminal of its own in place of the caller's.
    pub terminal: Option<TerminalSize>,
    /// What standard input, output and error shall be instead of the caller's.
    pub stdio: [Option<BorrowedFd<'a>>; 3],
    /// The mask of permission bits for new files.
    pub umask: u32,
    /// What the kernel is to tell of ([`crate::linux::Listener`]).
    pub observed: Observed,
}

/// What the kernel tells of before it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Observed {
    /// Nothing.
    Nothing,
    /// Each program before it is executed, if the kernel has a listener for it.
    Programs,
    /// And each call before it changes a file or a name. Without a listener the command does not start.
    Changes,
    /// And each path that is named. Without a listener the command does not start.
    Paths,
}

/// Size of a terminal in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
}

/// The first process of a run and the way to talk to it. Dropped, it is killed and every process of the run with it.
#[derive(Debug)]
pub struct Child {
    /// Its process id outside.
    pub pid: Pid,
    /// A descriptor that becomes readable when it, and with it every process of the run, is gone.
    pub pidfd: OwnedFd,
    /// The socket that reports come from and orders go to (see [`crate::link`]).
    pub link: OwnedFd,
    /// By what the run can be given more while it goes on; nothing where it has no namespaces of its own.
    pub namespaces: Option<Namespaces>,
}

impl Drop for Child {
    fn drop(&mut self) {
        // In vain where it has been waited for.
        if rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL).is_ok() {
            let _ = rustix::process::waitpid(Some(self.pid), WaitOptions::empty());
        }
    }
}

impl Launch<'_> {
    /// The places where the program may be, in order.
    pub fn candidates(&self) -> Vec<PathBuf> {
        let Some(program) = self.command.first() else { return Vec::new() };
        if Path::new(program).components().count() > 1 || program.as_encoded_bytes().contains(&b'/') {
            return vec![PathBuf::from(program)];
        }
        let path = self.environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
        std::env::split_paths(path.unwrap_or("/usr/local/bin:/usr/bin:/bin".as_ref()))
            .map(|directory| directory.join(program))
            .collect()
    }
}
