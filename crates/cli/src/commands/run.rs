//! `pinfold run` and `pinfold shell`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pinfold_confine::linux::end_by;
use pinfold_plan::{Network, linux};
use pinfold_policy::{Access, LimitName, decide};
use pinfold_run::{End, LimitReached, Memory, Quarantine, Quarantined, Request, RunError, Session};
use serde::Serialize;

use super::prepare::{Prepared, prepare};
use crate::args::{PolicyFlags, RunArgs, ShellArgs};
use crate::error::CliError;
use crate::{git_identity, output};

/// Tell package managers that there is no network.
const OFFLINE: [&str; 3] = ["CARGO_NET_OFFLINE", "UV_OFFLINE", "npm_config_offline"];

/// Tells a program that it runs inside, and under which profile.
const MARK: &str = "PINFOLD_PROFILE";

pub(crate) fn run(args: RunArgs) -> Result<ExitCode, CliError> {
    execute(&args.policy, &args.command, args.best_effort, args.json)
}

pub(crate) fn shell(args: ShellArgs) -> Result<ExitCode, CliError> {
    let shell = std::env::var_os("SHELL").filter(|shell| Path::new(shell).exists()).unwrap_or_else(|| "/bin/sh".into());
    eprintln!("pinfold: a shell in the sandbox; `exit` leaves it");
    execute(&args.policy, &[shell], args.best_effort, false)
}

fn execute(flags: &PolicyFlags, command: &[OsString], best_effort: bool, json: bool) -> Result<ExitCode, CliError> {
    let mut prepared = prepare(flags)?;
    accept(&prepared, best_effort)?;
    let memory = prepared.memory();
    let session = Session::begin(&prepared.store, &memory).map_err(|error| CliError::from_error(&error))?;
    git_identity::carry_over(&prepared.context.home, &prepared.plan.private_home);
    let environment = environment(&prepared);
    let ran = pinfold_run::run(Request {
        plan: &prepared.plan,
        command,
        environment: &environment,
        directory: &prepared.context.directory,
        quarantine: prepared.store.quarantine(&session.id),
    });
    let outcome = match ran {
        Ok(outcome) => outcome,
        Err(error) => {
            let shown = not_started(&prepared, &error);
            // Only a failed confinement is sure to mean that the command has never run.
            if !matches!(error, RunError::Confine(_)) {
                session.leave();
            }
            return Err(shown);
        }
    };
    let code = (&outcome.end).into();
    let quarantined = match settle(&mut prepared, &memory, outcome.quarantine) {
        Ok(quarantined) => quarantined,
        Err(error) => {
            session.leave();
            return Err(error);
        }
    };
    let ended_by = if let End::Killed(signal) = outcome.end { Some(signal) } else { None };
    let report = Report { session: &session.id, end: &outcome.end, duration_ms: outcome.duration_ms, quarantined };
    report.print(&prepared, command, json)?;
    drop(session);
    if let Some(signal) = ended_by {
        end_by(signal);
    }
    // The kernel takes it all back faster than we could, locks included.
    std::mem::forget(prepared);
    Ok(code)
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
    if prepared.context.environment.iter().any(|(name, _)| name == MARK) {
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
fn environment(prepared: &Prepared) -> Vec<(OsString, OsString)> {
    let mut environment = prepared.policy.env.select(prepared.context.environment.iter().cloned());
    environment.push((MARK.into(), prepared.plan.profile.clone().into()));
    if prepared.plan.network != Network::Host {
        // Package managers that know there is no network do not try it for seconds.
        for name in OFFLINE {
            if !environment.iter().any(|(present, _)| present == name) {
                environment.push((name.into(), "true".into()));
            }
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
    let shown = CliError::from_error(error);
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

/// What there is to say after a run.
struct Report<'a> {
    session: &'a str,
    end: &'a End,
    duration_ms: u64,
    quarantined: Vec<Quarantined>,
}

/// What a caller that asked for JSON reads.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Summary<'a> {
    session: &'a str,
    exit_code: u8,
    signal: Option<i32>,
    limit: Option<String>,
    duration_ms: u64,
    quarantined: &'a [Quarantined],
}

impl Report<'_> {
    /// Nothing when all is well.
    fn print(&self, prepared: &Prepared, command: &[OsString], json: bool) -> Result<(), CliError> {
        if json {
            let line = serde_json::to_string(&self.summary()).map_err(|error| CliError::from_error(&error))?;
            eprintln!("{line}");
            return Ok(());
        }
        output::quarantined(&self.quarantined);
        match self.end {
            End::Limited(limit) => {
                let rule = prepared.policy.limits.get(limit_name(limit));
                eprintln!("pinfold: ended: {} ({})", describe_limit(limit), rule.origin);
            }
            End::NotExecuted(errno) => eprintln!("{}", not_executed(prepared, command, *errno)),
            End::Exited(_) | End::Killed(_) => {}
        }
        Ok(())
    }

    fn summary(&self) -> Summary<'_> {
        Summary {
            session: self.session,
            exit_code: self.end.code(),
            signal: if let End::Killed(signal) = self.end { Some(*signal) } else { None },
            limit: if let End::Limited(limit) = self.end { Some(describe_limit(limit)) } else { None },
            duration_ms: self.duration_ms,
            quarantined: &self.quarantined,
        }
    }
}

/// The entry of `[limits]` that was reached.
fn limit_name(limit: &LimitReached) -> LimitName {
    match limit {
        LimitReached::Memory { .. } => LimitName::Memory,
        LimitReached::Processes { .. } => LimitName::Processes,
        LimitReached::CpuTime { .. } => LimitName::CpuTime,
        LimitReached::Disk { .. } => LimitName::Disk,
        LimitReached::Output { .. } => LimitName::Output,
        LimitReached::WallTime { .. } => LimitName::WallTime,
    }
}

fn describe_limit(limit: &LimitReached) -> String {
    let mib = |bytes: &u64| bytes >> 20;
    match limit {
        LimitReached::Memory { used_bytes, limit_bytes } => {
            format!("memory reached {} MiB, limits.memory allows {} MiB", mib(used_bytes), mib(limit_bytes))
        }
        LimitReached::Disk { used_bytes, limit_bytes } => {
            format!("the disk became {} MiB fuller, limits.disk allows {} MiB", mib(used_bytes), mib(limit_bytes))
        }
        LimitReached::CpuTime { used_ms, limit_ms } => {
            format!(
                "{} s of CPU time, limits.cpu-time allows {} s",
                *used_ms as f64 / 1000.0,
                *limit_ms as f64 / 1000.0
            )
        }
        LimitReached::Processes { used, limit } => format!("{used} processes, limits.processes allows {limit}"),
        LimitReached::Output { limit_bytes } => format!("limits.output allows {limit_bytes} bytes"),
        LimitReached::WallTime { limit_ms } => format!("limits.wall-time allows {} s", *limit_ms as f64 / 1000.0),
    }
}

/// Why a program could not be executed: missing, or only not visible.
fn not_executed(prepared: &Prepared, command: &[OsString], errno: i32) -> CliError {
    let program = command.first().cloned().unwrap_or_default();
    let what = CliError::new(format!("`{}` cannot be executed", program.display()))
        .why(std::io::Error::from_raw_os_error(errno).to_string());
    let Some(outside) = find(prepared, &program) else { return what };
    let verdict = decide(&prepared.policy, Access::Exec, &outside);
    if verdict.allowed {
        return what;
    }
    let what = what.why(format!("{}: {}", outside.display(), verdict.why));
    verdict.hint.into_iter().fold(what, CliError::hint)
}

/// The program as the caller's own shell would find it, without links.
fn find(prepared: &Prepared, program: &OsString) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.components().count() > 1 {
        return std::fs::canonicalize(prepared.context.absolute(path)).ok();
    }
    let (_, directories) = prepared.context.environment.iter().find(|(name, _)| name == "PATH")?;
    let found = std::env::split_paths(directories).map(|directory| directory.join(path)).find(|path| path.is_file())?;
    std::fs::canonicalize(found).ok()
}
