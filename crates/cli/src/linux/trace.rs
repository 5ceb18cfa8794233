//! `pinfold trace`: which files, sockets and system calls were refused to a run, why, and the smallest change that would
//! allow them.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

use pinfold_ledger::event::{Event, Subject};
use pinfold_plan::{Backend, Landlock, LandlockAccess, LandlockRule, Plan};
use pinfold_policy::{Access, Effect, Policy, Verdict, decide, plain, shell_word};
use pinfold_run::{CallRefused, End, Judge, Refusals, Refused, Wanted};
use serde::Serialize;

use crate::commands::real;
use crate::context::Context;
use crate::error::CliError;

/// How many refusals are told one by one.
const REFUSALS_TOLD: usize = 10;
/// How many system calls are told.
const CALLS_TOLD: usize = 5;
/// How many files are named that programs only looked for.
const LOOKS_TOLD: usize = 8;

/// What a traced run did not get, the most telling first.
pub(super) struct Trace {
    /// What ended in an error, if the program did not see to it.
    refused: Vec<Refused>,
    /// What was only looked for. Programs look for many files, so it counts only where they fail and nothing else was
    /// refused.
    missed: Vec<Refused>,
    /// System calls. Programs try some of them and do without, so people are told only where they fail as well.
    calls: Vec<CallRefused>,
    /// The command has succeeded.
    succeeded: bool,
    dropped: u64,
    /// Whether anything can be said at all.
    known: bool,
    /// Why the command has failed is known.
    explained: bool,
}

/// What programs ask, and do without: names of users and hosts, and what the machine is like.
const DONE_WITHOUT: [&str; 3] = ["/run/nscd", "/run/systemd/userdb", "/sys"];

/// For programs: a path.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PathSummary<'a> {
    path: Cow<'a, str>,
    wanted: &'a str,
    program: Cow<'a, str>,
    times: u64,
    why: &'a str,
    rule: Option<String>,
    hint: Option<&'a str>,
}

/// The same of a system call.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct CallSummary<'a> {
    name: &'a str,
    error: &'a str,
    program: Cow<'a, str>,
    times: u64,
    why: &'a str,
}

impl<'a> From<&'a CallRefused> for CallSummary<'a> {
    fn from(CallRefused { call, program, times }: &'a CallRefused) -> Self {
        Self { name: call.name, error: call.error, program: program.to_string_lossy(), times: *times, why: call.why }
    }
}

impl<'a> From<&'a Refused> for PathSummary<'a> {
    fn from(Refused { path, wanted, program, times, verdict, .. }: &'a Refused) -> Self {
        Self {
            path: path.to_string_lossy(),
            wanted: wanted.word(),
            program: program.to_string_lossy(),
            times: *times,
            why: &verdict.why,
            rule: verdict.rule.as_ref().map(ToString::to_string),
            hint: verdict.hint.as_deref(),
        }
    }
}

/// Says why something inside gets no further. It opens no file: the names come from inside.
pub(super) fn judge(plan: &Plan, policy: &Policy, context: &Context) -> Judge {
    let (policy, home, own) = (policy.clone(), context.home.clone(), context.own().clone());
    let landlock = (plan.backend == Backend::LinuxLandlock).then(|| plan.landlock.clone());
    Judge::new(move |access, path| {
        // The links there are those of whoever asks.
        let path = if path.starts_with("/dev") { path.to_owned() } else { real(path) };
        let verdict = own.hidden(&path, decide(&policy, access, &path));
        let done_without = access != Access::Write && DONE_WITHOUT.iter().any(|place| path.starts_with(place));
        if done_without || landlock.as_ref().is_some_and(|landlock| lets(landlock, access, &path)) {
            return Verdict { allowed: true, ..verdict };
        }
        as_met(access, &home, &path, verdict)
    })
}

/// Whether Landlock, where it is alone, does not keep what the policy refuses.
fn lets(landlock: &Landlock, access: Access, path: &Path) -> bool {
    let enough = |rule: &LandlockRule| match access {
        Access::Write => rule.access >= LandlockAccess::Use,
        Access::Read | Access::Exec => rule.access >= LandlockAccess::Read,
    };
    landlock.abi == 0 || landlock.rules.iter().any(|rule| path.starts_with(&rule.path) && enough(rule))
}

/// The policy would allow it, were it there.
fn as_met(access: Access, home: &Path, path: &Path, verdict: Verdict) -> Verdict {
    match verdict.effect {
        Effect::Masked if access == Access::Read => {
            let why = "it would be masked, but it cannot be; so it is hidden".into();
            Verdict { allowed: false, effect: Effect::Hidden, why, ..verdict }
        }
        // What is the sandbox's own altogether, such as /dev, follows from no rule.
        Effect::Private if verdict.allowed && verdict.rule.is_some() => {
            let Some(there) = path.ancestors().find(|path| path.symlink_metadata().is_ok()) else { return verdict };
            let why = match path.starts_with(home) {
                true => "the run has a home of its own, and this is not in it",
                false => "the run has temporary directories of its own, and this is not in them",
            };
            let flag = if access == Access::Write { "--write" } else { "--read" };
            let hint = format!("run with {flag} {}", shell_word(&there.to_string_lossy()));
            Verdict { allowed: false, why: why.into(), hint: Some(hint), ..verdict }
        }
        _ => verdict,
    }
}

impl Trace {
    /// `refusals` are nothing where the observer was too slow to end.
    pub(super) fn of(refusals: Option<Refusals>, end: &End) -> Self {
        let known = refusals.is_some();
        let Refusals { paths, calls, dropped } = refusals.unwrap_or_default();
        let (mut missed, mut refused): (Vec<_>, Vec<_>) =
            paths.into_iter().partition(|refused| refused.wanted == Wanted::Look);
        let succeeded = *end == End::Exited(0);
        if succeeded {
            // Others' sockets and files in /run and /tmp are asked for by habit.
            refused.retain(|refused| refused.wanted == Wanted::Write || refused.verdict.effect != Effect::Private);
        }
        if succeeded || !refused.is_empty() {
            missed.clear();
        }
        refused.sort_by_key(|refused| refused.wanted);
        let explained = matches!(end, End::NotExecuted(_) | End::Limited(_) | End::Unrecorded(_));
        Self { refused, missed, calls, succeeded, dropped, known, explained }
    }

    /// For the ledger.
    pub(super) fn events(&self) -> impl Iterator<Item = Event> {
        let paths = self.paths().map(|Refused { path, wanted, verdict, .. }| Event::Refused {
            what: if *wanted == Wanted::Connect { Subject::Socket } else { Subject::File },
            name: path.as_path().into(),
            operation: wanted.word().to_owned(),
            rule: verdict.rule.as_ref().map(ToString::to_string),
            why: verdict.why.clone(),
        });
        let calls = self.calls.iter().map(|CallRefused { call, .. }| Event::Refused {
            what: Subject::SystemCall,
            name: call.name.into(),
            operation: "call".to_owned(),
            rule: None,
            why: call.why.to_owned(),
        });
        paths.chain(calls)
    }

    pub(super) fn paths_summary(&self) -> Vec<PathSummary<'_>> {
        self.paths().map(PathSummary::from).collect()
    }

    pub(super) fn calls_summary(&self) -> Vec<CallSummary<'_>> {
        self.calls.iter().map(CallSummary::from).collect()
    }

    /// Says it on standard error.
    pub(super) fn print(&self, home: &Path) {
        let alike = self.refused.chunk_by(|one, other| alike(one) == alike(other));
        let more = alike.clone().skip(REFUSALS_TOLD).flatten().count();
        alike.take(REFUSALS_TOLD).filter_map(<[Refused]>::split_first).for_each(|(refused, others)| {
            eprintln!("{}", notice(refused, others.len(), home));
        });
        if more > 0 {
            eprintln!("pinfold: {more} more were refused: pinfold log last --kind refused");
        }
        let calls = if self.succeeded { &[] } else { self.calls.as_slice() };
        calls.iter().take(CALLS_TOLD).for_each(|refused| eprintln!("{}", call_notice(refused)));
        let more = calls.len().saturating_sub(CALLS_TOLD);
        if more > 0 {
            eprintln!("pinfold: {more} more system calls were refused: pinfold log last --kind refused");
        }
        if let Some(first) = self.missed.first() {
            let names: Vec<_> = self.missed.iter().take(LOOKS_TOLD).map(|missed| shown(&missed.path, home)).collect();
            let more = if self.missed.len() > names.len() { ", …" } else { "" };
            let example = plain(&shell_word(&first.path.to_string_lossy()));
            eprintln!("pinfold: looked for, and not visible inside: {}{more}", names.join(", "));
            eprintln!(" hint: pinfold why read {example}");
        }
        if self.dropped > 0 {
            eprintln!("pinfold: too much was refused to keep all of it: {} times more", self.dropped);
        }
        if !self.known {
            eprintln!("pinfold: it could not be found out in time whether something was refused");
        } else if self.refused.is_empty() && self.missed.is_empty() && calls.is_empty() && !self.explained {
            eprintln!("pinfold: no file was refused; what failed, if anything, has another reason");
        }
    }

    fn paths(&self) -> impl Iterator<Item = &Refused> {
        self.refused.iter().chain(&self.missed)
    }
}

/// What two refusals have in common that the same program gets for the same reason.
fn alike(refused: &Refused) -> (Wanted, &OsStr, &str, Option<&str>) {
    let Verdict { why, hint, .. } = &refused.verdict;
    (refused.wanted, &refused.program, why, hint.as_deref())
}

/// A refusal, and how many are alike.
fn notice(refused: &Refused, others: usize, home: &Path) -> CliError {
    let Refused { path, wanted, program, verdict: Verdict { why, rule, hint, .. }, .. } = refused;
    let to = if matches!(wanted, Wanted::Write | Wanted::Connect) { " to" } else { "" };
    let more = if others > 0 { format!(" and {others} more") } else { String::new() };
    // Names from inside are in all of it.
    let notice = CliError::notice(format!("refused: {}{to} {}{more}{}", wanted.word(), shown(path, home), by(program)));
    let notice = notice.why(plain(why));
    let notice = rule.iter().fold(notice, |notice, rule| notice.rule(plain(&rule.to_string())));
    hint.iter().fold(notice, |notice, hint| notice.hint(plain(hint)))
}

fn call_notice(CallRefused { call, program, .. }: &CallRefused) -> CliError {
    let notice = CliError::notice(format!("refused: the system call {}{}", call.name, by(program))).why(call.why);
    if call.nested_namespaces {
        return notice.hint("`nested-namespaces = true` under [process] of the policy lets namespaces be made inside");
    }
    notice
}

fn by(program: &OsStr) -> String {
    if program.is_empty() { String::new() } else { format!(" by `{}`", plain(&program.to_string_lossy())) }
}

/// A path as people write it.
fn shown(path: &Path, home: &Path) -> String {
    let text = path
        .strip_prefix(home)
        .map_or_else(|_| path.to_string_lossy(), |below| format!("~/{}", below.display()).into());
    plain(&text)
}
