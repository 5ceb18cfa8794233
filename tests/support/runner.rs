//! Starting programs in a scene, with and without the sandbox, never for longer than a deadline.

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// What stands between the attack and the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// Nothing: the control.
    Bare,
    /// The product.
    Sandbox,
}

impl Runner {
    /// What stands in for the sandbox: itself, unless the tests are tested.
    pub fn sandbox() -> Self {
        if std::env::var_os("PINFOLD_TEST_BARE").is_some_and(|value| value == "1") { Self::Bare } else { Self::Sandbox }
    }
}

/// A program that has been started.
#[derive(Debug)]
pub struct Running {
    child: Child,
    deadline: Instant,
    output: [PathBuf; 2],
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How; `None` when it had to be killed at the deadline.
    pub status: Option<ExitStatus>,
    /// What it wrote.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Ended {
    /// Its exit code.
    pub fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// The signal that ended it.
    pub fn signal(&self) -> Option<i32> {
        self.status.and_then(|status| status.signal())
    }
}

impl Running {
    /// Starts a command in a process group of its own. What it writes goes to files, so that nothing that outlives it
    /// keeps anybody waiting.
    pub(crate) fn start(
        mut command: Command,
        output: [PathBuf; 2],
        limit: Duration,
        terminal: Option<Terminals>,
    ) -> Self {
        let [stdout, stderr] = output.each_ref().map(|path| File::create(path).expect("a file for output"));
        let (stdin, stdout, stderr) = match terminal {
            Some(Terminals { stdin, stdout: own_stdout, stderr: own_stderr }) => {
                (stdin, own_stdout.unwrap_or(stdout.into()), own_stderr.unwrap_or(stderr.into()))
            }
            None => (Stdio::null(), stdout.into(), stderr.into()),
        };
        command.stdin(stdin).stdout(stdout).stderr(stderr).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, deadline: Instant::now() + limit, output }
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("a signal to a program of the test");
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Ended {
        let status = loop {
            match self.child.try_wait().expect("the status of a child") {
                Some(status) => break Some(status),
                None if Instant::now() >= self.deadline => {
                    let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    break None;
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        let [stdout, stderr] = self.output.map(|path| {
            let bytes = std::fs::read(path).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Ended { status, stdout, stderr }
    }
}

/// Terminals on some of the standard descriptors.
#[derive(Debug)]
pub(crate) struct Terminals {
    pub(crate) stdin: Stdio,
    pub(crate) stdout: Option<Stdio>,
    pub(crate) stderr: Option<Stdio>,
}
