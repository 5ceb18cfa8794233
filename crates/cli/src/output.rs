//! Answers as text and JSON: standard output is data, standard error is talk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use pinfold_plan::Assurance;
use pinfold_policy::{LayerKind, Withheld, plain};
use serde::Serialize;

use crate::error::CliError;

/// Prints a value as indented JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<ExitCode, CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::new("the answer cannot be written as JSON").why(error.to_string()))?;
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}

/// Says what layers asked for in vain.
pub(crate) fn withheld(withheld: &[Withheld]) {
    let untrusted = LayerKind::Project { trusted: false };
    let (project, others): (Vec<_>, Vec<_>) = withheld.iter().partition(|withheld| withheld.origin.layer == untrusted);
    for withheld in others {
        eprintln!("pinfold: not applied: {withheld}");
    }
    if let Some(first) = project.first() {
        let file = first.origin.file.as_deref().map_or_else(String::new, |file| file.display().to_string());
        let entries: Vec<_> =
            project.iter().map(|entry| format!("{}, line {}", entry.what, entry.origin.line)).collect();
        eprintln!("pinfold: {file} is not trusted, so it may only narrow; not applied: {}", entries.join("; "));
        eprintln!(" hint: read it, then run: pinfold trust");
    }
}

/// Says what deserves a second look.
pub(crate) fn notes(notes: &[String]) {
    for note in notes {
        eprintln!("pinfold: note: {note}");
    }
}

/// Says which files the policy would mask, and are hidden because they cannot be.
pub(crate) fn unmaskable(files: &BTreeMap<PathBuf, String>) {
    for (path, why) in files {
        eprintln!("pinfold: note: {} cannot be masked and is hidden: {why}", plain(&path.to_string_lossy()));
    }
}

/// The assurance table: promise, keeper, note.
pub(crate) fn assurance(table: &[Assurance]) -> String {
    let width = table.iter().map(|row| row.promise.text().len()).max().unwrap_or(0);
    let keepers = table.iter().map(|row| row.keepers().len()).max().unwrap_or(0);
    let mut text = String::new();
    for row in table {
        let note = row.note.as_deref().unwrap_or_default();
        let line = format!("  {:width$}  {:keepers$}  {note}", row.promise.text(), row.keepers());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
