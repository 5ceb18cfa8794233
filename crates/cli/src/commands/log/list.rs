//! The runs, a line each.

use std::io::IsTerminal;
use std::process::ExitCode;

use pinfold_ledger::event::{End, Event, Start};
use pinfold_ledger::{Filter, Ledger, Session, State};
use pinfold_policy::plain;
use serde::Serialize;

use super::{describe, failed};
use crate::error::CliError;

/// How many are shown where nothing says which.
const SHOWN: usize = 20;

/// A run for programs.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Line<'a> {
    session: &'a str,
    begun: String,
    state: &'static str,
    start: Option<Start>,
    end: Option<End>,
}

pub(super) fn sessions(
    ledger: &Ledger,
    agent: Option<&str>,
    filter: &Filter,
    json: bool,
) -> Result<ExitCode, CliError> {
    let all = ledger.sessions().map_err(|error| failed(&error))?;
    let in_time = |session: &&Session| {
        filter.since.is_none_or(|since| session.begun >= since)
            && filter.until.is_none_or(|until| session.begun < until)
    };
    let chosen: Vec<&Session> = all.iter().filter(in_time).collect();
    let most = if agent.is_some() || filter.since.is_some() || json { usize::MAX } else { SHOWN };
    if all.is_empty() && std::io::stderr().is_terminal() {
        eprintln!("pinfold: no run has been recorded yet");
    }
    let first = chosen.len().saturating_sub(most);
    if first > 0 {
        eprintln!("pinfold: {first} earlier runs; --since 7d shows those of a week");
    }
    for session in chosen.into_iter().skip(first) {
        let start = start(ledger, &session.id);
        if agent.is_none_or(|agent| start.as_ref().and_then(|start| start.agent.as_deref()) == Some(agent)) {
            println!("{}", if json { as_json(ledger, session, start)? } else { line(ledger, session, start) });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a session began with, if its log is there.
pub(super) fn start(ledger: &Ledger, session: &str) -> Option<Start> {
    match ledger.records(session).ok()?.next()?.ok()?.event {
        Event::Start(start) => Some(*start),
        _ => None,
    }
}

fn end(ledger: &Ledger, session: &Session) -> Option<End> {
    match ledger.last_record(&session.id).ok()??.event {
        Event::End(end) => Some(end),
        _ => None,
    }
}

fn line(ledger: &Ledger, session: &Session, start: Option<Start>) -> String {
    let begun = session.begun.to_string();
    let begun = begun.get(..19).unwrap_or_default().replace('T', " ");
    let how = end(ledger, session).filter(|_| matches!(session.state, State::Ended { .. })).map_or_else(
        || state(session).to_owned(),
        |end| format!("{}, {}", describe::outcome(&end), describe::seconds(end.duration_ms)),
    );
    let what = start.map_or_else(String::new, |start| {
        let agent = start.agent.map_or_else(String::new, |agent| format!("{agent}: "));
        format!("{agent}{}  (in {})", describe::command(&start.command), start.workspace)
    });
    plain(&format!("{}  {begun}  {how:<18}  {what}", session.id)).trim_end().to_owned()
}

fn as_json(ledger: &Ledger, session: &Session, start: Option<Start>) -> Result<String, CliError> {
    let line = Line {
        session: &session.id,
        begun: session.begun.to_string(),
        state: state(session),
        start,
        end: end(ledger, session),
    };
    serde_json::to_string(&line).map_err(|error| CliError::from_error(&error))
}

fn state(session: &Session) -> &'static str {
    match session.state {
        _ if session.pruned => "pruned",
        State::Running => "running",
        State::Left | State::BrokenOff { .. } => "broken off",
        State::Ended { .. } => "ended",
    }
}
