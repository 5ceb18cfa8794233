//! What is told of a trap.

use std::borrow::Cow;
use std::path::PathBuf;

use pinfold_policy::plain;
use serde::{Deserialize, Serialize};

use crate::limits::EXCERPT_CHARS_MAX;

/// How a path differs from what it was before the run. What was deleted executes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Was not there before.
    Created,
    /// Has other content or another mode.
    Modified,
    /// Lay elsewhere before. A renamed directory stands for all that is in it.
    Renamed,
}

/// A path that the run has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Relative to the root, without `.` and `..`.
    pub path: PathBuf,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// How surprised the developer would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Part of ordinary work, and run only on a word of the developer's: to be summarised.
    Low,
    /// Seldom part of ordinary work, or run by what looks like something else.
    Medium,
    /// Hardly ever part of ordinary work, and run without being asked for.
    High,
}

impl Severity {
    /// Whether it should be told by itself, and not only counted.
    pub fn is_alarm(self) -> bool {
        self >= Self::Medium
    }

    /// `high`, `medium` or `low`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A file that something outside would execute later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Relative to the root.
    pub path: PathBuf,
    /// Counted from one, where the content decided.
    pub line: Option<u32>,
    /// The rule, as docs/traps.md lists it.
    pub rule: &'static str,
    /// How surprised the developer would be.
    pub severity: Severity,
    /// When it would run, such as "at the next `git commit`".
    pub when: &'static str,
    /// What it is, and what kept it from being looked into, if anything did.
    pub what: Cow<'static, str>,
    /// The line, setting or link target, cut, without characters that deceive a terminal. Empty where the name decided.
    pub excerpt: String,
}

/// One line, cut and made plain.
pub(crate) fn excerpt(text: &str) -> String {
    let mut letters = text.trim().chars();
    let mut cut = plain(&letters.by_ref().take(EXCERPT_CHARS_MAX).collect::<String>());
    if letters.next().is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line_that_deceives_nobody() {
        assert_eq!(excerpt("  a\n\u{1b}[2Kb\u{202e}c "), "a\u{fffd}\u{fffd}[2Kb\u{fffd}c");
        assert_eq!(excerpt(&"ü".repeat(500)).chars().count(), EXCERPT_CHARS_MAX + 1);
    }

    #[test]
    fn only_what_surprises_is_an_alarm() {
        assert_eq!([Severity::Low, Severity::Medium, Severity::High].map(Severity::is_alarm), [false, true, true]);
    }
}
