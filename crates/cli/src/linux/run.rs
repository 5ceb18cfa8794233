//! `pinfold run` and `pinfold shell`.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use pinfold_confine::linux::{ConfineError, Foundation, WATCH_CHANGES, WATCH_PATHS, end_by, probe};
use pinfold_gate::link::Start;
use pinfold_ledger::event;
use pinfold_plan::linux;
use pinfold_policy::Rules;
use pinfold_run::control::Control;
use pinfold_run::{End, Memory, Outcome, Quarantine, Quarantined, Request, Run, RunError, Session, VARIABLES};
use pinfold_stage::before::Begun;

use super::giving::Giving;
use super::leavings::Leavings;
use super::prepare::{Call, Prepared};
use super::programs::{self, Programs};
use super::record::{self, Record};
use super::report::{Report, Tell};
use super::stage::{self, Staging, Waiting};
use super::trace::{self, Trace};
use super::undo::{self, Undoable};
use super::{gate, git_identity, new_session_id};
use crate::args::{PolicyFlags, RunArgs, ShellArgs};
use crate::changed::Changed;
use crate::error::CliError;
use crate::gate::values;
use crate::{agent, ask, remember};

/// Tell package managers that there is no network.
const OFFLINE: [&str; 3] = ["CARGO_NET_OFFLINE", "UV_OFFLINE", "npm_config_offline"];

/// Tells a program that it runs inside, and under which profile.
const MARK: &str = "PINFOLD_PROFILE";

pub(crate) fn run(args: RunArgs) -> Result<ExitCode, CliError> {
    execute_command(args, false)
}

pub(crate) fn trace(args: RunArgs) -> Result<ExitCode, CliError> {
    execute_command(args, true)
}

fn execute_command(mut args: RunArgs, trace: bool) -> Result<ExitCode, CliError> {
    args.policy.ask = args.ask;
    let (best_effort, tell) = (args.best_effort, Tell::of(&args));
    let manner = Manner { best_effort, tell, agent: args.agent, trace, stage: args.session };
    execute(&args.policy, &args.command, manner)
}

pub(crate) fn shell(mut args: ShellArgs) -> Result<ExitCode, CliError> {
    args.policy.ask = args.ask;
    let shell = std::env::var_os("SHELL").filter(|shell| Path::new(shell).exists()).unwrap_or_else(|| "/bin/sh".into());
    eprintln!("pinfold: a shell in the sandbox; `exit` leaves it");
    let manner =
        Manner { best_effort: args.best_effort, tell: Tell::Shell, agent: None, trace: false, stage: args.session };
    execute(&args.policy, &[shell], manner)
}

fn execute(flags: &PolicyFlags, command: &[OsString], manner: Manner) -> Result<ExitCode, CliError> {
    let mut call = Call::new(flags)?;
    let session = new_session_id();
    call.staging = Staging::of_run(&session, manner.stage.as_deref());
    let mut foundation = lay_foundation(&mut call)?;
    let redirects = || foundation.redirects().map_err(|error| CliError::from_error(&error));
    let mut prepared = call.plan(redirects)?;
    accept(&prepared, manner.best_effort)?;
    let gate = gate::start(&prepared, flags.ask)?;
    gate.iter().for_each(|start| gate::with_placeholders(&mut prepared.plan, start));
    if flags.ask {
        ask::say_who_is_asked(gate.is_some());
    }
    live_through(prepared, session, foundation, gate, command, flags, manner)
}

/// How a run begins and tells.
struct Manner {
    /// Promises may be without a keeper.
    best_effort: bool,
    tell: Tell,
    /// Whose run it is, if the user says so.
    agent: Option<String>,
    /// Refused paths are told.
    trace: bool,
    /// The stage that it goes on in, if the user names one.
    stage: Option<String>,
}

/// Runs the command under the plan, settles what it leaves, and tells of it.
fn live_through(
    mut prepared: Prepared,
    session: String,
    foundation: Foundation,
    gate: Option<Start>,
    command: &[OsString],
    flags: &PolicyFlags,
    manner: Manner,
) -> Result<ExitCode, CliError> {
    begin_stage(&mut prepared, &session)?;
    let (begun, keeping) = undo::begin(&prepared, &session)?.unzip();
    let environment = environment(&prepared, gate.as_ref());
    let (programs, secrets) = (Programs::default(), values(gate.as_ref()));
    let request = Request {
        plan: &prepared.plan,
        command,
        environment: &environment,
        directory: &prepared.context.directory,
        gate,
        recording: prepared.policy.ledger.programs.value.then(|| programs.recording(&prepared.store)),
        judge: manner.trace.then(|| trace::judge(&prepared.plan, &prepared.policy, &prepared.context)),
        before: keeping,
    };
    let run = Run::prepare(foundation, request).map_err(|error| not_started(&prepared, &error))?;
    // The sandbox is being built meanwhile.
    let memory = prepared.memory();
    let session = Session::begin(&prepared.store, session, &memory).map_err(|error| CliError::from_error(&error))?;
    git_identity::carry_over(&prepared.context.home, &prepared.plan.private_home);
    let leavings = Leavings::before(&prepared.plan);
    let control = control(&prepared, &session, command, flags.ask)?;
    let agent = agent::of(&prepared.context, manner.agent.as_deref(), command);
    let start = record::start(&prepared, &session.id, agent, command, manner.best_effort);
    let mut record = Record::begin(&prepared, start, secrets, &programs)?;
    prepared.trees.iter_mut().for_each(|tree| tree.snapshot.begin());
    let mut giving = prepared.giving(flags, session, memory);
    let quarantine = prepared.store.quarantine(&giving.session.id);
    let ran = run.go(quarantine, control, &mut record.recorder, &mut giving);
    let Giving { session, memory, given, .. } = giving;
    let outcome = match ran {
        Ok(outcome) => outcome,
        Err(error) => {
            let shown = not_started(&prepared, &error);
            record.give_up(&error.to_string());
            // Only a failed confinement is sure to mean that the command has never run.
            if !matches!(error, RunError::Confine(_)) {
                session.leave();
            }
            return Err(shown);
        }
    };
    prepared.was_given(given);
    let before = Before { session: &session.id, memory: &memory, leavings: &leavings };
    let report = match look_after(&mut prepared, &before, begun, outcome, &mut record, manner.trace) {
        Ok(report) => report,
        Err(error) => {
            session.leave();
            return Err(error);
        }
    };
    let printed = report.print(&prepared, command, manner.tell);
    record.close();
    printed?;
    stage::keep_house(&prepared);
    record::keep_house(&prepared);
    let end = report.end;
    drop(session);
    if let End::Killed(signal) = end {
        end_by(signal);
    }
    // The kernel takes it all back faster than we could, locks included.
    std::mem::forget(prepared);
    Ok((&end).into())
}

/// Writes down who writes to the stage, and where.
fn begin_stage(prepared: &mut Prepared, session: &str) -> Result<(), CliError> {
    let places = prepared.staged_places();
    let begun = prepared.stage.as_mut().map(|stage| stage.begin(session, places));
    begun.transpose().map(|_| ()).map_err(|error| CliError::from_error(&error))
}

/// What was known before the command ran.
struct Before<'a> {
    session: &'a str,
    memory: &'a Memory,
    leavings: &'a Leavings,
}

/// Settles what a run leaves, looks at what it has changed, and ends its record.
fn look_after<'a>(
    prepared: &mut Prepared,
    before: &Before<'a>,
    begun: Option<Begun>,
    outcome: Outcome,
    record: &mut Record,
    traced: bool,
) -> Result<Report<'a>, CliError> {
    let recorded_end = event::End::from(&outcome);
    let Outcome { end, quarantine, refused, traffic, missed_network, executions, refusals, duration_ms, .. } = outcome;
    let told = quarantine.taken().len();
    let quarantined = settle(prepared, before.memory, quarantine)?;
    let waiting = Waiting::look(prepared)?;
    // After the quarantine: what was moved away is told by itself.
    let changed = Changed::look(prepared.written_trees(), duration_ms);
    let undoable = Undoable::look(begun, prepared, &changed);
    let trace = traced.then(|| Trace::of(refusals, &end));
    record.recorder.quarantined(quarantined.get(told..).unwrap_or_default());
    // A trace has seen them as well.
    let settings = if trace.is_some() { &[] } else { refused.as_slice() };
    record.refusals(prepared, settings, missed_network);
    if let End::Limited(limit) = &end {
        record.limit(prepared, limit);
    }
    changed.record(|event| record.recorder.take(event));
    trace.iter().flat_map(Trace::events).for_each(|event| record.recorder.take(event));
    record.end(&executions, recorded_end);
    prepared.tidy_home();
    Ok(Report {
        session: before.session,
        end,
        duration_ms,
        quarantined,
        refused,
        in_home: before.leavings.names(),
        traffic,
        missed_network,
        executions,
        trace,
        changed,
        waiting,
        undoable,
    })
}

/// Lets others watch the run. Without questions it goes on where that cannot be.
fn control(
    prepared: &Prepared,
    session: &Session,
    command: &[OsString],
    asks: bool,
) -> Result<Option<Control>, CliError> {
    let workspace = prepared.plan.workspace.to_string_lossy().into_owned();
    let stage = prepared.stage.as_ref().map(|stage| stage.name());
    let introduction = ask::introduction(workspace, &prepared.plan.profile, stage, command);
    let remember = remember::in_user_policy(Rules::new(&prepared.policy), prepared.context.user_policy());
    ask::needed(prepared.store.control(session, introduction, remember), asks)
}

/// Makes the namespaces, and looks meanwhile whether they can be used. Where they cannot, the plan is for none.
fn lay_foundation(call: &mut Call) -> Result<Foundation, CliError> {
    let laid = Foundation::lay(call.ground());
    let refused = |error: &ConfineError| format!("the kernel refuses user namespaces: {}", error.source);
    call.no_user_namespaces = probe::no_user_namespaces().or_else(|| laid.as_ref().err().map(refused));
    let laid = if call.no_user_namespaces.is_none() { laid } else { Foundation::lay(call.ground()) };
    laid.map_err(|error| CliError::from_error(&error))
}

/// Refuses a plan with promises that nothing keeps, unless the user said otherwise.
fn accept(prepared: &Prepared, best_effort: bool) -> Result<(), CliError> {
    let plan = &prepared.plan;
    let Some(refusal) = linux::refusal(plan) else { return Ok(()) };
    let reason = plan.fallback.as_deref().unwrap_or("this kernel lacks what would keep them");
    if best_effort {
        let missing: Vec<_> = refusal.missing.iter().map(|missing| missing.promise.text()).collect();
        eprintln!("pinfold: not kept, because {reason}: {}", missing.join("; "));
        return Ok(());
    }
    if prepared.context.has_variable(MARK) {
        return Err(CliError::new("already in a pinfold sandbox")
            .why(format!("no second one can be made in it: {reason}"))
            .hint(
                "run the command itself, it is confined; or set process.nested-namespaces = true for the outer run",
            ));
    }
    let mut error = CliError::new(refusal.to_string()).why(reason);
    for missing in &refusal.missing {
        let note = missing.note.as_deref().unwrap_or("nothing keeps it");
        error = error.why(format!("not kept: {} ({note})", missing.promise.text()));
    }
    let mut remedies: Vec<_> = refusal.missing.iter().filter_map(|missing| missing.remedy.clone()).collect();
    remedies.sort();
    remedies.dedup();
    Err(remedies.into_iter().fold(error, CliError::hint).hint("or start without these promises: --best-effort"))
}

/// What the command finds in its environment.
fn environment(prepared: &Prepared, gate: Option<&Start>) -> Vec<(OsString, OsString)> {
    let network = gate::Environment { plan: &prepared.plan, start: gate };
    let callers = prepared.context.environment.iter().filter(|(name, _)| !network.is_of_another_network(name));
    let mut environment = prepared.policy.env.select(callers.cloned());
    let placeholders = network.placeholders();
    environment.retain(|(name, _)| placeholders.iter().all(|(secret, _)| secret != name));
    environment.extend(placeholders);
    environment.push((MARK.into(), prepared.plan.profile.clone().into()));
    if prepared.plan.private_temp.is_none() && !environment.iter().any(|(name, _)| name == "BASH_ENV") {
        environment.push(("BASH_ENV".into(), VARIABLES.into()));
    }
    if !environment.iter().any(|(name, _)| name == "PWD") {
        environment.push(("PWD".into(), prepared.context.spelled_directory.clone().into()));
    }
    // Package managers that know there is no network do not try it for seconds.
    let offline = OFFLINE.iter().filter(|_| prepared.plan.network.is_off()).map(|name| (name.into(), "true".into()));
    for (name, value) in offline.chain(network.variables()) {
        if !environment.iter().any(|(present, _)| *present == name) {
            environment.push((name, value));
        }
    }
    if let Some(temp) = &prepared.plan.private_temp {
        // No mounts: the private places are where they are.
        environment.retain(|(name, _)| name != "HOME" && name != "TMPDIR");
        environment.push(("HOME".into(), prepared.plan.private_home.clone().into()));
        environment.push(("TMPDIR".into(), temp.into()));
    }
    environment
}

/// Why the sandbox failed, with what is known to help.
fn not_started(prepared: &Prepared, error: &RunError) -> CliError {
    if let RunError::Confine(ConfineError { step, source, .. }) = error
        && step == WATCH_PATHS
    {
        return CliError::new("the files that the command asks for cannot be observed")
            .why(programs::no_listener(source))
            .hint("pinfold why tells of a single path");
    }
    if let RunError::Confine(ConfineError { step, source, .. }) = error
        && step == WATCH_CHANGES
    {
        return CliError::new("what the command changes could not be undone")
            .why(programs::no_listener(source))
            .rule(format!("files.undo, {}", prepared.policy.undo.origin));
    }
    let shown = CliError::from_error(error);
    if let (RunError::Confine(error), Some(stage)) = (error, &prepared.stage)
        && let Some(path) = error.path.as_ref().filter(|path| stage::has(stage, &prepared.plan.workspace, path))
    {
        return stage::unfit(shown, stage.name(), path);
    }
    let outside = !prepared.context.directory.starts_with(&prepared.context.workspace);
    if outside { shown.hint("the current directory is not visible inside; change to the workspace") } else { shown }
}

/// Looks at what the run has left in the workspace, and moves away what would execute outside.
fn settle(prepared: &mut Prepared, memory: &Memory, mut quarantine: Quarantine) -> Result<Vec<Quarantined>, CliError> {
    let settled = pinfold_run::settle(&prepared.names, &mut prepared.trees, memory, &mut quarantine);
    settled.map_err(|error| {
        CliError::from_error(&error)
            .why("what the run has left in the workspace could not be checked")
            .hint("look at the workspace before you run git or open an editor in it")
    })?;
    Ok(quarantine.into_taken())
}
