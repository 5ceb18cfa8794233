//! Is the ledger what was written? And can that be shown to others?

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use pinfold_ledger::{Checkpoint, Ledger, LedgerError, Note, Proof, ProofError, PublicKey, Scope};
use pinfold_policy::plain;

use super::{describe, failed};
use crate::error::CliError;

/// Largest file that is read here, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The exit status where a flaw was found.
const FLAWED: u8 = 1;

pub(super) fn verify(ledger: &Ledger, against: Option<&Path>) -> Result<ExitCode, CliError> {
    let earlier: Option<Checkpoint> = against.map(|path| parsed(path, "checkpoint")).transpose()?;
    match ledger.verify(&Scope { against: earlier.as_ref(), ..Scope::default() }) {
        Ok(verified) => {
            verified.notes.iter().filter_map(note).for_each(|note| println!("note: {note}"));
            println!("whole: {} runs with {} events", verified.sessions, verified.events);
            Ok(ExitCode::SUCCESS)
        }
        Err(LedgerError::Flaw(flaw)) => {
            println!("FLAWED: {}", plain(&flaw.to_string()));
            Ok(ExitCode::from(FLAWED))
        }
        Err(error) => Err(failed(&error)),
    }
}

pub(super) fn checkpoint(ledger: &Ledger) -> Result<ExitCode, CliError> {
    print!("{}", ledger.checkpoint().map_err(|error| failed(&error))?);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn prove(ledger: &Ledger, session: &str, event: u64) -> Result<ExitCode, CliError> {
    let proof = ledger.prove(session, event).map_err(|error| failed(&error))?;
    crate::output::json(&proof)
}

pub(super) fn check(proof: &Path, key: &Path) -> Result<ExitCode, CliError> {
    let text = read(proof)?;
    let wrong = |error: ProofError| CliError::new(format!("{} is no proof", proof.display())).why(error.to_string());
    let proof = Proof::parse(&text).map_err(wrong)?;
    let read_key = read(key)?;
    let key = PublicKey::parse(&read_key).ok_or_else(|| {
        CliError::new(format!("{} is no public key of a ledger", key.display()))
            .hint("it is the file key.pub beside the ledger, ~/.local/state/pinfold/ledger/key.pub")
    })?;
    match proof.verify(&key) {
        Ok(record) => {
            println!("proven: run {}, event {}, {}", plain(proof.session()), record.seq, record.time);
            println!("{}", describe::line(&record, record.time.nanoseconds()));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("NOT PROVEN: {}", plain(&error.to_string()));
            Ok(ExitCode::from(FLAWED))
        }
    }
}

fn parsed<T: std::str::FromStr<Err: std::error::Error + 'static>>(path: &Path, what: &str) -> Result<T, CliError> {
    let wrong = |error: T::Err| CliError::new(format!("{} is no {what}", path.display())).why(error.to_string());
    read(path)?.parse().map_err(wrong)
}

/// A file, or standard input for `-`.
fn read(path: &Path) -> Result<String, CliError> {
    let wrong =
        |error: std::io::Error| CliError::new(format!("{} cannot be read", path.display())).why(error.to_string());
    let mut text = String::new();
    let from: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(wrong)?)
    };
    from.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(wrong)?;
    Ok(text)
}

/// What is to be known, but for runs that simply go on.
fn note(note: &Note) -> Option<String> {
    let of = |session: &Option<String>| session.as_ref().map_or("the log of runs".to_owned(), |id| format!("run {id}"));
    Some(match note {
        Note::ClockBack { session, seq } => {
            format!(
                "{}: from event {seq} on, the clock had been set back; the order is that of the numbers",
                of(session)
            )
        }
        Note::Open { running: true, .. } => return None,
        Note::Open { session, unsigned, .. } => {
            format!("run {session} is not closed; its last {unsigned} lines are not signed")
        }
        Note::BrokenOff { session, adopted, .. } => {
            let adopted = match adopted {
                0 => String::new(),
                1 => "; its last line was signed afterwards".to_owned(),
                many => format!("; its last {many} lines were signed afterwards"),
            };
            format!("run {session} was broken off{adopted}")
        }
        Note::Found { session } => {
            format!(
                "run {session} had been lost from the log of runs, as in a power cut; its last lines may be missing"
            )
        }
        Note::Pruned { session } => format!("run {session} was pruned"),
        Note::Torn { session, bytes } => format!("{} ends within a line of {bytes} bytes", of(session)),
        _ => return None,
    })
}
