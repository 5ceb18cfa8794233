//! Names that are protected in every directory.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pinfold_policy::{Policy, Scope};
use pinfold_survey::{Entry, Kind, Limits, Survey};
use serde::{Deserialize, Serialize};

/// Most names and repositories that one look after a run reports.
const MOST_MATCHES: usize = 5_000_000;

/// Names that are protected in every directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names(Vec<Name>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Name {
    /// The name, or several of a path.
    name: PathBuf,
    /// Only files and links are meant.
    files_only: bool,
}

impl Names {
    /// The names of a policy.
    pub fn of(policy: &Policy) -> Self {
        let anywhere = policy.protect.iter().filter(|protect| protect.scope == Scope::Anywhere);
        Self(anywhere.map(|protect| Name { name: protect.name.clone(), files_only: !protect.directory }).collect())
    }

    /// A survey for them, which bears more than the first one: somebody may want it to give up.
    pub fn survey(&self, root: &Path) -> Survey<'static> {
        let limits = Limits { matches: MOST_MATCHES, ..Limits::default() };
        Survey::new([root.to_owned()]).names(self.last()).limits(limits)
    }

    /// Their last parts: what a survey looks for.
    pub fn last(&self) -> impl Iterator<Item = &OsStr> {
        self.0.iter().filter_map(|name| name.name.file_name())
    }

    /// Whether an entry has one of these names. What packages bring along in `node_modules` is left alone: nobody
    /// opens or enters those directories, and package managers must be able to remove them.
    pub fn cover(&self, entry: &Entry) -> bool {
        let directory = entry.kind == Kind::Directory;
        let in_packages = entry.path.parent().is_some_and(|parent| parent.iter().any(|part| part == "node_modules"));
        let is_it = |name: &Name| !(name.files_only && directory) && entry.path.ends_with(&name.name);
        !in_packages && self.0.iter().any(is_it)
    }

    /// As [`Names::cover`], for what is new: a `.git` is judged as a repository, and what a person has put in the
    /// place of an old one is his.
    pub fn cover_new(&self, entry: &Entry) -> bool {
        !entry.replaced && entry.path.file_name() != Some(OsStr::new(".git")) && self.cover(entry)
    }
}
