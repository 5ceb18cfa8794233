//! One run of the attacker, from start to end, and what can be seen of it meanwhile.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use pinfold_confine::linux::SignalQueue;
use rustix::process::{Pid, Signal};

use super::super::attacker;
use super::super::attempt::PATIENCE;
use crate::error::CliError;

/// How often one looks.
const INTERVAL: Duration = Duration::from_millis(2);

/// Waits without missing that the user has had enough.
#[derive(Debug)]
pub(super) struct Patience {
    signals: SignalQueue,
}

impl Patience {
    pub(super) fn new(signals: &[Signal]) -> Result<Self, CliError> {
        let numbers: Vec<i32> = signals.iter().map(|signal| signal.as_raw()).collect();
        let signals = SignalQueue::new(&numbers)
            .map_err(|error| CliError::new("signals cannot be collected").why(error.to_string()))?;
        Ok(Self { signals })
    }

    /// One moment; an error once the user has interrupted.
    pub(super) fn moment(&self) -> Result<(), CliError> {
        if self.signals.next().is_some() {
            return Err(CliError::new("interrupted, so nothing is known; what the test made is removed"));
        }
        std::thread::sleep(INTERVAL);
        Ok(())
    }
}

/// A run of the attacker. Dropped, it is over.
#[derive(Debug)]
pub(super) struct Trial {
    child: Child,
    /// Open: the attacker may wait.
    stdin: Option<ChildStdin>,
    pub(super) began: Instant,
    /// Since when it has been beyond a limit.
    pub(super) beyond_since: Option<Instant>,
    /// What was free on the disk when it began.
    free_bytes: u64,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Trial {
    /// Starts a command whose output goes to files of this name.
    pub(super) fn start(mut command: Command, output: &Path) -> Result<Self, CliError> {
        let failed = |error: std::io::Error| CliError::new("the attacker cannot be started").why(error.to_string());
        let (stdout, stderr) = (output.with_extension("out"), output.with_extension("err"));
        command.stdin(Stdio::piped()).stdout(File::create(&stdout).map_err(failed)?);
        let mut child = command.stderr(File::create(&stderr).map_err(failed)?).spawn().map_err(failed)?;
        let stdin = child.stdin.take();
        Ok(Self {
            child,
            stdin,
            began: Instant::now(),
            beyond_since: None,
            free_bytes: free_bytes(output),
            stdout,
            stderr,
        })
    }

    /// The same with a terminal as standard output.
    pub(super) fn start_at(mut command: Command, terminal: OwnedFd, output: &Path) -> Result<Self, CliError> {
        let failed = |error: std::io::Error| CliError::new("the attacker cannot be started").why(error.to_string());
        let (stdout, stderr) = (output.with_extension("out"), output.with_extension("err"));
        command.stdin(Stdio::piped()).stdout(terminal).stderr(File::create(&stderr).map_err(failed)?);
        let mut child = command.spawn().map_err(failed)?;
        let stdin = child.stdin.take();
        Ok(Self {
            child,
            stdin,
            began: Instant::now(),
            beyond_since: None,
            free_bytes: free_bytes(output),
            stdout,
            stderr,
        })
    }

    /// What it has said so far.
    pub(super) fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.stdout).unwrap_or_default()).into_owned()
    }

    /// How much it has said, in bytes.
    pub(super) fn said_bytes(&self) -> u64 {
        std::fs::metadata(&self.stdout).map_or(0, |metadata| metadata.len())
    }

    /// What was said about its failure.
    pub(super) fn complaint(&self) -> String {
        let said = String::from_utf8_lossy(&std::fs::read(&self.stderr).unwrap_or_default()).into_owned();
        let error = said.lines().find(|line| line.starts_with("error")).or(said.lines().last());
        error.unwrap_or("nothing was said about it").trim().to_owned()
    }

    /// How much fuller the disk has become since it began, whoever did it.
    pub(super) fn disk_growth_bytes(&self) -> u64 {
        self.free_bytes.saturating_sub(free_bytes(&self.stderr))
    }

    /// Lets it go: what waits in it ends.
    pub(super) fn release(&mut self) {
        self.stdin = None;
    }

    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    pub(super) fn finish(&mut self, patience: &Patience) -> Result<(), CliError> {
        self.stdin = None;
        while !self.has_ended() {
            if self.began.elapsed() > PATIENCE {
                return Err(CliError::new("an attack does not come to an end").why(self.complaint()));
            }
            patience.moment()?;
        }
        Ok(())
    }

    /// Ends the process that was started, and only that.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Free bytes of the file system that the directory of `file` is on.
fn free_bytes(file: &Path) -> u64 {
    let directory = file.parent().unwrap_or(file);
    rustix::fs::statvfs(directory).map_or(0, |stat| stat.f_bfree * stat.f_frsize)
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.stdin = None;
        if !self.has_ended() {
            self.kill();
        }
    }
}

/// Processes of attackers that do this with this mark, wherever they run, as the host numbers them.
pub(super) fn attackers(verb: &str, mark: &str) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0).skip(1);
        words.next() == Some(attacker::ARGUMENT.as_bytes())
            && words.nth(1) == Some(verb.as_bytes())
            && words.next() == Some(mark.as_bytes())
    })
    .collect()
}

/// Ends attackers that got away.
pub(super) fn end(pids: &[i32]) {
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// An argument as it is passed.
pub(super) fn word(text: impl AsRef<std::ffi::OsStr>) -> std::ffi::OsString {
    std::ffi::OsStr::from_bytes(text.as_ref().as_bytes()).to_owned()
}
