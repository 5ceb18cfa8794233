//! Pinfold's own files are opened to no command.

use std::path::{Path, PathBuf};

use pinfold_policy::{Effect, Policy, Verdict};

use crate::context::Context;
use crate::error::CliError;
use crate::platform::{CONFIGURATION, STATE, is_in, names, real};

/// Pinfold's own files, under all their names.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    /// What it keeps: records, the key that signs them, control sockets, homes of runs and what they wrote.
    kept: Vec<PathBuf>,
    /// The same in the usual place: who keeps it in another one now may have kept it there before.
    kept_before: Vec<PathBuf>,
    /// What decides about the next run besides, and links on the way to any of it.
    deciding: Vec<PathBuf>,
}

impl Own {
    pub(crate) fn of(context: &Context) -> Self {
        let policy = context.user_policy();
        let deciding = names(&crate::commands::real(&policy)).into_iter();
        let before = Some(context.usual_state()).filter(|before| *before != context.state());
        Self {
            kept: names(context.state()),
            kept_before: before.map(names).unwrap_or_default(),
            deciding: deciding.chain([policy, context.spelled_state().to_owned()]).collect(),
        }
    }

    /// What no run sees.
    pub(crate) fn secret(&self) -> impl Iterator<Item = &PathBuf> {
        self.kept.iter().chain(&self.kept_before)
    }

    /// What a run meets there: nothing.
    pub(crate) fn hidden(&self, path: &Path, verdict: Verdict) -> Verdict {
        let is_own = || self.secret().any(|kept| is_in(path, kept));
        if !verdict.allowed || verdict.effect == Effect::Private || !is_own() {
            return verdict;
        }
        let why = "it is pinfold's own, and hidden from every run".into();
        Verdict { allowed: false, effect: Effect::Hidden, why, rule: None, hint: None }
    }

    /// Refuses grants to read among what it keeps.
    pub(crate) fn refuse_to_show(&self, policy: &Policy) -> Result<(), CliError> {
        // None of the sets names a place in it, and there are many.
        for grant in policy.read.iter().chain(&policy.copy_on_write).filter(|grant| grant.set.is_none()) {
            let Some(shown) = grant.target.host_path(&policy.places) else { continue };
            if let Some(kept) = self.kept.iter().find(|kept| is_in(&shown, kept)) {
                return Err(CliError::new(format!("{} is pinfold's own", shown.display()))
                    .why(format!("records, the key that signs them, and homes of runs are in {}", kept.display()))
                    .rule(grant.origin.to_string())
                    .hint("copy what the command needs to a place of its own"));
            }
        }
        Ok(())
    }

    /// Refuses what a plan opens for writing where they are: a command that could write what it keeps, or policy, would decide
    /// about the next run. Neither may a place hold them, nor may it lie among them, but those that pinfold itself makes.
    pub(crate) fn refuse_to_open<'a>(
        &self,
        policy: &Policy,
        opened: impl Iterator<Item = &'a Path>,
    ) -> Result<(), CliError> {
        for opened in opened {
            let inside = self.deciding.iter().chain(self.secret()).find(|own| is_in(own, opened));
            let around = || self.kept.iter().find(|kept| is_in(opened, kept));
            let refused = match inside {
                Some(own) => CliError::new(format!("{} would be writable inside", own.display()))
                    .why(format!("{} is opened for writing, and pinfold's own files are in it", opened.display()))
                    .hint(format!(
                        "open a directory further down, or set {} and {} to other places",
                        STATE.name, CONFIGURATION.name
                    )),
                None => match around() {
                    Some(kept) => CliError::new(format!("{} is pinfold's own", opened.display()))
                        .why(format!(
                            "it is opened for writing, and what is in {} decides about other runs",
                            kept.display()
                        ))
                        .hint(format!("work in another directory, or set {} to another place", STATE.name)),
                    None => continue,
                },
            };
            let rule = rule(policy, opened);
            return Err(rule.into_iter().fold(refused, CliError::rule));
        }
        Ok(())
    }
}

/// What opens a place, by whatever spelling.
fn rule(policy: &Policy, opened: &Path) -> Option<String> {
    let names = |path: &Path| real(path).is_ok_and(|real| is_in(&real, opened) && is_in(opened, &real));
    let grant =
        policy.write.iter().find(|grant| grant.target.host_path(&policy.places).is_some_and(|path| names(&path)));
    grant.map(|grant| grant.origin.to_string())
}
