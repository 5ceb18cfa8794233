//! The events of one run, or of all that a filter finds.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use pinfold_ledger::export::json_line;
use pinfold_ledger::{Filter, Ledger, Record, RecordError, State};

use super::{describe, failed, list};
use crate::error::CliError;

/// How often it is looked for more.
const LOOK_INTERVAL: Duration = Duration::from_millis(300);

/// What can be read of a run; what cannot is said.
pub(in crate::commands) fn records(
    ledger: &Ledger,
    session: &str,
) -> Result<impl Iterator<Item = Record> + use<>, CliError> {
    let records = ledger.records(session).map_err(|error| failed(&error))?;
    Ok(records.filter_map(|record| match record {
        Ok(record) => Some(record),
        // Its writer may be at it.
        Err(RecordError::Unfinished { .. }) => None,
        Err(error) => {
            tell_unreadable(&error);
            None
        }
    }))
}

/// One run, event by event.
pub(super) fn show(
    ledger: &Ledger,
    session: &str,
    filter: &Filter,
    follow: bool,
    json: bool,
) -> Result<ExitCode, CliError> {
    let (mut begun, mut next) = (None, 0);
    loop {
        let running = follow && is_running(ledger, session)?;
        for record in records(ledger, session)? {
            let begun = *begun.get_or_insert(record.time.nanoseconds());
            if record.seq >= next {
                next = record.seq + 1;
                if filter.matches(&record) {
                    let shown = if json { as_json(session, &record)? } else { describe::line(&record, begun) + "\n" };
                    print!("{shown}");
                }
            }
        }
        if !running {
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// Events of all runs, the earliest run first.
pub(super) fn search(ledger: &Ledger, agent: Option<&str>, filter: &Filter, json: bool) -> Result<ExitCode, CliError> {
    let sessions = ledger.sessions().map_err(|error| failed(&error))?;
    let begun_before = |until| sessions.iter().filter(move |session| until > session.begun);
    let mut told = BTreeSet::new();
    for session in begun_before(filter.until.unwrap_or(pinfold_ledger::Timestamp::from_nanoseconds(u64::MAX))) {
        let over = matches!(session.state, State::Ended { at } if filter.since.is_some_and(|since| at < since));
        let start = || list::start(ledger, &session.id);
        if over
            || session.pruned
            || agent.is_some_and(|agent| start().and_then(|it| it.agent).as_deref() != Some(agent))
        {
            continue;
        }
        let mut begun = None;
        for record in records(ledger, &session.id)? {
            let begun = *begun.get_or_insert(record.time.nanoseconds());
            if !filter.matches(&record) {
                continue;
            }
            if json {
                print!("{}", as_json(&session.id, &record)?);
                continue;
            }
            if told.insert(&session.id) {
                let command = start().map_or_else(String::new, |start| describe::command(&start.command));
                println!("{}", pinfold_policy::plain(&format!("{}  {command}", session.id)));
            }
            println!("{}", describe::line(&record, begun));
        }
    }
    if told.is_empty() && !json && std::io::stderr().is_terminal() {
        eprintln!("pinfold: nothing found in {} runs", sessions.len());
    }
    Ok(ExitCode::SUCCESS)
}

fn is_running(ledger: &Ledger, session: &str) -> Result<bool, CliError> {
    let sessions = ledger.sessions().map_err(|error| failed(&error))?;
    Ok(sessions.iter().any(|known| known.id == session && known.state == State::Running))
}

fn tell_unreadable(error: &RecordError) {
    eprintln!("{}", CliError::notice(error.to_string()).hint("pinfold log verify tells what is wrong"));
}

fn as_json(session: &str, record: &Record) -> Result<String, CliError> {
    json_line(session, record).map_err(|error| CliError::from_error(&error))
}
