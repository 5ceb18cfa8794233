//! What is told at the end of a run that can be undone.

use std::collections::HashSet;
use std::path::PathBuf;

use pinfold_stage::before::{Begun, Changed as Noted, Record};
use serde::Serialize;

use crate::changed::Changed;
use crate::error::with_causes;
use crate::linux::prepare::Prepared;
use crate::linux::stage::{Indexes, shown};

/// How many files are told one by one.
const TOLD: usize = 8;

/// What of a run can be undone, and what cannot.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Undoable {
    changes: usize,
    /// Files of which no earlier version is kept, and why.
    not_kept: Vec<(String, String)>,
    /// Files that changed, and nothing told of that.
    unseen: Vec<String>,
    /// Why not all was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<String>,
}

impl Undoable {
    /// Looks at what the run has left, and writes it down.
    pub(in crate::linux) fn look(begun: Option<Begun>, prepared: &Prepared, changed: &Changed) -> Option<Self> {
        Some(match begun?.end() {
            Ok(record) => {
                // Of repositories that were there before: git may be asked about them.
                let known = record.changes().iter().filter(|change| change.was.is_some());
                let paths: Vec<PathBuf> = known.map(|change| record.path(change)).collect();
                Indexes::of(&prepared.context).note(paths.iter().map(PathBuf::as_path));
                Self::of(prepared, changed, &record)
            }
            Err(error) => Self { gap: Some(with_causes(&error)), ..Self::default() },
        })
    }

    fn of(prepared: &Prepared, changed: &Changed, record: &Record) -> Self {
        let not_kept = |change: &Noted| {
            Some((shown(&prepared.context.workspace, &record.path(change)), change.lost()?.to_owned()))
        };
        Self {
            changes: record.changes().len(),
            not_kept: record.changes().iter().filter_map(not_kept).collect(),
            unseen: unseen(prepared, changed, record),
            gap: record.ended().gap.clone(),
        }
    }

    /// What must not be overlooked.
    pub(in crate::linux) fn print_what_is_missing(&self) {
        if let Some(gap) = &self.gap {
            eprintln!("pinfold: not all of this run can be undone: {gap}");
        }
        for (path, why) in self.not_kept.iter().take(TOLD) {
            eprintln!("pinfold: cannot be undone: no earlier version was kept of {path}: {why}");
        }
        let more = self.not_kept.len().saturating_sub(TOLD);
        if more > 0 {
            eprintln!("pinfold: cannot be undone: {more} more");
        }
        if !self.unseen.is_empty() {
            let told = self.unseen.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if self.unseen.len() > TOLD { ", …" } else { "" };
            eprintln!("pinfold: changed meanwhile, and not seen to be by this run, so that it stays: {told}{more}");
        }
    }

    /// What is worth a line to whoever sits at the terminal.
    pub(in crate::linux) fn print(&self) {
        if self.changes > 0 {
            eprintln!("pinfold: pinfold undo takes back what it changed");
        }
    }
}

/// Files that were there before and are not what they were, without having been touched by a call that was told of.
fn unseen(prepared: &Prepared, changed: &Changed, record: &Record) -> Vec<String> {
    let seen: HashSet<PathBuf> = record.changes().iter().map(|change| record.path(change)).collect();
    let unseen = changed.files_that_were_there().filter(|path| !seen.contains(path));
    unseen.map(|path| shown(&prepared.context.workspace, &path)).collect()
}
