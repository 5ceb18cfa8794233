//! What there is to say after a run: nothing when all is well.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use pinfold_policy::{Access, decide, plain, shell_word};
use pinfold_run::{End, Executions, LimitReached, Quarantined, Traffic};
use serde::Serialize;

use super::prepare::Prepared;
use super::stage::Waiting;
use super::trace::{self, Trace};
use super::undo::Undoable;
use super::{programs, quarantined};
use crate::agent;
use crate::args::RunArgs;
use crate::changed::{self, Changed};
use crate::error::CliError;
use crate::traffic;

/// How many new names in the private home are told.
const NAMES_TOLD: usize = 5;

/// What only a shell understands, of that which people type (POSIX, "Shell Command Language").
const SHELL_WORDS: [&str; 12] =
    [".", "alias", "cd", "eval", "exec", "export", "for", "if", "set", "source", "ulimit", "while"];

/// How it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tell {
    /// To people.
    Words,
    /// To people who have typed one command after the other.
    Shell,
    /// To people who want to hear only what must not be overlooked.
    Quiet,
    /// To programs.
    Json,
}

impl Tell {
    /// As the arguments want it.
    pub(super) fn of(args: &RunArgs) -> Self {
        match (args.json, args.quiet) {
            (true, _) => Self::Json,
            (_, true) => Self::Quiet,
            _ => Self::Words,
        }
    }
}

/// What there is to say after a run.
pub(super) struct Report<'a> {
    /// The name of the run.
    pub(super) session: &'a str,
    /// How the command ended.
    pub(super) end: End,
    /// From start to end.
    pub(super) duration_ms: u64,
    /// What was moved away.
    pub(super) quarantined: Vec<Quarantined>,
    /// Git settings that something inside tried to change.
    pub(super) refused: Vec<PathBuf>,
    /// What is new in the private home.
    pub(super) in_home: Vec<String>,
    /// What the gate has seen.
    pub(super) traffic: Option<Traffic>,
    /// Something inside looked for a network, and there was none.
    pub(super) missed_network: bool,
    /// How much is known of what was executed.
    pub(super) executions: Executions,
    /// The paths that were refused, where somebody asked.
    pub(super) trace: Option<Trace>,
    /// What files it has changed.
    pub(super) changed: Changed,
    /// What waits to be taken over.
    pub(super) waiting: Option<Waiting>,
    /// What of it can be undone.
    pub(super) undoable: Option<Undoable>,
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
    quarantined: Vec<Moved<'a>>,
    refused: Vec<Cow<'a, str>>,
    in_home: &'a [String],
    missed_network: bool,
    network: Option<traffic::Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    programs: Option<programs::Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_paths: Option<Vec<trace::PathSummary<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_calls: Option<Vec<trace::CallSummary<'a>>>,
    changes: changed::Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'a Waiting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<&'a Undoable>,
}

/// Something quarantined. JSON is text, which a path need not be.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Moved<'a> {
    path: Cow<'a, str>,
    moved_to: Option<Cow<'a, str>>,
}

impl<'a> From<&'a Quarantined> for Moved<'a> {
    fn from(Quarantined { path, moved_to }: &'a Quarantined) -> Self {
        Self { path: path.to_string_lossy(), moved_to: moved_to.as_ref().map(|path| path.to_string_lossy()) }
    }
}

impl Report<'_> {
    /// Nothing when all is well.
    pub(super) fn print(&self, prepared: &Prepared, command: &[OsString], tell: Tell) -> Result<(), CliError> {
        if tell == Tell::Json {
            let line = serde_json::to_string(&self.summary(prepared)).map_err(|error| CliError::from_error(&error))?;
            eprintln!("{line}");
            return Ok(());
        }
        quarantined::tell(&self.quarantined, |path| obeyed(prepared, path));
        self.changed.print_traps();
        self.undoable.iter().for_each(Undoable::print_what_is_missing);
        self.trace.iter().for_each(|trace| trace.print(&prepared.context.home));
        if tell == Tell::Quiet {
            return Ok(());
        }
        // A trace has told already, more exactly.
        let settings = self.refused.iter().filter(|_| self.trace.is_none());
        settings.for_each(|settings| eprintln!("{}", settings_refused(prepared, settings)));
        self.print_names_in_home(prepared);
        self.traffic.iter().for_each(|traffic| traffic::print(traffic, &prepared.policy));
        match &self.end {
            End::Limited(limit) => {
                let rule = prepared.policy.limits.get(limit.name());
                eprintln!("pinfold: ended: {} ({})", describe_limit(limit), rule.origin);
            }
            End::Unrecorded(why) => eprintln!("{}", ended_unrecorded(prepared, why)),
            End::NotExecuted(errno) => eprintln!("{}", not_executed(prepared, command, *errno)),
            // Who succeeds did not need it.
            End::Exited(code) if *code != 0 && self.missed_network => eprintln!("{}", network_missed(prepared)),
            End::Exited(code) if *code != 0 && tell != Tell::Shell && self.is_unexplained() => {
                suggest_a_reason(prepared, command);
            }
            End::Exited(_) | End::Killed(_) => {}
        }
        self.waiting.iter().for_each(Waiting::print);
        if std::io::stderr().is_terminal() {
            self.changed.print();
            self.undoable.iter().for_each(Undoable::print);
        }
        Ok(())
    }

    /// Nothing was said that could be why the command has failed.
    fn is_unexplained(&self) -> bool {
        let traffic = |traffic: &Traffic| traffic.refused.is_empty() && !traffic.ended_early;
        self.trace.is_none()
            && self.quarantined.is_empty()
            && self.refused.is_empty()
            && self.traffic.as_ref().is_none_or(traffic)
    }

    /// Nobody finds them who does not know of the private home.
    fn print_names_in_home(&self, prepared: &Prepared) {
        let Some(told) = self.in_home.chunks(NAMES_TOLD).next() else { return };
        let more = if self.in_home.len() > told.len() { ", …" } else { "" };
        let home = prepared.plan.private_home.display();
        eprintln!("pinfold: not in your home but in the run's own, {home}: {}{more}", told.join(", "));
    }

    fn summary(&self, prepared: &Prepared) -> Summary<'_> {
        Summary {
            session: self.session,
            exit_code: self.end.code(),
            signal: if let End::Killed(signal) = &self.end { Some(*signal) } else { None },
            limit: if let End::Limited(limit) = &self.end { Some(describe_limit(limit)) } else { None },
            duration_ms: self.duration_ms,
            quarantined: self.quarantined.iter().map(Moved::from).collect(),
            refused: self.refused.iter().map(|path| path.to_string_lossy()).collect(),
            in_home: &self.in_home,
            missed_network: self.missed_network,
            network: self.traffic.as_ref().map(|traffic| traffic::summary(traffic, &prepared.policy)),
            programs: programs::summary(&self.executions),
            refused_paths: self.trace.as_ref().map(Trace::paths_summary),
            refused_calls: self.trace.as_ref().map(Trace::calls_summary),
            changes: self.changed.summary(),
            stage: self.waiting.as_ref(),
            undo: self.undoable.as_ref(),
        }
    }
}

/// Package managers that a run without network tells to work offline.
const PACKAGE_MANAGERS: [(&str, &str); 4] =
    [("cargo", "@crates-io"), ("npm", "@npm"), ("npx", "@npm"), ("uv", "@pypi")];

/// What a package manager says is as if its user had wanted it so.
fn told_to_be_offline(prepared: &Prepared, name: &str) -> Option<CliError> {
    let (_, preset) = PACKAGE_MANAGERS.iter().find(|(manager, _)| *manager == name)?;
    let notice = CliError::notice(format!("the network is off, so {name} was told to work offline"))
        .rule(format!("network.mode, {}", prepared.policy.network.origin))
        .hint(format!("if it lacks something that must be fetched: pinfold run --allow-host {preset} -- {name} …"));
    prepared.plan.network.is_off().then_some(notice)
}

/// Programs that say no by their exit status.
const SAYING_NO: [&str; 7] = ["cmp", "diff", "false", "grep", "rg", "test", "["];

/// Who looks at the output sees why a command has failed, but not whether the policy is behind it. Programs that read
/// the output are not bothered.
fn suggest_a_reason(prepared: &Prepared, command: &[OsString]) {
    let name = agent::program(command).unwrap_or_default();
    if !std::io::stderr().is_terminal() || SAYING_NO.contains(&name) {
        return;
    }
    if let Some(notice) = told_to_be_offline(prepared, name) {
        eprintln!("{notice}");
        return;
    }
    let program = command.first().map_or_else(String::new, |program| shell_word(&program.to_string_lossy()));
    let more = if command.len() > 1 { " …" } else { "" };
    eprintln!("pinfold: if files were refused, this tells which: pinfold trace -- {}{more}", plain(&program));
}

/// The entry of `[limits]` that was reached.
pub(super) fn describe_limit(limit: &LimitReached) -> String {
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

/// Why something was moved away.
fn obeyed(prepared: &Prepared, path: &Path) -> String {
    format!("programs outside would obey it; {}", decide(&prepared.policy, Access::Write, path).why)
}

fn ended_unrecorded(prepared: &Prepared, why: &str) -> CliError {
    CliError::notice("ended: the run could not be recorded any longer")
        .why(why.to_owned())
        .rule(format!("ledger.required, {}", prepared.policy.ledger.required.origin))
}

fn network_missed(prepared: &Prepared) -> CliError {
    CliError::notice("something inside looked for the network, which is off")
        .rule(format!("network.mode, {}", prepared.policy.network.origin))
        .hint("let single hosts in with --allow-host HOST, or run with --network full for the network of the host")
}

/// Git's own words for this are "Device or resource busy".
fn settings_refused(prepared: &Prepared, settings: &Path) -> CliError {
    let shown = CliError::notice(format!("git could not change {}", plain(&settings.to_string_lossy())))
        .hint("run that command outside; for a new submodule `git submodule init` is enough")
        .verdict(decide(&prepared.policy, Access::Write, settings));
    let lock = settings.with_added_extension("lock");
    if lock.exists() {
        shown.hint(format!("{} was left; git waits until it is removed", lock.display()))
    } else {
        shown
    }
}

/// Why a program could not be executed: missing, or only not visible.
fn not_executed(prepared: &Prepared, command: &[OsString], errno: i32) -> CliError {
    let program = command.first().cloned().unwrap_or_default();
    let what = CliError::new(format!("`{}` cannot be executed", program.display()))
        .why(std::io::Error::from_raw_os_error(errno).to_string());
    let Some(outside) = prepared.context.program(Path::new(&program)) else { return meant_for_a_shell(what, command) };
    let verdict = decide(&prepared.policy, Access::Exec, &outside);
    if verdict.allowed {
        return what;
    }
    let what = what.why(format!("{}: {}", outside.display(), verdict.why));
    verdict.hint.into_iter().fold(what, CliError::hint)
}

/// What a shell would have understood.
fn meant_for_a_shell(error: CliError, command: &[OsString]) -> CliError {
    let Some((program, rest)) = command.split_first() else { return error };
    let program = program.to_string_lossy();
    let whole_line = rest.is_empty() && program.contains(char::is_whitespace);
    if SHELL_WORDS.contains(&&*program) || whole_line {
        let line: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
        let line = plain(&shell_word(&line.join(" ")));
        return error.why("no shell reads the command").hint(format!("pinfold run -- sh -c {line}"));
    }
    error
}
