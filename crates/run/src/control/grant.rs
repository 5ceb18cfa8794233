//! What a run can be given while it goes on, and what can be taken from it again.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// Something that a run may have. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Grant {
    /// To see a file or a directory with all below it.
    Read {
        /// Where it is.
        path: String,
    },
    /// To write to it as well.
    Write {
        /// Where it is.
        path: String,
    },
    /// To connect somewhere.
    Connect {
        /// A host as rules write it, such as `a.example` or `*.b.example:8443`.
        to: String,
    },
    /// To know a variable, in programs that start from then on.
    Env {
        /// Its name.
        name: String,
    },
}

impl Grant {
    /// As people write it, and as the ledger says it: `read /srv/data`.
    pub fn words(&self) -> String {
        match self {
            Self::Read { path } => format!("read {path}"),
            Self::Write { path } => format!("write {path}"),
            Self::Connect { to } => format!("connect {to}"),
            Self::Env { name } => format!("env {name}"),
        }
    }

    /// As it goes on after "may": `know API_URL`.
    pub fn sentence(&self) -> String {
        match self {
            Self::Connect { to } => format!("connect to {to}"),
            Self::Env { name } => format!("know {name}"),
            Self::Read { .. } | Self::Write { .. } => self.words(),
        }
    }

    /// Whether who has this has the other as well: what it names, less of it, or something below.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Write { path }, Self::Write { path: below } | Self::Read { path: below })
            | (Self::Read { path }, Self::Read { path: below }) => Path::new(below).starts_with(path),
            (Self::Connect { to }, Self::Connect { to: other }) => {
                other == to || other.strip_prefix(to.as_str()).is_some_and(|rest| rest.starts_with(':'))
            }
            _ => self == other,
        }
    }

    /// The same for another place.
    #[must_use]
    pub fn at(self, path: String) -> Self {
        match self {
            Self::Read { .. } => Self::Read { path },
            Self::Write { .. } => Self::Write { path },
            other => other,
        }
    }

    /// The place that it is about.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Read { path } | Self::Write { path } => Some(Path::new(path)),
            Self::Connect { .. } | Self::Env { .. } => None,
        }
    }
}

/// What somebody wishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Wish {
    /// That the run is given something.
    Grant {
        /// What.
        grant: Grant,
        /// The value of a variable.
        value: Option<String>,
        /// For how long, in milliseconds; without it until the run ends.
        for_ms: Option<u64>,
        /// The place that is named and no other: nothing where a link lies by now.
        itself: bool,
    },
    /// That it is taken back.
    Revoke {
        /// What.
        grant: Grant,
    },
}

/// What has come of a wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// It is done; there may be something to say about it.
    Done {
        /// What was given or taken back: a path is where links lead to.
        grant: Grant,
        /// As sentences.
        notes: Vec<String>,
    },
    /// It is not.
    Refused(Refusal),
}

/// Why a wish is not granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Refusal {
    /// What cannot be.
    pub what: String,
    /// Why.
    pub why: Vec<String>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// What to do next.
    pub hints: Vec<String>,
}

impl Refusal {
    /// One with a reason.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: vec![why.into()], ..Self::default() }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}
