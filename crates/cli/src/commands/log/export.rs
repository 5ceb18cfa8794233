//! The record for other systems.

use std::io::BufWriter;
use std::process::ExitCode;

use pinfold_ledger::event::{Event, Start};
use pinfold_ledger::export::otlp::{Endpoint, Sender, Summary};
use pinfold_ledger::export::{Exporter, Format};
use pinfold_ledger::{Filter, Ledger, Record};
use pinfold_policy::plain;

use super::{failed, timeline};
use crate::args::{ExportArgs, ExportFormat};
use crate::error::CliError;
use crate::platform;

pub(super) fn export(ledger: &Ledger, args: &ExportArgs, filter: &Filter) -> Result<ExitCode, CliError> {
    let format = match args.format {
        ExportFormat::Jsonl => Format::Jsonl,
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Ocsf => Format::Ocsf,
        ExportFormat::Otlp => return send(ledger, args, filter),
    };
    let wrong = |error: std::io::Error| CliError::new("the export cannot be written").why(error.to_string());
    let mut exporter = Exporter::new(format, BufWriter::new(std::io::stdout().lock())).map_err(wrong)?;
    each(ledger, args, filter, |session, step| match step {
        Step::Start(start) => {
            exporter.learn(session, start);
            Ok(())
        }
        Step::Record(record) => exporter.push(session, record).map_err(wrong),
    })?;
    exporter.finish().map_err(wrong)?;
    Ok(ExitCode::SUCCESS)
}

fn send(ledger: &Ledger, args: &ExportArgs, filter: &Filter) -> Result<ExitCode, CliError> {
    let url = args.to.as_deref().ok_or_else(|| {
        CliError::new("--format otlp needs a collector").hint("add --to http://127.0.0.1:4318, or where yours listens")
    })?;
    let wrong = |error: pinfold_ledger::export::otlp::Error| CliError::from_error(&error);
    let mut endpoint = Endpoint::new(url).map_err(wrong)?.trusting(platform::trust_bundles());
    for header in &args.header {
        let (name, value) = header
            .split_once('=')
            .ok_or_else(|| CliError::new(format!("--header {header} has no `=`")).hint("write --header NAME=VALUE"))?;
        endpoint = endpoint.header(name, value).map_err(wrong)?;
    }
    let mut sender = Sender::new(endpoint).map_err(wrong)?;
    let sent = each(ledger, args, filter, |session, step| match step {
        Step::Start(start) => {
            sender.learn(session, start);
            Ok(())
        }
        Step::Record(record) => sender.push(session, record).map_err(wrong),
    });
    let sent = sent.and_then(|()| sender.flush().map_err(wrong));
    let Summary { taken, rejected, warnings, .. } = sender.summary();
    eprintln!("pinfold: the collector took {taken} events and rejected {rejected}");
    warnings.iter().for_each(|warning| eprintln!("pinfold: the collector says: {}", plain(warning)));
    sent.map(|()| ExitCode::SUCCESS)
}

/// What comes next of a session.
enum Step<'a> {
    /// Who ran it, for those who are shown other events only.
    Start(&'a Start),
    Record(&'a Record),
}

fn each(
    ledger: &Ledger,
    args: &ExportArgs,
    filter: &Filter,
    mut take: impl FnMut(&str, Step<'_>) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let sessions = match &args.session {
        Some(name) => vec![super::session_named(ledger, name)?],
        None => {
            let sessions = ledger.sessions().map_err(|error| failed(&error))?;
            sessions.into_iter().filter(|session| !session.pruned).map(|session| session.id).collect()
        }
    };
    for session in sessions {
        for record in timeline::records(ledger, &session)? {
            if let Event::Start(start) = &record.event {
                if args.filter.agent.is_some() && start.agent != args.filter.agent {
                    break;
                }
                take(&session, Step::Start(start))?;
            }
            if filter.matches(&record) {
                take(&session, Step::Record(&record))?;
            }
        }
    }
    Ok(())
}
