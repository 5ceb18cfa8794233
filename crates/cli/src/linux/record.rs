//! The record of a run in the ledger: it begins with who ran what, under which policy and plan, and what keeps its
//! promises.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use pinfold_confine::hex;
use pinfold_confine::letters::letters;
use pinfold_ledger::event::{End, Event, Staged, Start, Subject};
use pinfold_ledger::{Ledger, Retention};
use pinfold_policy::{Access, decide};
use pinfold_run::{Executions, LimitReached, Recorder};
use pinfold_stage::Stage;
use sha2::{Digest, Sha256};

use super::housekeeping;
use super::prepare::Prepared;
use super::programs::{self, Programs};
use super::report::describe_limit;
use crate::error::{CliError, NOT_STARTED, with_causes};
use crate::record::{self, Pen, unrecorded};

/// The record of a run.
pub(super) struct Record {
    pub(super) recorder: Recorder,
    /// Nothing where there is no record.
    pen: Option<Pen>,
}

impl Record {
    /// Begins. Where that cannot be, the policy decides whether the run begins all the same.
    pub(super) fn begin(
        prepared: &Prepared,
        start: Start,
        secrets: Vec<(String, String)>,
        programs: &Programs,
    ) -> Result<Self, CliError> {
        let rule = &prepared.policy.ledger;
        let user = start.user.name.clone();
        let pen = record::begin(rule, prepared.store.ledger_directory(), secrets, start)?;
        let recorder = match &pen {
            Some(pen) => {
                let lines = pen.lines();
                programs.go_to(&lines);
                Recorder::new(user, rule.required.value, move |event| lines.event(event))
            }
            None => Recorder::new(user, false, |_| Ok(())),
        };
        Ok(Self { recorder, pen })
    }

    /// Adds what was refused to the run otherwise than by its gate: git's own settings, and a network where there is none.
    pub(super) fn refusals(&mut self, prepared: &Prepared, settings: &[PathBuf], missed_network: bool) {
        for path in settings {
            let verdict = decide(&prepared.policy, Access::Write, path);
            self.recorder.take(Event::Refused {
                what: Subject::File,
                name: path.as_path().into(),
                operation: "write".to_owned(),
                rule: verdict.rule.map(|rule| rule.to_string()),
                why: verdict.why,
            });
        }
        if missed_network {
            self.recorder.take(Event::Refused {
                what: Subject::Socket,
                name: "network".into(),
                operation: "connect".to_owned(),
                rule: Some(format!("network.mode, {}", prepared.policy.network.origin)),
                why: "the network is off".to_owned(),
            });
        }
    }

    /// Adds the limit that ended the run.
    pub(super) fn limit(&mut self, prepared: &Prepared, limit: &LimitReached) {
        self.recorder.take(record::limit(&prepared.policy, limit.name(), describe_limit(limit)));
    }

    /// Ends: the last event says how, and one before it what is missing.
    pub(super) fn end(&mut self, executions: &Executions, end: End) {
        let no_room = self.pen.as_ref().map(|pen| pen.lines().dropped()).filter(|dropped| *dropped > 0);
        let no_room = no_room.map(|dropped| format!("there was no room for {dropped} programs"));
        let missing = programs::missing(executions).into_iter().chain(no_room);
        missing.for_each(|text| self.recorder.take(Event::Note { text }));
        self.pen.iter().for_each(|pen| pen.end(end.clone()));
    }

    /// Ends the record of a run that failed.
    pub(super) fn give_up(mut self, why: &str) {
        self.recorder.take(Event::Note { text: why.to_owned() });
        self.end(&Executions::default(), End { code: Some(NOT_STARTED.into()), ..End::default() });
        self.close();
    }

    /// Waits until all is written. What could not be is said.
    pub(super) fn close(self) {
        if let Some(Err(error)) = self.pen.map(Pen::join) {
            eprintln!("{}", unrecorded(&with_causes(&error)));
        }
    }
}

/// Lets old records go, as the policy says, once a day: that reads through the log of all
/// runs.
pub(super) fn keep_house(prepared: &Prepared) {
    let directory = prepared.store.ledger_directory();
    if !housekeeping::is_due(&directory) {
        return;
    }
    let rules = &prepared.policy.ledger;
    let oldest = rules.keep_ms.value.and_then(|ms| SystemTime::now().checked_sub(Duration::from_millis(ms)));
    let retention = Retention { older_than: oldest.map(Into::into), total_bytes: rules.keep_bytes.value };
    let kept = Ledger::open(directory).and_then(|ledger| ledger.recover().and_then(|_| ledger.prune(&retention)));
    if let Err(error) = kept {
        eprintln!("{}", CliError::notice("old records of runs could not be removed").why(error.to_string()));
    }
}

/// The first event of a session.
pub(super) fn start(
    prepared: &Prepared,
    session: &str,
    agent: Option<String>,
    command: &[OsString],
    best_effort: bool,
) -> Start {
    let plan = &prepared.plan;
    let with_letters = plan.clone().with_paths(|path| letters(path).into());
    Start {
        workspace: plan.workspace.as_path().into(),
        stage: prepared.stage.as_ref().map(staged),
        plan: hex(Sha256::digest(serde_json::to_vec(&with_letters).unwrap_or_default())),
        ..record::start(&prepared.policy, plan, session, agent, command, best_effort)
    }
}

fn staged(stage: &Stage) -> Staged {
    let layer = stage.top().file_name().unwrap_or_default().to_string_lossy().into_owned();
    Staged { name: stage.name().to_owned(), layer, forked_from: stage.forked_from().map(ToOwned::to_owned) }
}
