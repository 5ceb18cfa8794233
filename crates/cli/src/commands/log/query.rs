//! Questions in SQL.

use std::process::ExitCode;

use pinfold_ledger::Ledger;
use pinfold_query::Limits;

use crate::args::TableFormat;
use crate::error::CliError;

pub(super) fn query(ledger: &Ledger, question: &str, format: TableFormat) -> Result<ExitCode, CliError> {
    let answer = pinfold_query::query(ledger, question, Limits::default()).map_err(|error| {
        CliError::from_error(&error).hint(format!("the columns of `events` are: {}", pinfold_query::COLUMNS.join(", ")))
    })?;
    match format {
        TableFormat::Table => print!("{}", answer.table()),
        TableFormat::Json => print!("{}", answer.json()),
        TableFormat::Csv => print!("{}", answer.csv()),
    }
    if answer.more {
        eprintln!("pinfold: there is more than is shown; ask for less, or with LIMIT and OFFSET");
    }
    if answer.unreadable > 0 {
        eprintln!("pinfold: {} lines cannot be read; pinfold log verify tells what is wrong", answer.unreadable);
    }
    Ok(ExitCode::SUCCESS)
}
