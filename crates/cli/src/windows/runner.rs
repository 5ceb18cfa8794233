//! A command under an account of its own, from the runner's side: the part that this program plays there.

use std::ffi::OsString;
use std::io;
use std::os::windows::io::AsHandle;
use std::process::ExitCode;
use std::sync::{Arc, Weak};

use pinfold_confine::windows::{Command, ConfineError, Confined, Terminal, probe};
use pinfold_plan::windows::Plan;
use pinfold_runner::{Launched, NotStarted, Running, Start, Stdio, TerminalSize, Usage, windows};

use super::watch::INTERVAL;

pub(super) use pinfold_runner::ARGUMENT;

/// The whole life of a runner.
pub(super) fn main(rest: &[OsString]) -> ExitCode {
    let name = rest.first().and_then(|name| name.to_str()).unwrap_or_default();
    match windows::run::<Plan, _, _>(name, start) {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody sees what it would say.
        Err(_) => ExitCode::FAILURE,
    }
}

/// What runs inside, with the limit that the runner itself looks after.
struct Inside {
    confined: Arc<Confined>,
    terminal: Option<Terminal>,
}

/// How a run ends that has more handles open than it may: `STATUS_QUOTA_EXCEEDED`.
const TOO_MANY_HANDLES: u32 = 0xc000_0044;

/// Ends the command when one of its processes has more handles than it may; nobody outside can count them.
fn watch_handles(confined: &Weak<Confined>, most: u64) {
    while let Some(confined) = confined.upgrade() {
        if confined.most_handles().is_ok_and(|handles| u64::from(handles) > most) {
            let _ = confined.terminate(TOO_MANY_HANDLES);
        }
        drop(confined);
        std::thread::sleep(INTERVAL);
    }
}

fn start(asked: Start<Plan>) -> Result<Launched<Inside>, NotStarted> {
    let plan = own_plan(asked.plan).map_err(not_started)?;
    let (typed, keys) = io::pipe().map_err(no_streams)?;
    let (output, said) = io::pipe().map_err(no_streams)?;
    let (errors, complained) = io::pipe().map_err(no_streams)?;
    let command = Command {
        words: &asked.command,
        environment: &asked.environment,
        directory: &asked.directory,
        stdio: [Some(typed.as_handle()), Some(said.as_handle()), Some(complained.as_handle())],
        terminal: match asked.stdio {
            Stdio::Terminal(TerminalSize { rows, columns }) => Some((columns, rows)),
            Stdio::Pipes => None,
        },
    };
    // Below the account's own profile, which the command, of low integrity, does not write.
    let mut confined =
        Confined::start_within(&plan, Vec::new(), &command, &std::env::temp_dir()).map_err(not_started)?;
    let pid = confined.id();
    let terminal = confined.terminal.take();
    let confined = Arc::new(confined);
    if let Some(most) = plan.limits.open_files {
        let watched = Arc::downgrade(&confined);
        std::thread::spawn(move || watch_handles(&watched, most));
    }
    let mut launched = Launched {
        running: Inside { confined, terminal },
        pid,
        stdin: Box::new(keys),
        stdout: Box::new(output),
        stderr: Some(Box::new(errors)),
    };
    if let Some(terminal) = &mut launched.running.terminal {
        launched.stdin = Box::new(terminal.keys.try_clone().map_err(no_streams)?);
        launched.stdout = Box::new(terminal.screen.take().ok_or_else(|| no_streams(io::ErrorKind::NotFound.into()))?);
        launched.stderr = None;
    }
    Ok(launched)
}

/// The plan as it is here: of this logon session, and in a job that is in another one already.
fn own_plan(mut plan: Plan) -> Result<Plan, ConfineError> {
    if let Some(logon) = probe::look()?.logon {
        plan.token = plan.token.in_session(logon);
    }
    plan.job.interface.clear();
    Ok(plan)
}

impl Running for Inside {
    fn wait(&self) -> io::Result<u32> {
        self.confined.wait()
    }

    fn end(&self) -> io::Result<()> {
        self.confined.terminate(1)
    }

    fn resize(&self, size: TerminalSize) -> io::Result<()> {
        self.terminal.as_ref().map_or(Ok(()), |terminal| terminal.resize((size.columns, size.rows)))
    }

    fn usage(&self) -> io::Result<Usage> {
        let used = self.confined.used()?;
        let (processes, cpu_ms) = (used.processes_now, used.cpu_time_ms);
        Ok(Usage { processes, memory_bytes: used.peak_memory_bytes, cpu_ms })
    }
}

fn no_streams(error: io::Error) -> NotStarted {
    refused("make streams for the command", &error)
}

fn not_started(error: ConfineError) -> NotStarted {
    match error {
        ConfineError::NotFound { .. } => NotStarted::NotExecuted { code: 2, message: error.to_string() },
        _ => refused("confine the command", &error),
    }
}

/// With the causes behind it.
fn refused(step: &str, error: &dyn std::error::Error) -> NotStarted {
    let causes = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    NotStarted::Refused { step: step.to_owned(), code: 0, message: causes.collect::<Vec<_>>().join(": ") }
}
