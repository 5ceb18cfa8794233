//! The files that a run has changed, and what of them somebody outside would execute.

use std::path::{Path, PathBuf};

use pinfold_ledger::Event;
use pinfold_ledger::event;
use pinfold_policy::plain;
use pinfold_survey::Kind;
use pinfold_survey::changes::{Change, Changes, Counts, GroupKind, Options, Snapshot, What, Why};
use pinfold_traps::{ChangeKind, Finding, Traps};
use serde::Serialize;

use crate::error::CliError;

/// A listing of names that takes more bytes than this is of a tree so large that to look through it again takes longer
/// than short commands do: some 50,000 names.
const LARGE_BYTES: usize = 1 << 20;
/// How long a run in such a tree must have lasted for its changes to be looked for, in milliseconds.
const LONG_MS: u64 = 2000;
/// How many changes are recorded one by one.
const RECORDED: usize = 10_000;
/// How many traps are told one by one.
const TRAPS_TOLD: usize = 8;

/// What has changed in each tree that the run could write to.
#[derive(Default)]
pub(crate) struct Changed {
    trees: Vec<(PathBuf, Changes)>,
    /// What would be executed outside; the worst first.
    traps: Vec<(PathBuf, Finding)>,
    /// Why something is not known.
    notes: Vec<String>,
}

impl Changed {
    /// Looks through the trees that the run could write to, as they were remembered.
    pub(crate) fn look<'a>(trees: impl IntoIterator<Item = (PathBuf, &'a Snapshot)>, duration_ms: u64) -> Self {
        let trees: Vec<_> = trees.into_iter().collect();
        let bytes: usize = trees.iter().map(|(_, snapshot)| snapshot.bytes()).sum();
        if bytes > LARGE_BYTES && duration_ms < LONG_MS {
            let note = "what changed was not looked for: a short run in a large tree";
            return Self { notes: vec![note.to_owned()], ..Self::default() };
        }
        let mut changed = Self::default();
        for (root, snapshot) in trees {
            let changes = snapshot.changes(&Options::default());
            changed.note_unseen(&root, &changes);
            changed.spring(&root, &changes);
            changed.trees.push((root, changes));
        }
        changed.traps.sort_by_key(|(_, trap)| std::cmp::Reverse(trap.severity));
        changed
    }

    fn note_unseen(&mut self, root: &Path, changes: &Changes) {
        // Times that others give are as good as those of most network file systems.
        for unseen in changes.unseen.iter().filter(|unseen| unseen.why != Why::ForeignClock) {
            let place = root.join(&unseen.path);
            self.notes.push(format!("what changed in {} is not known", place.display()));
        }
        if changes.omitted > 0 {
            self.notes.push(format!("{} more new files in {}", changes.omitted, root.display()));
        }
    }

    /// Looks for what would be executed outside.
    fn spring(&mut self, root: &Path, changes: &Changes) {
        let touched = changes.entries.iter().filter_map(|change| {
            let kind = match &change.what {
                What::Created => ChangeKind::Created,
                What::Modified => ChangeKind::Modified,
                What::Renamed { .. } => ChangeKind::Renamed,
                What::Deleted => return None,
            };
            Some(pinfold_traps::Changed { path: change.path.clone(), kind })
        });
        let mut touched = touched.peekable();
        // To read the rules takes longer than all the rest of a short run.
        if touched.peek().is_none() {
            return;
        }
        match Traps::standard().scan(root, touched) {
            Ok(found) => self.traps.extend(found.into_iter().map(|trap| (root.to_owned(), trap))),
            Err(error) => self.notes.push(format!("traps were not looked for: {error}")),
        }
    }

    /// Writes it down.
    pub(crate) fn record(&self, mut add: impl FnMut(Event)) {
        for (root, changes) in &self.trees {
            let single = changes.entries.iter().filter(|change| change.group.is_none());
            single.clone().take(RECORDED).for_each(|change| add(change_event(root, change)));
            let more = single.count().saturating_sub(RECORDED);
            let groups = changes.summary();
            let groups = groups.groups.iter().map(|(group, counts)| {
                let changes = if counts.total() == 1 { "change" } else { "changes" };
                let place = root.join(&group.path);
                format!("{} {changes} below {}, not told one by one", counts.total(), place.display())
            });
            let more = (more > 0).then(|| format!("{more} more changes in {}", root.display()));
            groups.chain(more).for_each(|text| add(Event::Note { text }));
        }
        self.traps.iter().for_each(|(root, trap)| add(trap_event(root, trap)));
        self.notes.iter().for_each(|text| add(Event::Note { text: text.clone() }));
    }

    /// What is worth a line to whoever sits at the terminal.
    pub(crate) fn print(&self) {
        self.notes.iter().for_each(|note| eprintln!("pinfold: note: {}", plain(note)));
        for (root, changes) in &self.trees {
            let summary = changes.summary();
            // What git keeps for itself changes with every look at the state of a tree.
            let others = summary.groups.iter().filter(|(group, _)| group.kind != GroupKind::Git);
            if summary.files.total() + summary.omitted + others.count() == 0 {
                continue;
            }
            let place = if self.trees.len() > 1 { format!("{}: ", root.display()) } else { String::new() };
            eprintln!("pinfold: {}{summary}", plain(&place));
        }
    }

    /// Files and links that were there before the run and are not what they were.
    #[cfg_attr(windows, expect(dead_code, reason = "no run can be undone there"))]
    pub(crate) fn files_that_were_there(&self) -> impl Iterator<Item = PathBuf> {
        let were_there = |change: &&Change| matches!(change.what, What::Modified | What::Deleted);
        self.trees.iter().flat_map(move |(root, changes)| {
            let files = changes.entries.iter().filter(were_there).filter(|change| change.kind != Kind::Directory);
            files.map(move |change| root.join(&change.path))
        })
    }

    /// What must not be overlooked.
    pub(crate) fn print_traps(&self) {
        let alarms: Vec<_> = self.alarms().collect();
        alarms.iter().take(TRAPS_TOLD).for_each(|(root, trap)| eprintln!("{}", notice(root, trap)));
        let more = alarms.len().saturating_sub(TRAPS_TOLD);
        if more > 0 {
            eprintln!("pinfold: {more} more traps: pinfold log last --kind trap");
        }
    }

    fn alarms(&self) -> impl Iterator<Item = &(PathBuf, Finding)> {
        self.traps.iter().filter(|(_, trap)| trap.severity.is_alarm())
    }

    /// The same for programs.
    pub(crate) fn summary(&self) -> Summary {
        let files: Counts = self.trees.iter().flat_map(|(_, changes)| &changes.entries).collect();
        let traps = self.alarms().map(|(root, trap)| Trap {
            path: root.join(&trap.path).to_string_lossy().into_owned(),
            line: trap.line,
            rule: trap.rule,
            severity: trap.severity.as_str(),
            when: trap.when,
            what: trap.what.to_string(),
        });
        Summary { files: files.into(), traps: traps.collect(), notes: self.notes.clone() }
    }
}

/// Changes for programs.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Summary {
    files: Total,
    traps: Vec<Trap>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Total {
    created: usize,
    modified: usize,
    deleted: usize,
    renamed: usize,
}

impl From<Counts> for Total {
    fn from(Counts { created, modified, deleted, renamed }: Counts) -> Self {
        Self { created, modified, deleted, renamed }
    }
}

#[derive(Serialize)]
struct Trap {
    path: String,
    line: Option<u32>,
    rule: &'static str,
    severity: &'static str,
    when: &'static str,
    what: String,
}

fn notice(root: &Path, trap: &Finding) -> CliError {
    let line = trap.line.map_or_else(String::new, |line| format!(":{line}"));
    let path = root.join(&trap.path);
    let what = format!("trap: {}{line} would run {}", plain(&path.to_string_lossy()), trap.when);
    let excerpt = if trap.excerpt.is_empty() { String::new() } else { format!(": {}", trap.excerpt) };
    CliError::notice(what).why(format!("{}{excerpt}", trap.what)).hint("look at it before you work there outside")
}

fn change_event(root: &Path, change: &Change) -> Event {
    let (what, from) = match &change.what {
        What::Created => (event::Change::Created, None),
        What::Modified => (event::Change::Modified, None),
        What::Deleted => (event::Change::Deleted, None),
        What::Renamed { from } => (event::Change::Renamed, Some(root.join(from))),
    };
    Event::Change {
        path: root.join(&change.path).as_path().into(),
        what,
        from: from.map(|from| from.as_path().into()),
        size: change.size,
        sha256: change.sha256.map(pinfold_confine::hex),
    }
}

fn trap_event(root: &Path, trap: &Finding) -> Event {
    let severity = match trap.severity {
        pinfold_traps::Severity::Low => event::Severity::Low,
        pinfold_traps::Severity::Medium => event::Severity::Medium,
        pinfold_traps::Severity::High => event::Severity::High,
    };
    Event::Trap {
        path: root.join(&trap.path).as_path().into(),
        line: trap.line.map(u64::from),
        rule: trap.rule.to_owned(),
        severity,
        when: trap.when.to_owned(),
        text: if trap.excerpt.is_empty() { (*trap.what).into() } else { trap.excerpt.as_str().into() },
    }
}
