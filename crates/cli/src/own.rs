//! Pinfold's own files are opened to no command.

use std::path::Path;

use pinfold_policy::{Effect, Policy, Verdict};

use crate::context::Context;
use crate::error::CliError;
use crate::platform::{CONFIGURATION, STATE, is_in, real};

/// Refuses what a plan opens for writing where pinfold keeps its own: a command that could write state or policy would
/// decide about the next run. Neither may a place hold them, nor may it lie among them, but those that pinfold itself makes.
pub(crate) fn refuse_to_open<'a>(
    context: &Context,
    policy: &Policy,
    opened: impl Iterator<Item = &'a Path>,
) -> Result<(), CliError> {
    let own = [context.spelled_state().to_owned(), context.user_policy()];
    for opened in opened {
        let refused = match own.iter().find(|own| is_in(own, opened)) {
            Some(own) => CliError::new(format!("{} would be writable inside", own.display()))
                .why(format!("{} is opened for writing, and pinfold's own files are in it", opened.display()))
                .hint(format!(
                    "open a directory further down, or set {} and {} to other places",
                    STATE.name, CONFIGURATION.name
                )),
            None if is_in(opened, context.state()) => CliError::new(format!("{} is pinfold's own", opened.display()))
                .why(format!(
                    "it is opened for writing, and what is in {} decides about other runs",
                    context.state().display()
                ))
                .hint(format!("work in another directory, or set {} to another place", STATE.name)),
            None => continue,
        };
        let rule = rule(policy, opened);
        return Err(rule.into_iter().fold(refused, CliError::rule));
    }
    Ok(())
}

/// Refuses grants to read among pinfold's own files: private homes of other runs, what a secret's value was masked in, and the
/// key that signs the records.
pub(crate) fn refuse_to_show(context: &Context, policy: &Policy) -> Result<(), CliError> {
    for grant in policy.read.iter().chain(&policy.copy_on_write) {
        let Some(shown) = grant.target.host_path(&policy.places) else { continue };
        if is_in(&shown, context.state()) {
            return Err(CliError::new(format!("{} is pinfold's own", shown.display()))
                .why(format!(
                    "records, the key that signs them, and homes of runs are in {}",
                    context.state().display()
                ))
                .rule(grant.origin.to_string())
                .hint("copy what the command needs to a place of its own"));
        }
    }
    Ok(())
}

/// What a run meets there: nothing.
pub(crate) fn hidden(state: &Path, path: &Path, verdict: Verdict) -> Verdict {
    if !verdict.allowed || verdict.effect == Effect::Private || !is_in(path, state) {
        return verdict;
    }
    let why = "it is pinfold's own, and hidden from every run".into();
    Verdict { allowed: false, effect: Effect::Hidden, why, rule: None, hint: None }
}

/// What opens a place, by whatever spelling.
fn rule(policy: &Policy, opened: &Path) -> Option<String> {
    let names = |path: &Path| real(path).is_ok_and(|real| is_in(&real, opened) && is_in(opened, &real));
    let grant =
        policy.write.iter().find(|grant| grant.target.host_path(&policy.places).is_some_and(|path| names(&path)));
    grant.map(|grant| grant.origin.to_string())
}
