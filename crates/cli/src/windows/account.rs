//! A command under an account of its own, from the supervisor's side: the runner is started there, and told what to run.

use std::io::{self, Read};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pinfold_confine::windows::{Guard, OwnConsole, free_bytes, interface_bits, interrupted};
use pinfold_gate::link as gate;
use pinfold_plan::windows::accounts::Use;
use pinfold_plan::windows::{Identity, InterfaceLimit, Plan, native};
use pinfold_policy::{LimitName, plain};
use pinfold_runner::windows::{JobLimits, LaunchError, Runner, nonce};
use pinfold_runner::{
    Account, End, NotStarted, Password, Remote, Session, Start, Stdio, Streams, TerminalSize, supervise,
};
use pinfold_setup::windows::ThisMachine;
use pinfold_setup::{Named, Setup};

use super::accounts::start_runner;
use super::audience::Audience;
use super::environment::environment;
use super::gate::{WayOut, serve};
use super::prepare::Prepared;
use super::record::Record;
use super::run::{Lived, NotRun};
use super::serving::Serving;
use super::size::Size;
use super::watch::{INTERVAL, Passed};
use crate::error::CliError;

/// Processes of a run besides the command's: the runner, and who tries the confinement out.
const RUNNER_PROCESSES: u32 = 2;
/// How long the last processes may take to end.
const LEFT_TIME: Duration = Duration::from_secs(10);
/// How long a runner may take to end what it was told to end.
const END_TIME: Duration = Duration::from_secs(2);

/// From pins and access lists to the end of the command.
pub(super) fn live(
    prepared: &Prepared,
    gate: Option<&gate::Start>,
    words: &[String],
    record: &Record,
    audience: &Audience,
) -> Result<Lived, NotRun> {
    let plan = &prepared.plan;
    let Some(setup) = &prepared.setup else { return Err(NotRun::of(CliError::new("no account is set up"))) };
    let environment = environment(prepared, gate).map_err(NotRun::of)?;
    let guard = Guard::set(&prepared.ground, plan)?;
    guard.notes.iter().for_each(|note| eprintln!("pinfold: note: {note}"));
    guard.unkept()?.iter().for_each(|breach| record.unkept(breach));
    let way_out = WayOut::take(prepared).map_err(NotRun::of)?;
    let gate = serve(prepared, gate, audience, &way_out).map_err(NotRun::of)?;
    let console = OwnConsole::take()?;
    let size = Size::of(console.as_ref())?;
    let start = Start {
        command: words.to_vec(),
        environment,
        directory: native(&prepared.context.directory),
        plan: plan.clone(),
        stdio: size.seen().map_or(Stdio::Pipes, |size| Stdio::Terminal(terminal_size(size))),
    };
    let program = std::env::current_exe()?;
    let account = account(setup, plan.identity).map_err(NotRun::of)?;
    let (runner, link) = start_runner(&program, &account, limits(plan)).map_err(not_launched)?;
    let session = Session::new(start, runner.peer(), nonce()?, plan.limits.output_bytes).map_err(failed)?;
    let stdin: Box<dyn Read + Send> = match &console {
        Some(console) => Box::new(console.keys()?),
        None => Box::new(io::stdin()),
    };
    let streams = Streams { stdin, stdout: io::stdout(), stderr: io::stderr() };
    let remote = session.remote();
    let (end, limit) =
        in_bounds(&Bounds::new(plan), &runner, &remote, size, || supervise(link, session, streams, |_| ()));
    let usage = runner.usage().ok();
    nobody_is_left(&runner)?;
    drop(runner);
    let traffic = gate.map(Serving::end);
    let code = match end {
        Ok(End::Exited { code }) => Some(code),
        Ok(End::OutputLimit) => return Ok(Lived { traffic, ..Lived::limited(output_limit(plan)) }),
        Ok(End::NotStarted(NotStarted::Refused { step, message, .. })) => return Err(refused(&step, &message)),
        Ok(End::NotStarted(NotStarted::NotExecuted { message, .. })) => {
            return Err(NotRun::not_executed(&words[0], &plain(&message)));
        }
        // A run that was ended for its time has said nothing more.
        Err(_) if limit.is_some() => None,
        Err(error) => return Err(failed(error)),
    };
    Ok(Lived {
        code: code.filter(|_| limit.is_none()),
        limit,
        cpu_ms: usage.map(|usage| usage.cpu_ms),
        peak_memory_bytes: None,
        traffic,
    })
}

/// Limits that neither the job nor the session keeps.
struct Bounds<'a> {
    plan: &'a Plan,
    begin: Instant,
    free_before: Option<u64>,
}

impl<'a> Bounds<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self { plan, begin: Instant::now(), free_before: free_bytes(&plan.workspace).ok() }
    }

    fn passed(&self) -> Option<Passed> {
        let limits = &self.plan.limits;
        let elapsed_ms = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(limit) = limits.wall_time_ms.filter(|limit| elapsed_ms > *limit) {
            return Some(Passed { name: LimitName::WallTime, text: format!("limits.wall-time allows {limit} ms") });
        }
        let limit = limits.disk_bytes?;
        let grown = self.free_before?.checked_sub(free_bytes(&self.plan.workspace).ok()?)?;
        let text = || format!("the disk became {grown} bytes fuller, limits.disk allows {limit}");
        (grown > limit).then(|| Passed { name: LimitName::Disk, text: text() })
    }
}

/// Supervises, hands the size of the console on, and ends the run when it has passed a limit.
fn in_bounds<T: Send>(
    bounds: &Bounds<'_>,
    runner: &Runner,
    remote: &Remote,
    mut size: Size<'_>,
    supervise: impl FnOnce() -> T + Send,
) -> (T, Option<Passed>) {
    let (done, ended) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(done.send(supervise())));
        let (mut passed, mut told) = (None, None::<Instant>);
        loop {
            match ended.recv_timeout(INTERVAL) {
                Ok(end) => return (end, passed),
                Err(RecvTimeoutError::Disconnected) => unreachable!("it sends before it ends"),
                Err(RecvTimeoutError::Timeout) => {}
            }
            size.changed().into_iter().for_each(|size| remote.resize(terminal_size(size)));
            match told {
                None => {
                    passed = bounds.passed();
                    if passed.is_some() || interrupted() {
                        told = Some(Instant::now());
                        remote.terminate();
                    }
                }
                // What a runner does about an order is its own affair; what the system does is not.
                Some(since) if since.elapsed() > END_TIME => {
                    let _ = runner.end();
                    remote.abandon();
                }
                Some(_) => {}
            }
        }
    })
}

fn terminal_size((columns, rows): (u16, u16)) -> TerminalSize {
    TerminalSize { rows, columns }
}

/// Ends whatever is left of a run, and waits until it is gone: what the run has left is looked at afterwards.
fn nobody_is_left(runner: &Runner) -> Result<(), NotRun> {
    runner.end()?;
    let deadline = Instant::now() + LEFT_TIME;
    while runner.usage()?.processes > 0 {
        if Instant::now() > deadline {
            return Err(NotRun::of(
                CliError::new("processes of the run do not end").why("they were told to, and are still there"),
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn account(setup: &Setup, identity: Identity) -> Result<Account, CliError> {
    let used = if identity == Identity::Online { Use::Online } else { Use::Offline };
    let secret = setup
        .password(&ThisMachine, used)
        .map_err(|error| CliError::from_error(&error).hint("`pinfold setup --repair` makes new passwords"))?;
    let Named { name, sid } = setup.account(used).clone();
    let password =
        Password::new(secret.expose()).ok_or_else(|| CliError::new("the password of the account is damaged"))?;
    Ok(Account { name, sid, password })
}

/// What holds even a command that has taken over its runner. The runner makes a desktop.
fn limits(plan: &Plan) -> JobLimits {
    let interface: Vec<InterfaceLimit> =
        plan.job.interface.iter().copied().filter(|limit| *limit != InterfaceLimit::Desktop).collect();
    JobLimits {
        processes: plan.job.processes.map(|processes| processes.saturating_add(RUNNER_PROCESSES)),
        memory_bytes: plan.job.memory_bytes,
        cpu_time_ms: plan.job.cpu_time_ms,
        interface: interface_bits(&interface),
    }
}

fn output_limit(plan: &Plan) -> Passed {
    let text = format!("limits.output allows {} bytes", plan.limits.output_bytes.unwrap_or_default());
    Passed { name: LimitName::Output, text }
}

fn refused(step: &str, message: &str) -> NotRun {
    NotRun::of(CliError::new(format!("failed to {}", plain(step))).why(plain(message)))
}

fn failed(error: impl std::error::Error) -> NotRun {
    NotRun::of(CliError::from_error(&error).hint("how the command ended is not known"))
}

fn not_launched(error: LaunchError) -> NotRun {
    let hint = error.hint().map(ToString::to_string);
    let shown = CliError::new(format!("failed to {error}"));
    let shown = std::error::Error::source(&error).map(ToString::to_string).into_iter().fold(shown, CliError::why);
    NotRun::of(hint.into_iter().fold(shown, CliError::hint))
}
