//! What can be chosen by itself: a change, or several that come together.

use std::path::PathBuf;

use pinfold_policy::plain;

/// What can be chosen by itself.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The number of its place.
    pub(super) place: usize,
    /// Where it is shown, relative to the place.
    pub(super) path: PathBuf,
    /// What is shown instead of the last name of the path.
    pub(super) label: Option<String>,
    /// What happened, as `pinfold changes` writes it.
    pub(super) letter: char,
    /// Where it was, if it was renamed.
    pub(super) from: Option<String>,
    /// Whether a directory is or was there.
    pub(super) is_directory: bool,
    /// The changes that come with it, itself among them, by their absolute paths.
    pub(super) members: Vec<PathBuf>,
    /// Why somebody is asked before it is taken over.
    pub(super) trap: Option<String>,
    pub(super) standing: Standing,
    /// Whether git ignores it, so that it is chosen by itself only.
    pub(super) ignored: bool,
    /// How long it is, in bytes, if that is too long to be shown.
    pub(super) large: Option<u64>,
}

/// How a change stands to what lies in the workspace now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody has changed anything there since the run.
    Free,
    /// Somebody has, and both can be had; in which way.
    Merges(String),
    /// It cannot be taken over unless somebody decides whose version counts, and why.
    Conflicts {
        why: String,
        /// Whether the run's can.
        theirs: bool,
    },
    /// It never can, and why.
    Stays(String),
}

impl Entry {
    /// Its path in its place, or what is shown instead. Nothing in it moves a cursor.
    pub(super) fn name(&self) -> String {
        let above = self.path.parent().filter(|above| !above.as_os_str().is_empty());
        match (&self.label, above) {
            (None, _) => plain(&self.path.to_string_lossy()),
            (Some(label), Some(above)) => plain(&format!("{}/{label}", above.to_string_lossy())),
            (Some(label), None) => plain(label),
        }
    }

    /// Why it cannot be chosen.
    pub(super) fn refusal(&self) -> Option<String> {
        match &self.standing {
            Standing::Free | Standing::Merges(_) => None,
            Standing::Conflicts { why, theirs } => {
                let theirs = if *theirs { "t takes what the run left, " } else { "" };
                Some(format!("it conflicts with the workspace: {why}; {theirs}m keeps what you have"))
            }
            Standing::Stays(why) => Some(format!("it stays in the stage: {why}")),
        }
    }
}
