//! `pinfold report`: a run as one page of HTML.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use pinfold_ledger::{Ledger, LedgerError, Scope};
use pinfold_report::{About, Verification, write_html};

use super::log;
use crate::args::ReportArgs;
use crate::error::CliError;

pub(crate) fn report(args: &ReportArgs) -> Result<ExitCode, CliError> {
    let ledger = log::open()?;
    let session = log::session_named(&ledger, &args.session)?;
    let about = About { session: &session, verification: verification(&ledger, &session) };
    let records = log::records(&ledger, &session)?;
    let path = args.output.clone().unwrap_or_else(|| format!("pinfold-{session}.html").into());
    let wrong =
        |error: std::io::Error| CliError::new(format!("{} cannot be written", path.display())).why(error.to_string());
    if path == Path::new("-") {
        write_html(&about, records, &mut std::io::stdout().lock()).map_err(wrong)?;
    } else {
        // What an agent did is for its user to show to others.
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(wrong)?;
        let mut out = BufWriter::new(file);
        write_html(&about, records, &mut out).and_then(|()| out.flush()).map_err(wrong)?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn verification(ledger: &Ledger, session: &str) -> Verification {
    match ledger.verify(&Scope { session: Some(session), ..Scope::default() }) {
        Ok(_) => Verification::Verified { key: ledger.public_key().to_string() },
        Err(LedgerError::Flaw(flaw)) => Verification::Wrong(flaw.to_string()),
        Err(error) => Verification::Unknown(error.to_string()),
    }
}
