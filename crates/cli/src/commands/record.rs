//! The record of a run in the ledger: it begins with who ran what, under which policy and plan, and what keeps its
//! promises.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pinfold_confine::letters::{hex, letters};
use pinfold_ledger::event::{End, Event, Promise, Start, User};
use pinfold_ledger::{Durability, Ledger, LedgerError, Retention, Writer};
use pinfold_run::{Recorder, Session};
use sha2::{Digest, Sha256};

use super::prepare::Prepared;
use super::programs::Programs;
use crate::error::CliError;

/// How often old records are looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(24 * 60 * 60);

/// The system's list of users (passwd(5)).
const USERS: &str = "/etc/passwd";

/// The record of a run.
pub(super) struct Record {
    pub(super) recorder: Recorder,
    /// Nothing where there is no record.
    writer: Option<Arc<Writer>>,
}

impl Record {
    /// Begins. Where that cannot be, the policy decides whether the run begins all the same.
    pub(super) fn begin(
        prepared: &Prepared,
        session: &Session,
        start: Start,
        programs: &Programs,
    ) -> Result<Self, CliError> {
        let rule = &prepared.policy.ledger;
        let user = start.user.name.clone();
        match begin(prepared, session, start, rule.required) {
            Ok(writer) => {
                let writer = Arc::new(writer);
                programs.go_to(&writer);
                let appending = Arc::clone(&writer);
                let append = move |event| appending.append(&event).map_err(|error| error.to_string());
                Ok(Self { recorder: Recorder::new(user, rule.required, append), writer: Some(writer) })
            }
            Err(error) if rule.required => Err(CliError::from_error(&error)
                .why("a run that cannot be recorded does not start")
                .rule(format!("ledger.required, {}", rule.origin))),
            Err(error) => {
                eprintln!("{}", CliError::notice("this run is not recorded").why(error.to_string()));
                Ok(Self { recorder: Recorder::new(user, false, |_| Ok(())), writer: None })
            }
        }
    }

    /// Ends: the last event says how. What could not be recorded is said.
    pub(super) fn end(self, end: End) {
        let Self { recorder, writer } = self;
        let mut failure = recorder.failure().map(str::to_owned);
        // The recorder holds the writer as well.
        drop(recorder);
        if let Some(writer) = writer.and_then(Arc::into_inner) {
            failure = failure.or(writer.end(end).err().map(|error| error.to_string()));
        }
        failure.iter().for_each(|failure| eprintln!("{}", unrecorded(failure)));
    }
}

fn begin(prepared: &Prepared, session: &Session, start: Start, required: bool) -> Result<Writer, LedgerError> {
    // To wait for the disk takes longer than to run most commands.
    let durability = if required { Durability::Power } else { Durability::Process };
    let ledger = Ledger::open(prepared.store.ledger_directory())?.with_durability(durability);
    let writer = ledger.begin(&session.id)?;
    writer.append(&Event::Start(Box::new(start)))?;
    if required {
        // Only what is on the disk is recorded.
        writer.commit()?;
    }
    Ok(writer)
}

/// Lets old records go, as the policy says, once a day: that reads through the log of all runs.
pub(super) fn keep_house(prepared: &Prepared) {
    let directory = prepared.store.ledger_directory();
    let stamp = directory.join("kept");
    let age = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok()?.elapsed().ok();
    if age(&stamp).is_some_and(|age| age < HOUSEKEEPING) || std::fs::write(&stamp, "").is_err() {
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

fn unrecorded(why: &str) -> CliError {
    CliError::notice("the record of this run is not whole").why(why.to_owned())
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
    let promise =
        |row: &pinfold_plan::Assurance| Promise { promise: row.promise.text().to_owned(), kept_by: row.keepers() };
    Start {
        session: session.to_owned(),
        agent,
        user: user(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        workspace: plan.workspace.as_path().into(),
        command: command.iter().map(|word| word.as_os_str().into()).collect(),
        profile: plan.profile.clone(),
        policy: hex(Sha256::digest(prepared.policy.digest_input())),
        plan: hex(Sha256::digest(
            serde_json::to_vec(&plan.clone().with_paths(|path| letters(path).into())).unwrap_or_default(),
        )),
        assurance: plan.assurance.iter().map(promise).collect(),
        best_effort,
    }
}

/// Who calls.
pub(super) fn user() -> User {
    let uid = rustix::process::getuid().as_raw();
    let users = std::fs::read_to_string(USERS).unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    });
    User { name: name.unwrap_or_default(), uid }
}
