//! A process that was started to wait until it is let run.

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::path::Path;

use super::sys::process::{self, Started};
use crate::account::Account;

/// Longest command line that `CreateProcessWithLogonW` takes, in units of UTF-16.
const COMMAND_LINE_UNITS_MAX: usize = 1024;

/// A process. Dropped before it was let run, it is ended.
#[derive(Debug)]
pub(super) struct Process {
    process: OwnedHandle,
    /// Its only thread, while it waits.
    thread: Option<OwnedHandle>,
    pid: u32,
}

/// A program with a few plain arguments, as the system takes it.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) program: Vec<u16>,
    pub(super) line: Vec<u16>,
    pub(super) directory: Vec<u16>,
}

impl Invocation {
    /// `None` when that cannot be told to the system. Arguments have neither spaces nor quotes.
    pub(super) fn new(program: &Path, arguments: &[&str]) -> Option<Self> {
        let mut line = OsString::from("\"");
        line.push(program);
        line.push("\"");
        for argument in arguments {
            line.push(" ");
            line.push(argument);
        }
        // The account may not see where the caller is.
        let directory = program.parent()?;
        let wide = |text: &std::ffi::OsStr| text.encode_wide().chain([0]).collect::<Vec<u16>>();
        let (program, line, directory) = (wide(program.as_os_str()), wide(&line), wide(directory.as_os_str()));
        let plain = |units: &[u16], quotes| {
            let count = |wanted: char| units.iter().filter(|unit| **unit == wanted as u16).count();
            count('\0') == 1 && count('"') == quotes
        };
        let fits = plain(&program, 0) && plain(&line, 2) && line.len() <= COMMAND_LINE_UNITS_MAX;
        fits.then_some(Self { program, line, directory })
    }
}

impl Process {
    /// Under an account, with its profile and its variables.
    pub(super) fn log_on(account: &Account, invocation: &Invocation) -> io::Result<Self> {
        let name: Vec<u16> = account.name.encode_utf16().chain([0]).collect();
        process::log_on(&name, account.password.as_wide(), invocation).map(Self::new)
    }

    /// As the caller: for tests where there is no such account.
    #[cfg(any(test, feature = "plumbing"))]
    pub(super) fn plainly(invocation: &Invocation) -> io::Result<Self> {
        process::plainly(invocation).map(Self::new)
    }

    fn new(Started { process, thread, pid }: Started) -> Self {
        Self { process, thread: Some(thread), pid }
    }

    /// Lets it run.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        if let Some(thread) = &self.thread {
            process::resume(thread.as_handle())?;
        }
        self.thread = None;
        Ok(())
    }

    /// Its number, which nobody else gets while this is held.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Signalled when it has ended.
    pub(super) fn handle(&self) -> BorrowedHandle<'_> {
        self.process.as_handle()
    }

    /// Its exit code; meant for when it has ended.
    pub(super) fn code(&self) -> io::Result<u32> {
        process::code(self.handle())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // In vain only where it has ended.
            let _ = process::terminate(self.handle());
        }
    }
}
