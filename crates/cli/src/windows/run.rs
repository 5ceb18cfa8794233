//! `pinfold run` and `pinfold shell`.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pinfold_confine::windows::{Command, ConfineError, Confined, Guard, OwnConsole, heed_interrupts, interrupted};
use pinfold_ledger::event::End;
use pinfold_plan::windows::{Identity, native};
use pinfold_run::Traffic;

use super::audience::Audience;
use super::environment::environment;
use super::prepare::{Prepared, accept, prepare};
use super::record::Record;
use super::relay::{self, Relay};
use super::report::{Report, Tell};
use super::session::Session;
use super::size::Size;
use super::watch::{self, INTERVAL, Passed, Watcher};
use super::{account, audience, gate};
use crate::args::{PolicyFlags, RunArgs, ShellArgs};
use crate::ask;
use crate::changed::Changed;
use crate::error::{CliError, NOT_STARTED};
use crate::gate::values;
use crate::platform::new_session_id;

/// The exit code of a command that was ended by a limit: for wall-clock time that of timeout(1), as everywhere.
const ENDED_BY_TIME: u32 = 124;
/// The exit code of a command that was ended from the console (`STATUS_CONTROL_C_EXIT`).
const INTERRUPTED: u32 = 0xc000_013a;
/// The exit code of what the command has left behind.
const ENDED_WITH_THE_COMMAND: u32 = 1;
/// How long that may take to end.
const END_TIME: Duration = Duration::from_secs(10);
/// The exit code where a command cannot be found.
const NOT_FOUND: u8 = 127;

pub(super) fn run(mut args: RunArgs) -> Result<ExitCode, CliError> {
    args.policy.ask = args.ask;
    let manner = Manner { best_effort: args.best_effort, tell: Tell::of(&args), agent: args.agent.as_deref() };
    execute(&args.policy, &args.command, &manner)
}

pub(super) fn shell(mut args: ShellArgs) -> Result<ExitCode, CliError> {
    args.policy.ask = args.ask;
    let shell = std::env::var_os("COMSPEC").unwrap_or_else(|| "cmd.exe".into());
    eprintln!("pinfold: a shell in the sandbox; `exit` leaves it");
    execute(&args.policy, &[shell], &Manner { best_effort: args.best_effort, tell: Tell::Ordinary, agent: None })
}

/// How a run begins and tells.
struct Manner<'a> {
    /// Promises may be without a keeper.
    best_effort: bool,
    tell: Tell,
    /// Whose run it is, if the user says so.
    agent: Option<&'a str>,
}

fn execute(flags: &PolicyFlags, command: &[OsString], manner: &Manner<'_>) -> Result<ExitCode, CliError> {
    let mut prepared = prepare(flags)?;
    accept(&prepared.plan, manner.best_effort)?;
    let words = words(command)?;
    let gate = gate::start(&prepared, flags.ask)?;
    if flags.ask {
        ask::say_who_is_asked(gate.is_some());
    }
    let session = new_session_id();
    let control = audience::control(&prepared, &session, command, flags.ask)?;
    let record = Record::begin(&prepared, &session, manner.agent, command, manner.best_effort, values(gate.as_ref()))?;
    let memory = prepared.sight.memory(&prepared.plan.watch);
    let remembered = Session::begin(&prepared.store, &session, &memory)?;
    heed_interrupts().map_err(|error| CliError::new("events of the console cannot be had").why(error.to_string()))?;
    prepared.sight.begin();
    let audience = Audience::new(&record, control);
    let begin = Instant::now();
    let lived = match prepared.plan.identity {
        Identity::Caller => live(&prepared, &words, &record),
        Identity::Offline | Identity::Online => account::live(&prepared, gate.as_ref(), &words, &record, &audience),
    };
    let duration_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let lived = match lived {
        Ok(lived) => lived,
        Err(NotRun { error, code }) => {
            record.note(error.to_string());
            record.end(End { code: Some(code.into()), duration_ms, ..End::default() });
            eprintln!("{error}");
            return Ok(ExitCode::from(code));
        }
    };
    let found = look_again(&mut prepared)?;
    let appeared = watch::appeared(&prepared.plan.watch, found);
    let quarantined = watch::quarantine(appeared, &prepared.store.quarantine(&session));
    audience.quarantined(&quarantined);
    drop((audience, remembered));
    // After the quarantine: what was moved away is told by itself.
    let changed = Changed::look(prepared.written_trees(), duration_ms);
    record.quarantined(&quarantined);
    lived.limit.iter().for_each(|passed| record.limit(&prepared, passed));
    record.changed(&changed);
    let code = lived.exit_code();
    record.end(lived.end(duration_ms));
    let Lived { code: exit_code, limit, traffic, .. } = lived;
    let report = Report { session: &session, code: exit_code, limit, duration_ms, quarantined, changed, traffic };
    report.print(&prepared, manner.tell)?;
    // The identifiers are in use no longer: what is left alive at the exit says so only to the next run.
    drop(prepared);
    // An exit code has 32 bits here, of which `ExitCode` takes 8.
    std::process::exit(code.cast_signed())
}

/// Why a command has never run.
pub(super) struct NotRun {
    error: CliError,
    code: u8,
}

impl NotRun {
    /// The sandbox has failed.
    pub(super) fn of(error: CliError) -> Self {
        Self { error, code: NOT_STARTED }
    }

    /// The sandbox stands, but there is no such program in it.
    pub(super) fn not_executed(program: &str, why: &str) -> Self {
        let error = CliError::new(format!("`{program}` cannot be executed")).why(why);
        Self { error: error.hint("is it on the PATH, and let in by env.allow?"), code: NOT_FOUND }
    }
}

impl From<ConfineError> for NotRun {
    fn from(error: ConfineError) -> Self {
        let shown = CliError::from_error(&error);
        match error {
            ConfineError::NotFound { program } => Self::not_executed(&program, "it is not found"),
            ConfineError::NotKept(_) => {
                Self::of(shown.hint("the command was not started; `pinfold doctor` tells more"))
            }
            _ => Self::of(shown),
        }
    }
}

impl From<std::io::Error> for NotRun {
    fn from(error: std::io::Error) -> Self {
        Self::of(CliError::new("the run cannot be prepared").why(error.to_string()))
    }
}

/// How a command ended.
pub(super) struct Lived {
    /// Its exit code; nothing where a limit has ended it.
    pub(super) code: Option<u32>,
    pub(super) limit: Option<Passed>,
    pub(super) cpu_ms: Option<u64>,
    pub(super) peak_memory_bytes: Option<u64>,
    /// What the gate has seen, where there was one.
    pub(super) traffic: Option<Traffic>,
}

impl Lived {
    /// Ended by a limit.
    pub(super) fn limited(passed: Passed) -> Self {
        Self { code: None, limit: Some(passed), cpu_ms: None, peak_memory_bytes: None, traffic: None }
    }

    fn exit_code(&self) -> u32 {
        self.code.unwrap_or(ENDED_BY_TIME)
    }

    fn end(&self, duration_ms: u64) -> End {
        End {
            code: self.code.map(u32::cast_signed),
            limit: self.limit.as_ref().map(|passed| passed.name.key().to_owned()),
            duration_ms,
            peak_memory_bytes: self.peak_memory_bytes,
            cpu_ms: self.cpu_ms,
            ..End::default()
        }
    }
}

/// From pins and access lists to the end of the command, under the caller's own identity.
fn live(prepared: &Prepared, words: &[String], record: &Record) -> Result<Lived, NotRun> {
    let plan = &prepared.plan;
    let environment = environment(prepared, None).map_err(NotRun::of)?;
    let guard = Guard::set(&prepared.ground, plan)?;
    guard.notes.iter().for_each(|note| eprintln!("pinfold: note: {note}"));
    let relay = Relay::new(plan.limits.output_bytes.is_some())?;
    let console = OwnConsole::take()?;
    let mut size = Size::of(console.as_ref())?;
    let command = Command {
        words,
        environment: &environment,
        directory: &native(&prepared.context.directory),
        stdio: relay.stdio(),
        terminal: size.seen(),
    };
    let watcher = Watcher::new(plan, &relay);
    let mut confined = Confined::start(plan, &guard, &command)?;
    confined.unkept.iter().for_each(|breach| record.unkept(breach));
    let passing = match (&mut confined.terminal, &console) {
        (Some(terminal), Some(console)) => relay::begin_terminal(terminal, console, &relay.passed)?,
        _ => relay.begin()?,
    };
    let (code, limit) = wait(&confined, &watcher, &mut size)?;
    let used = confined.used().ok();
    nobody_is_left(&confined)?;
    drop(confined);
    passing.finish();
    let (cpu_ms, peak_memory_bytes) = used.map(|used| (used.cpu_time_ms, used.peak_memory_bytes)).unzip();
    Ok(Lived { code: code.filter(|_| limit.is_none()), limit, cpu_ms, peak_memory_bytes, traffic: None })
}

/// Ends whatever is left of a run, and waits until it is gone: what the run has left is looked at afterwards.
fn nobody_is_left(confined: &Confined) -> Result<(), NotRun> {
    confined.terminate(ENDED_WITH_THE_COMMAND)?;
    let deadline = Instant::now() + END_TIME;
    while confined.used()?.processes_now > 0 {
        if Instant::now() > deadline {
            return Err(NotRun::of(
                CliError::new("processes of the run do not end").why("they were told to, and are still there"),
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Until the command has ended, by itself or by a limit. Meanwhile its terminal gets the size of the console.
fn wait(confined: &Confined, watcher: &Watcher, size: &mut Size<'_>) -> Result<(Option<u32>, Option<Passed>), NotRun> {
    let (done, ended) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(done.send(confined.wait())));
        let mut passed = None;
        loop {
            if let (Some(terminal), Some(size)) = (&confined.terminal, size.changed()) {
                // One that stays as it was is no reason to end.
                let _ = terminal.resize(size);
            }
            match ended.recv_timeout(INTERVAL) {
                Ok(code) => return Ok((Some(code?), passed)),
                Err(RecvTimeoutError::Disconnected) => return Ok((None, passed)),
                Err(RecvTimeoutError::Timeout) if interrupted() => confined.terminate(INTERRUPTED)?,
                Err(RecvTimeoutError::Timeout) if passed.is_none() => {
                    passed = watcher.look(confined);
                    if passed.is_some() {
                        confined.terminate(ENDED_BY_TIME)?;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    })
}

fn look_again(prepared: &mut Prepared) -> Result<Vec<std::path::PathBuf>, CliError> {
    prepared.sight.look_again().map_err(|error| {
        CliError::from_error(&error)
            .why("what the run has left in the workspace could not be checked")
            .hint("look at the workspace before you run git or open an editor in it")
    })
}

/// The command as text: Windows passes nothing else on.
fn words(command: &[OsString]) -> Result<Vec<String>, CliError> {
    let text = |word: &OsString| {
        let word = word.to_str().map(str::to_owned);
        word.ok_or_else(|| {
            CliError::new("an argument of the command is no text").why("half of a surrogate pair is in it")
        })
    };
    command.iter().map(text).collect()
}
