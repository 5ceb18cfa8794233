//! What came of it all: one line for each promise.

use std::fmt::Write;
use std::time::Duration;

use pinfold_plan::{Assurance, Promise};
use serde::Serialize;

use super::Tried;

/// One attack and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) promise: Promise,
    pub(crate) name: &'static str,
    /// What it did, should it have succeeded.
    pub(crate) harm: &'static str,
    /// There is no view of it from outside: the attacker itself tells.
    pub(crate) told: bool,
    pub(crate) tried: Tried,
}

/// What is known of one promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Kept,
    /// Something should keep it, and an attack succeeded.
    Broken,
    /// Nothing keeps it on this host, as the table says.
    NotKept,
    NotTested,
}

/// One line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Line {
    promise: String,
    text: &'static str,
    outcome: Outcome,
    /// Attacks that were tried on both sides.
    attacks: usize,
    /// What attacks did that succeeded.
    harm: Vec<Harm>,
    /// Attacks that prove nothing here, and why.
    untried: Vec<(&'static str, String)>,
    /// What the table says about it.
    note: Option<String>,
    /// How many of the attacks only the attacker itself can tell of.
    told_by_the_attacker: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Harm {
    attack: &'static str,
    harm: &'static str,
}

/// All of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Report {
    profile: String,
    duration_ms: u64,
    promises: Vec<Line>,
    /// Of what only the attacker itself can tell, in words.
    #[serde(skip)]
    told_of: &'static str,
}

impl Report {
    /// For the promises of a table. `told_of` says in words of what only the attacker can tell.
    pub(crate) fn new(profile: &str, table: &[Assurance], rows: &[Row], took: Duration, told_of: &'static str) -> Self {
        let promises = table.iter().map(|assurance| Line::of(assurance, rows)).collect();
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Self { profile: profile.to_owned(), duration_ms, promises, told_of }
    }

    /// Whether no promise was found broken or without a keeper.
    pub(crate) fn all_kept(&self) -> bool {
        self.promises.iter().all(|line| matches!(line.outcome, Outcome::Kept | Outcome::NotTested))
    }

    pub(crate) fn describe(&self, policies: &str) -> String {
        let mut text = format!("attacks on profile `{}` with {policies}\n\n", self.profile);
        let width = self.promises.iter().map(|line| line.text.len()).max().unwrap_or(0);
        for line in &self.promises {
            let _ = writeln!(text, "{:<11} {:width$}  {}", line.outcome.word(), line.text, line.detail());
            for harm in line.harm.iter().skip(1) {
                let _ = writeln!(text, "{:11} {:width$}  {}", "", "", harm.harm);
            }
        }
        let attacks: usize = self.promises.iter().map(|line| line.attacks).sum();
        let seconds = self.duration_ms as f64 / 1000.0;
        let _ = writeln!(
            text,
            "\n{}; {attacks} attacks in {seconds:.1} s, each of which succeeds without the sandbox",
            self.verdict()
        );
        let told: usize = self.promises.iter().map(|line| line.told_by_the_attacker).sum();
        if told > 0 {
            let _ = writeln!(
                text,
                "all but {told} are judged from outside; of {} only the attacker can tell",
                self.told_of
            );
        }
        text
    }

    fn verdict(&self) -> String {
        let count = |outcome| self.promises.iter().filter(|line| line.outcome == outcome).count();
        let words = [
            (count(Outcome::Kept), "kept"),
            (count(Outcome::Broken), "BROKEN"),
            (count(Outcome::NotKept), "not kept"),
            (count(Outcome::NotTested), "not tested"),
        ];
        let said: Vec<_> =
            words.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        format!("{} promises: {}", self.promises.len(), said.join(", "))
    }
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "BROKEN",
            Self::NotKept => "NOT KEPT",
            Self::NotTested => "not tested",
        }
    }
}

impl Line {
    fn of(assurance: &Assurance, rows: &[Row]) -> Self {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.promise == assurance.promise).collect();
        let tried: Vec<&&Row> = rows.iter().filter(|row| !matches!(row.tried, Tried::Nowhere(_))).collect();
        let harm: Vec<Harm> = tried
            .iter()
            .filter(|row| row.tried == Tried::Succeeded)
            .map(|row| Harm { attack: row.name, harm: row.harm })
            .collect();
        let outcome = match (assurance.is_kept(), harm.is_empty(), tried.is_empty()) {
            (true, false, _) => Outcome::Broken,
            (false, ..) => Outcome::NotKept,
            (true, true, true) => Outcome::NotTested,
            (true, true, false) => Outcome::Kept,
        };
        let why = |row: &&Row| match &row.tried {
            Tried::Nowhere(why) => Some((row.name, why.clone())),
            _ => None,
        };
        Self {
            promise: assurance.promise.name(),
            text: assurance.promise.text(),
            outcome,
            attacks: tried.len(),
            harm,
            untried: rows.iter().filter_map(why).collect(),
            note: assurance.note.clone(),
            told_by_the_attacker: tried.iter().filter(|row| row.told).count(),
        }
    }

    /// What stands behind the promise.
    fn detail(&self) -> String {
        let attacks = match self.attacks {
            1 => "1 attack".into(),
            count => format!("{count} attacks"),
        };
        match self.outcome {
            Outcome::Kept if self.untried.is_empty() => attacks,
            Outcome::Kept => format!("{attacks}; {} cannot be tried here", self.untried.len()),
            Outcome::Broken => self.harm.first().map_or("", |harm| harm.harm).to_owned(),
            Outcome::NotKept => match self.harm.first() {
                Some(harm) => harm.harm.to_owned(),
                None => format!("nothing keeps it: {}", self.note.as_deref().unwrap_or("see the table")),
            },
            Outcome::NotTested => {
                self.untried.first().map_or("no attack is known that could be judged", |(_, why)| why).to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pinfold_plan::Keeper;

    use super::*;

    fn row(name: &'static str, tried: Tried) -> Row {
        Row { promise: Promise::WritesConfined, name, harm: "a file outside was changed", told: false, tried }
    }

    fn line(assurance: &Assurance, tried: &[Tried]) -> Line {
        let rows: Vec<Row> = tried.iter().map(|tried| row("overwrite", tried.clone())).collect();
        Line::of(assurance, &rows)
    }

    #[test]
    fn one_success_breaks_a_promise_however_many_attacks_fail() {
        let kept = Assurance::kept(Promise::WritesConfined, &[Keeper::Mount]);
        let line = line(&kept, &[Tried::Contained, Tried::Succeeded, Tried::Contained]);
        assert_eq!((line.outcome, line.detail().as_str()), (Outcome::Broken, "a file outside was changed"));
    }

    #[test]
    fn what_nothing_keeps_is_never_called_kept() {
        let missing = Assurance::missing(Promise::WritesConfined, "no namespaces", "get some");
        assert_eq!(line(&missing, &[Tried::Contained]).outcome, Outcome::NotKept);
        assert_eq!(line(&missing, &[]).outcome, Outcome::NotKept);
    }

    #[test]
    fn attacks_that_prove_nothing_do_not_count() {
        let kept = Assurance::kept(Promise::WritesConfined, &[Keeper::Mount]);
        let nowhere = Tried::Nowhere("it fails here even without the sandbox".into());
        assert_eq!(line(&kept, std::slice::from_ref(&nowhere)).outcome, Outcome::NotTested);
        let some = line(&kept, &[nowhere, Tried::Contained]);
        assert_eq!((some.outcome, some.detail().as_str()), (Outcome::Kept, "1 attack; 1 cannot be tried here"));
    }

    #[test]
    fn the_report_has_one_aligned_line_for_each_promise() {
        let promises = [(Promise::WritesConfined, Tried::Contained), (Promise::NetworkOff, Tried::Succeeded)];
        let lines = promises.map(|(promise, tried)| {
            Line::of(&Assurance::kept(promise, &[Keeper::Mount]), &[Row { promise, ..row("x", tried) }])
        });
        let report =
            Report { profile: "workspace".into(), duration_ms: 1234, promises: lines.into(), told_of: "nothing" };
        let text = report.describe("no policy files");
        assert!(text.contains("kept        nothing outside the writable paths changes  1 attack\n"), "{text}");
        assert!(text.contains("BROKEN      nothing leaves or enters by the network     a file outside"), "{text}");
        assert!(text.contains("2 promises: 1 kept, 1 BROKEN; 2 attacks in 1.2 s"), "{text}");
        assert!(!report.all_kept());
    }
}
