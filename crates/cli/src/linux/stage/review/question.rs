//! What is asked before something happens.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is asked before something happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether something that would execute outside is taken over as well.
    Trap { path: PathBuf, shown: String },
    /// Whether all that was chosen is taken over.
    TakeOver { shown: String },
    /// Whether all of the stage is thrown away.
    Discard { shown: String },
}

/// What somebody said to questions about traps, by path.
pub(super) type Answers = BTreeMap<PathBuf, bool>;

impl Question {
    /// In words.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Trap { shown, .. } | Self::TakeOver { shown } | Self::Discard { shown } => shown,
        }
    }

    /// Which keys answer it.
    pub(super) fn keys(&self) -> &'static str {
        match self {
            Self::Trap { .. } => "y take it over   n leave it in the stage   Esc nothing at all",
            Self::TakeOver { .. } => "y take over   n not yet",
            Self::Discard { .. } => "y throw away   n keep",
        }
    }
}
