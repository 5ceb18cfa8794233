//! The record of a run.

use std::ffi::OsString;

use pinfold_confine::hex;
use pinfold_confine::windows::self_check::Breach;
use pinfold_ledger::event::{End, Event, Start};
use sha2::{Digest, Sha256};

use super::prepare::Prepared;
use super::watch::{Passed, Quarantined};
use crate::agent;
use crate::changed::Changed;
use crate::error::{CliError, with_causes};
use crate::record::{self, Lines, Pen, unrecorded};

/// The record, where there is one.
pub(super) struct Record(Option<Pen>);

impl Record {
    /// Begins. Where that cannot be, the policy decides whether the run begins all the same.
    pub(super) fn begin(
        prepared: &Prepared,
        session: &str,
        named: Option<&str>,
        command: &[OsString],
        best_effort: bool,
        secrets: Vec<(String, String)>,
    ) -> Result<Self, CliError> {
        let agent = agent::of(&prepared.context, named, command);
        let start = start(prepared, session, agent, command, best_effort);
        record::begin(&prepared.policy.ledger, prepared.context.ledger(), secrets, start).map(Self)
    }

    /// Adds what was moved away.
    pub(super) fn quarantined(&self, quarantined: &[Quarantined]) {
        for Quarantined { path, moved_to } in quarantined {
            let moved_to = moved_to.as_deref().unwrap_or(path);
            self.add(Event::Quarantined { path: path.as_path().into(), moved_to: moved_to.into() });
        }
    }

    /// Adds what has changed.
    pub(super) fn changed(&self, changed: &Changed) {
        changed.record(|event| self.add(event));
    }

    /// Adds the limit that ended the run.
    pub(super) fn limit(&self, prepared: &Prepared, passed: &Passed) {
        self.add(record::limit(&prepared.policy, passed.name, passed.text.clone()));
    }

    /// Where others add events, where there is a record.
    pub(super) fn lines(&self) -> Option<Lines> {
        self.0.as_ref().map(Pen::lines)
    }

    /// Adds what does not hold and was let pass.
    pub(super) fn unkept(&self, breach: &Breach) {
        self.note(format!("not confined, in a build for tests: {breach}"));
    }

    /// Adds a remark.
    pub(super) fn note(&self, text: String) {
        self.add(Event::Note { text });
    }

    fn add(&self, event: Event) {
        // Who cannot write it says so at the end.
        self.0.iter().for_each(|pen| drop(pen.lines().event(event.clone())));
    }

    /// Ends, and waits until all is written. What could not be is said.
    pub(super) fn end(self, end: End) {
        let Some(pen) = self.0 else { return };
        pen.end(end);
        if let Err(error) = pen.join() {
            eprintln!("{}", unrecorded(&with_causes(&error)));
        }
    }
}

fn start(prepared: &Prepared, session: &str, agent: Option<String>, command: &[OsString], best_effort: bool) -> Start {
    let plan = &prepared.plan;
    Start {
        workspace: plan.workspace.as_str().into(),
        plan: hex(Sha256::digest(serde_json::to_vec(plan).unwrap_or_default())),
        ..record::start(&prepared.policy, plan, session, agent, command, best_effort)
    }
}
