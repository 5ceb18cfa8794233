//! One run of the attacker, from start to end, and what can be seen of it meanwhile.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::CliError;

/// How often one looks.
pub(super) const INTERVAL: Duration = Duration::from_millis(10);
/// How long a row of attacks may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// A run of the attacker. Dropped, it is over.
#[derive(Debug)]
pub(super) struct Trial {
    child: Child,
    /// Open: the attacker may wait.
    stdin: Option<ChildStdin>,
    pub(super) began: Instant,
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
        Ok(Self { child, stdin, began: Instant::now(), stdout, stderr })
    }

    /// What it has said so far.
    pub(super) fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.stdout).unwrap_or_default()).into_owned()
    }

    /// How much it has said, in bytes.
    pub(super) fn said_bytes(&self) -> u64 {
        // A directory tells the length of an open file late.
        File::open(&self.stdout).and_then(|file| file.metadata()).map_or(0, |metadata| metadata.len())
    }

    /// What was said about its failure.
    pub(super) fn complaint(&self) -> String {
        let said = String::from_utf8_lossy(&std::fs::read(&self.stderr).unwrap_or_default()).into_owned();
        let error = said.lines().find(|line| line.starts_with("error")).or(said.lines().last());
        error.unwrap_or("nothing was said about it").trim().to_owned()
    }

    /// Lets it go: what waits in it ends.
    pub(super) fn release(&mut self) {
        self.stdin = None;
    }

    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    pub(super) fn finish(&mut self) -> Result<(), CliError> {
        self.release();
        while !self.has_ended() {
            if self.began.elapsed() > PATIENCE {
                return Err(CliError::new("an attack does not come to an end").why(self.complaint()));
            }
            std::thread::sleep(INTERVAL);
        }
        Ok(())
    }

    /// Ends the process that was started, and only that.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.stdin = None;
        if !self.has_ended() {
            self.kill();
        }
    }
}

/// Whether somebody lives who has locked a file.
pub(super) fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}
