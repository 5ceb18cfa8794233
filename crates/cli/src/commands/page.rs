//! `pinfold report`: a run as one page of HTML.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use pinfold_ledger::{Ledger, LedgerError, Scope};
use pinfold_report::{About, Verification, write_html};

use super::log;
use crate::args::ReportArgs;
use crate::error::CliError;
use crate::platform;

pub(crate) fn report(args: &ReportArgs) -> Result<ExitCode, CliError> {
    let ledger = log::open()?;
    let session = log::session_named(&ledger, &args.session)?;
    let about = About { session: &session, verification: verification(&ledger, &session) };
    let records = log::records(&ledger, &session)?;
    let path = args.output.clone().unwrap_or_else(|| format!("pinfold-{session}.html").into());
    let wrong = |error: std::io::Error| {
        CliError::new(format!("{} cannot be written", path.display()))
            .why(error.to_string())
            .hint("choose another place: --output FILE, or - for standard output")
    };
    if path == Path::new("-") {
        write_html(&about, records, &mut std::io::stdout().lock()).map_err(wrong)?;
    } else {
        // A link that an agent left there is replaced, not followed. What it did is for its user to show to others.
        let partial = path.with_added_extension("new");
        let file = platform::create_private(&partial).map_err(wrong)?;
        let mut out = BufWriter::new(file);
        let written = write_html(&about, records, &mut out).and_then(|()| out.flush());
        written.and_then(|()| std::fs::rename(&partial, &path)).map_err(|error| {
            let _ = std::fs::remove_file(&partial);
            wrong(error)
        })?;
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
