//! What is told of a run at its end.

use std::io::IsTerminal;

use pinfold_policy::{Access, Policy, decide, plain};
use pinfold_run::Traffic;
use serde::Serialize;

use super::prepare::Prepared;
use super::watch::{Passed, Quarantined};
use crate::args::RunArgs;
use crate::changed::{self, Changed};
use crate::error::CliError;
use crate::traffic;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tell {
    /// What is worth saying.
    Ordinary,
    /// Only what must not be overlooked.
    Quiet,
    /// One line of JSON.
    Json,
}

impl Tell {
    pub(super) fn of(args: &RunArgs) -> Self {
        match (args.json, args.quiet) {
            (true, _) => Self::Json,
            (false, true) => Self::Quiet,
            (false, false) => Self::Ordinary,
        }
    }
}

/// What there is to tell.
pub(super) struct Report<'a> {
    pub(super) session: &'a str,
    /// The exit code of the command, as Windows has it; nothing where a limit has ended it.
    pub(super) code: Option<u32>,
    pub(super) limit: Option<Passed>,
    pub(super) duration_ms: u64,
    pub(super) quarantined: Vec<Quarantined>,
    /// What files it has changed.
    pub(super) changed: Changed,
    /// What the gate has seen, where there was one.
    pub(super) traffic: Option<Traffic>,
}

/// The same as other platforms say it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Summary<'a> {
    session: &'a str,
    exit_code: Option<u32>,
    limit: Option<&'a str>,
    duration_ms: u64,
    quarantined: Vec<Moved>,
    network: Option<traffic::Summary>,
    changes: changed::Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Moved {
    path: String,
    moved_to: Option<String>,
}

/// Says what was moved to quarantine, and why.
pub(super) fn quarantined(policy: &Policy, quarantined: &[Quarantined]) {
    for Quarantined { path, moved_to } in quarantined {
        let shown = plain(&path.to_string_lossy());
        let notice = match moved_to {
            Some(place) => format!("quarantined: {shown} appeared and is now {}", place.display()),
            None => format!("warning: {shown} appeared and could not be moved away"),
        };
        let notice = CliError::notice(notice).why("programs outside would obey it");
        eprintln!("{}", notice.verdict(decide(policy, Access::Write, path)));
    }
}

impl Report<'_> {
    pub(super) fn print(&self, prepared: &Prepared, tell: Tell) -> Result<(), CliError> {
        if tell == Tell::Json {
            let text = serde_json::to_string(&self.summary(&prepared.policy));
            let text = text.map_err(|error| CliError::new("the summary cannot be written").why(error.to_string()))?;
            eprintln!("{text}");
            return Ok(());
        }
        quarantined(&prepared.policy, &self.quarantined);
        self.changed.print_traps();
        if tell == Tell::Quiet {
            return Ok(());
        }
        self.traffic.iter().for_each(|traffic| traffic::print(traffic, &prepared.policy));
        if let Some(passed) = &self.limit {
            eprintln!("pinfold: ended: {} ({})", passed.text, prepared.policy.limits.get(passed.name).origin);
        }
        if std::io::stderr().is_terminal() {
            self.changed.print();
        }
        Ok(())
    }

    fn summary(&self, policy: &Policy) -> Summary<'_> {
        let moved = |quarantined: &Quarantined| Moved {
            path: quarantined.path.to_string_lossy().into_owned(),
            moved_to: quarantined.moved_to.as_ref().map(|place| place.to_string_lossy().into_owned()),
        };
        Summary {
            session: self.session,
            exit_code: self.code,
            limit: self.limit.as_ref().map(|passed| passed.text.as_str()),
            duration_ms: self.duration_ms,
            quarantined: self.quarantined.iter().map(moved).collect(),
            network: self.traffic.as_ref().map(|traffic| traffic::summary(traffic, policy)),
            changes: self.changed.summary(),
        }
    }
}
