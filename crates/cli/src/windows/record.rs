//! The record of a run.

use std::ffi::OsString;

use pinfold_confine::hex;
use pinfold_ledger::Durability;
use pinfold_ledger::event::{End, Event, Promise, Start, Subject};
use sha2::{Digest, Sha256};

use super::prepare::Prepared;
use super::watch::{Passed, Quarantined};
use crate::agent;
use crate::error::{CliError, with_causes};
use crate::record::{Lines, Pen, RECORD_BYTES_MAX, Sheet, caller};

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
    ) -> Result<Self, CliError> {
        let rule = &prepared.policy.ledger;
        let sheet = Sheet {
            directory: prepared.context.ledger(),
            session: session.to_owned(),
            durability: if rule.required.value { Durability::Power } else { Durability::Process },
            bytes_max: RECORD_BYTES_MAX,
            secrets: Vec::new(),
        };
        let start = start(prepared, session, agent::of(&prepared.context, named, command), command, best_effort);
        let pen = Pen::new(sheet, Event::Start(Box::new(start))).map_err(|error| error.to_string());
        let pen = pen.and_then(|pen| if rule.required.value { pen.commit().map(|()| pen) } else { Ok(pen) });
        match pen {
            Ok(pen) => Ok(Self(Some(pen))),
            Err(why) if rule.required.value => Err(CliError::new("a run that cannot be recorded does not start")
                .why(why)
                .rule(format!("ledger.required, {}", rule.required.origin))),
            Err(why) => {
                eprintln!("{}", CliError::notice("this run is not recorded").why(why));
                Ok(Self(None))
            }
        }
    }

    /// Adds what was moved away.
    pub(super) fn quarantined(&self, quarantined: &[Quarantined]) {
        for Quarantined { path, moved_to } in quarantined {
            let moved_to = moved_to.as_deref().unwrap_or(path);
            self.add(Event::Quarantined { path: path.as_path().into(), moved_to: moved_to.into() });
        }
    }

    /// Adds the limit that ended the run.
    pub(super) fn limit(&self, prepared: &Prepared, passed: &Passed) {
        let name = format!("limits.{}", passed.name.key());
        self.add(Event::Refused {
            what: Subject::Limit,
            rule: Some(format!("{name}, {}", prepared.policy.limits.get(passed.name).origin)),
            name: name.as_str().into(),
            operation: "exceed".to_owned(),
            why: passed.text.clone(),
        });
    }

    /// Where others add events, where there is a record.
    pub(super) fn lines(&self) -> Option<Lines> {
        self.0.as_ref().map(Pen::lines)
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
            eprintln!("{}", CliError::notice("this run is not recorded as a whole").why(with_causes(&error)));
        }
    }
}

fn start(prepared: &Prepared, session: &str, agent: Option<String>, command: &[OsString], best_effort: bool) -> Start {
    let plan = &prepared.plan;
    let promise =
        |row: &pinfold_plan::Assurance| Promise { promise: row.promise.text().to_owned(), kept_by: row.keepers() };
    Start {
        session: session.to_owned(),
        agent,
        workspace: plan.workspace.as_str().into(),
        command: command.iter().map(|word| word.as_os_str().into()).collect(),
        profile: plan.profile.clone(),
        policy: hex(Sha256::digest(prepared.policy.digest_input())),
        plan: hex(Sha256::digest(serde_json::to_vec(plan).unwrap_or_default())),
        assurance: plan.assurance.iter().map(promise).collect(),
        best_effort,
        ..caller()
    }
}
