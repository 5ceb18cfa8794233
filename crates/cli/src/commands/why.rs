//! `pinfold why`: allowed or not, by which rule, and the smallest change that would allow it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pinfold_policy::{Access, Destination, Effect, Policy, Rules, Ruling, Verdict, decide, mask_instead};
use serde::Serialize;

use crate::args::{AccessArg, PolicyFlags, WhyArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::{layers, output, platform};

/// Exit status when the answer is no.
const REFUSED: u8 = 1;

/// The port that is meant where none is written.
const HTTPS: u16 = 443;

pub(crate) fn why(args: WhyArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.policy.workspace.as_deref())?;
    let merged = layers::in_force(&context, &args.policy)?;
    let (access, word) = match args.access {
        AccessArg::Read => (Access::Read, "read"),
        AccessArg::Write => (Access::Write, "write"),
        AccessArg::Exec => (Access::Exec, "execute"),
        AccessArg::Connect => return connect(&merged.policy, &args),
    };
    let path = match access {
        // Whoever asks about a bare name means the program.
        Access::Exec if !context.absolute(&args.target).exists() => context.program(&args.target),
        _ => None,
    };
    let path = path.unwrap_or_else(|| real(&context.absolute(&args.target)));
    let verdict = context.own().hidden(&path, decide(&merged.policy, access, &path));
    let verdict = as_asked(access, &context, &path, verdict);
    let verdict = as_it_can_be_masked(&path, verdict);
    let verdict = if access == Access::Read { masked_instead(&merged.policy, &path, verdict) } else { verdict };
    if args.json {
        output::json(&verdict)?;
    } else {
        print_verdict(word, &path, &verdict, note(access, &path, &args.policy));
    }
    Ok(if verdict.allowed { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// The verdict on a connection, in the words of those on paths.
fn connect(policy: &Policy, args: &WhyArgs) -> Result<ExitCode, CliError> {
    let text = args.target.to_string_lossy();
    let to = Destination::parse(&text, HTTPS).map_err(|error| {
        CliError::new(format!("{text:?} is no host")).why(error.to_string()).hint("write HOST or HOST:PORT")
    })?;
    let rules = Rules::new(policy);
    let ruling = rules.connect(&to);
    let hint = rules.smallest_change(&to);
    let allowed = ruling.allowed();
    if args.json {
        output::json(&Answer { ruling, hint })?;
    } else {
        let why = if ruling.inspect { format!("{}, request by request", ruling.reason) } else { ruling.reason };
        let verdict = Verdict { allowed, effect: Effect::Host, why, rule: ruling.rule, hint };
        print_verdict("connect to", Path::new(&to.to_string()), &verdict, None);
    }
    Ok(if allowed { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// A ruling with what would change it.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    ruling: Ruling,
    hint: Option<String>,
}

/// Whoever asks whether his `~/.bashrc` can be changed means his own, not one in the run's home.
fn as_asked(access: Access, context: &Context, path: &Path, verdict: Verdict) -> Verdict {
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

/// Of a file that cannot be masked nothing is seen.
fn as_it_can_be_masked(path: &Path, verdict: Verdict) -> Verdict {
    if verdict.effect != Effect::Masked || !path.exists() {
        return verdict;
    }
    match platform::masked(path) {
        Ok(_) => verdict,
        Err(why) => {
            let why = format!("it would be masked, but {why}; so it is hidden");
            Verdict { allowed: false, effect: Effect::Hidden, why, hint: None, ..verdict }
        }
    }
}

/// Whoever needs a hidden dotenv file often needs its keys only.
fn masked_instead(policy: &Policy, path: &Path, verdict: Verdict) -> Verdict {
    let masked = || mask_instead(path.to_str()?, &policy.places).filter(|_| platform::masked(path).is_ok());
    let Some(hint) = verdict.hint.as_ref().filter(|_| verdict.effect == Effect::Hidden) else { return verdict };
    let hint = masked().map_or(hint.clone(), |mask| format!("{mask}; for its values too, {hint}"));
    Verdict { hint: Some(hint), ..verdict }
}

/// An absolute path without links as far as it exists: that is what the rules speak of.
pub(crate) fn real(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|ancestor| Some((ancestor, platform::real(ancestor).ok()?)));
    match existing {
        Some((ancestor, real)) => path
            .strip_prefix(ancestor)
            .map_or(real.clone(), |rest| if rest.as_os_str().is_empty() { real } else { real.join(rest) }),
        None => path.to_owned(),
    }
}

/// What else stands in the way, besides the policy.
fn note(access: Access, path: &Path, flags: &PolicyFlags) -> Option<Cow<'static, str>> {
    if !path.exists() {
        return Some("it does not exist".into()).filter(|_| access != Access::Write);
    }
    platform::in_the_way(access, path, flags)
}

fn print_verdict(word: &str, path: &Path, verdict: &Verdict, note: Option<Cow<'static, str>>) {
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
