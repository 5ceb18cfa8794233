//! `pinfold why`: allowed or not, by which rule, and the smallest change that would allow it.

use std::path::PathBuf;
use std::process::ExitCode;

use pinfold_policy::{Access, Effect, Verdict, decide};

use crate::args::{AccessArg, WhyArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::{layers, output};

/// Exit status when the answer is no.
const REFUSED: u8 = 1;

pub(crate) fn why(args: WhyArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.policy.workspace.as_deref())?;
    let merged = layers::in_force(&context, &args.policy)?;
    let (access, word) = match args.access {
        AccessArg::Read => (Access::Read, "read"),
        AccessArg::Write => (Access::Write, "write"),
        AccessArg::Exec => (Access::Exec, "execute"),
    };
    let path = resolve(&context, &args.path);
    let verdict = as_asked(access, &context, &path, decide(&merged.policy, access, &path));
    if args.json {
        output::json(&verdict)?;
    } else {
        print_verdict(word, &path, &verdict, note(access, &path));
    }
    Ok(if verdict.allowed { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// Whoever asks whether his `~/.bashrc` can be changed means his own, not one in the run's home.
fn as_asked(access: Access, context: &Context, path: &std::path::Path, verdict: Verdict) -> Verdict {
    if access == Access::Write && path.starts_with("/proc/sys") {
        return Verdict { allowed: false, why: "settings of the kernel are read-only in every run".into(), ..verdict };
    }
    let own_home = verdict.allowed && verdict.effect == Effect::Private && path.starts_with(&context.home);
    if access != Access::Write || !own_home {
        return verdict;
    }
    if path.exists() {
        let hint = format!("run with --write {}", path.display());
        let why = "the run has a home of its own; what it writes here stays in that home".into();
        return Verdict { allowed: false, why, hint: Some(hint), ..verdict };
    }
    Verdict { why: format!("{}; it stays in the run's own home", verdict.why), ..verdict }
}

/// The path without links as far as it exists: that is what the rules speak of.
fn resolve(context: &Context, path: &std::path::Path) -> PathBuf {
    let path = context.absolute(path);
    let existing = path.ancestors().find_map(|ancestor| Some((ancestor, std::fs::canonicalize(ancestor).ok()?)));
    match existing {
        Some((ancestor, real)) => path
            .strip_prefix(ancestor)
            .map_or(real.clone(), |rest| if rest.as_os_str().is_empty() { real } else { real.join(rest) }),
        None => path,
    }
}

/// What else stands in the way, besides the policy.
fn note(access: Access, path: &std::path::Path) -> Option<&'static str> {
    let wanted = match access {
        Access::Read => rustix::fs::Access::READ_OK,
        Access::Write => rustix::fs::Access::WRITE_OK,
        Access::Exec => rustix::fs::Access::EXEC_OK,
    };
    if !path.exists() {
        return Some("it does not exist").filter(|_| access != Access::Write);
    }
    rustix::fs::access(path, wanted).is_err().then_some("the file's own permissions refuse it")
}

fn print_verdict(word: &str, path: &std::path::Path, verdict: &Verdict, note: Option<&str>) {
    let answer = if verdict.allowed { "may" } else { "may not" };
    println!("{answer} {word} {}", path.display());
    println!("  why: {}", verdict.why);
    if let Some(note) = note.filter(|_| verdict.allowed) {
        println!(" note: {note}");
    }
    if let Some(rule) = &verdict.rule {
        println!(" rule: {}, {}", rule.text, rule.origin);
    }
    if let Some(hint) = &verdict.hint {
        println!(" hint: {hint}");
    }
}
