//! `pinfold log`: what happened in runs, as the ledger has it.

mod check;
mod describe;
mod export;
mod list;
mod moment;
mod query;
mod timeline;

use std::path::Path;
use std::process::ExitCode;

use pinfold_ledger::{Filter, Ledger, LedgerError, Text};

#[cfg(target_os = "linux")]
pub(crate) use moment::ago;
pub(super) use timeline::records;

use crate::args::{LogArgs, LogCommand, LogFilter, VerdictArg};
use crate::context::Context;
use crate::error::CliError;

/// Characters of a command that are shown beside other things.
#[cfg(target_os = "linux")]
const BESIDE_CHARS: usize = 60;

/// The name for the run that began last.
const LAST: &str = "last";

pub(crate) fn log(args: &LogArgs) -> Result<ExitCode, CliError> {
    let ledger = open()?;
    match &args.command {
        Some(LogCommand::Verify { against }) => check::verify(&ledger, against.as_deref()),
        Some(LogCommand::Checkpoint) => check::checkpoint(&ledger),
        Some(LogCommand::Prove { session, event }) => check::prove(&ledger, &session_named(&ledger, session)?, *event),
        Some(LogCommand::Check { proof, key }) => check::check(proof, key),
        Some(LogCommand::Export(args)) => export::export(&ledger, args, &filter(&args.filter)?),
        Some(LogCommand::Query { question, format }) => query::query(&ledger, question, *format),
        None => show(&ledger, args),
    }
}

fn show(ledger: &Ledger, args: &LogArgs) -> Result<ExitCode, CliError> {
    let filter = filter(&args.filter)?;
    match &args.session {
        Some(session) => {
            let session = session_named(ledger, session)?;
            timeline::show(ledger, &session, &filter, args.follow, args.json)
        }
        None if args.follow => Err(CliError::new("--follow needs a run").hint("pinfold log last --follow")),
        None if asks_for_events(&args.filter) => {
            timeline::search(ledger, args.filter.agent.as_deref(), &filter, args.json)
        }
        None => list::sessions(ledger, args.filter.agent.as_deref(), &filter, args.json),
    }
}

/// The caller's ledger. Sessions whose supervisor was killed are closed first.
pub(super) fn open() -> Result<Ledger, CliError> {
    let context = Context::new(None)?;
    let ledger = Ledger::open(context.ledger()).map_err(|error| failed(&error))?;
    match ledger.recover() {
        Ok(recovered) => recovered.into_iter().for_each(|one| tell_unclosed(&one.session, one.closed.err())),
        // What is wrong does not keep anybody from looking at it.
        Err(LedgerError::Flaw(flaw)) => eprintln!("{}", flawed(&flaw.to_string())),
        Err(error) => return Err(failed(&error)),
    }
    Ok(ledger)
}

/// What a run executed, as it is typed, as far as that fits beside other things; nothing where it is not on record.
#[cfg(target_os = "linux")]
pub(crate) fn command_of(context: &Context, session: &str) -> Option<String> {
    let ledger = Ledger::open(context.ledger()).ok()?;
    let start = list::start(&ledger, session)?;
    Some(pinfold_policy::plain(&describe::cut(&describe::command(&start.command), BESIDE_CHARS)))
}

fn tell_unclosed(session: &str, error: Option<LedgerError>) {
    if let Some(error) = error {
        eprintln!("{}", flawed(&error.to_string()).why(format!("the run {session} was not closed")));
    }
}

fn flawed(what: &str) -> CliError {
    CliError::notice("the ledger is not what was written").why(what).hint("pinfold log verify tells more")
}

fn failed(error: &LedgerError) -> CliError {
    CliError::from_error(error)
}

/// The session that is meant by a name, the beginning of one, or `last`.
pub(super) fn session_named(ledger: &Ledger, name: &str) -> Result<String, CliError> {
    let sessions = ledger.sessions().map_err(|error| failed(&error))?;
    if name == LAST {
        let last = sessions.last().map(|session| session.id.clone());
        return last.ok_or_else(|| CliError::new("no run has been recorded yet"));
    }
    let mut meant = sessions.iter().filter(|session| session.id.starts_with(name));
    match (meant.next(), meant.next()) {
        (Some(session), None) => Ok(session.id.clone()),
        (Some(_), Some(_)) => {
            Err(CliError::new(format!("several runs begin with `{name}`")).hint("type more of its name"))
        }
        (None, _) => Err(CliError::new(format!("there is no run `{name}`")).hint("pinfold log names the last ones")),
    }
}

/// A path as events have it.
fn absolute(path: &Path) -> Result<String, CliError> {
    let path = Context::new(None)?.absolute(path);
    Ok(Text::from(&*path).as_str().to_owned())
}

/// Does a filter ask for single events, rather than for runs?
fn asks_for_events(filter: &LogFilter) -> bool {
    !filter.kind.is_empty() || filter.verdict.is_some() || filter.path.is_some() || filter.host.is_some()
}

fn filter(args: &LogFilter) -> Result<Filter, CliError> {
    let moment = |text: &Option<String>| text.as_deref().map(moment::read).transpose();
    Ok(Filter {
        kinds: args.kind.clone(),
        allowed: args.verdict.map(|verdict| verdict == VerdictArg::Allowed),
        path: args.path.as_deref().map(absolute).transpose()?,
        host: args.host.clone(),
        since: moment(&args.since)?,
        until: moment(&args.until)?,
    })
}
