//! What is the same in the records of all runs: how they begin, and what is said of limits.

use std::ffi::OsString;
use std::path::PathBuf;

use pinfold_confine::hex;
use pinfold_ledger::Durability;
use pinfold_ledger::event::{Event, Promise, Start, Subject};
use pinfold_policy::{Ledger, LimitName, Policy};
use sha2::{Digest, Sha256};

use super::{Pen, RECORD_BYTES_MAX, Sheet, caller};
use crate::error::CliError;
use crate::platform::Plan;

/// How much of all records one run may take: an eighth.
const RECORD_SHARE: u64 = 8;

/// The first event of a run, but for its workspace and the digest of its plan: paths are written otherwise on each platform.
pub(crate) fn start(
    policy: &Policy,
    plan: &Plan,
    session: &str,
    agent: Option<String>,
    command: &[OsString],
    best_effort: bool,
) -> Start {
    let promise =
        |row: &pinfold_plan::Assurance| Promise { promise: row.promise.text().to_owned(), kept_by: row.keepers() };
    Start {
        session: session.to_owned(),
        agent,
        command: command.iter().map(|word| word.as_os_str().into()).collect(),
        profile: plan.profile.clone(),
        policy: hex(Sha256::digest(policy.digest_input())),
        assurance: plan.assurance.iter().map(promise).collect(),
        best_effort,
        ..caller()
    }
}

/// Begins the record of a run. Where that cannot be, the rule decides whether the run begins all the same, and it is said.
pub(crate) fn begin(
    rule: &Ledger,
    directory: PathBuf,
    secrets: Vec<(String, String)>,
    start: Start,
) -> Result<Option<Pen>, CliError> {
    let required = rule.required.value;
    // To wait for the disk takes longer than to run most commands.
    let durability = if required { Durability::Power } else { Durability::Process };
    // One run must not drive out the records of all others.
    let bytes_max = rule.keep_bytes.value.map_or(RECORD_BYTES_MAX, |bytes| bytes / RECORD_SHARE);
    let sheet = Sheet { directory, session: start.session.clone(), durability, bytes_max, secrets };
    let pen = Pen::new(sheet, Event::Start(Box::new(start))).map_err(|error| error.to_string());
    // Only what is on the disk is recorded.
    let pen = pen.and_then(|pen| if required { pen.commit().map(|()| pen) } else { Ok(pen) });
    match pen {
        Ok(pen) => Ok(Some(pen)),
        Err(why) if required => Err(CliError::new("a run that cannot be recorded does not start")
            .why(why)
            .rule(format!("ledger.required, {}", rule.required.origin))),
        Err(why) => {
            eprintln!("{}", unrecorded(&why));
            Ok(None)
        }
    }
}

/// The limit that ended a run, and how it was passed.
pub(crate) fn limit(policy: &Policy, limit: LimitName, why: String) -> Event {
    let name = format!("limits.{}", limit.key());
    Event::Refused {
        what: Subject::Limit,
        rule: Some(format!("{name}, {}", policy.limits.get(limit).origin)),
        name: name.as_str().into(),
        operation: "exceed".to_owned(),
        why,
    }
}

/// What is told of a record that is none, or not whole.
pub(crate) fn unrecorded(why: &str) -> CliError {
    CliError::notice("this run is not recorded, or not as a whole").why(why)
}
