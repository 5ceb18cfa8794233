//! Names that are protected in every directory.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pinfold_policy::{Policy, Protect, Scope};
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
    /// The file system takes upper and lower case for the same.
    #[serde(default)]
    ignores_case: bool,
}

impl Name {
    fn is_end_of(&self, path: &Path) -> bool {
        if !self.ignores_case {
            return path.ends_with(&self.name);
        }
        let mut parts = path.iter().rev();
        self.name.iter().rev().all(|part| parts.next().is_some_and(|found| folded(found) == folded(part)))
    }
}

/// A name as file systems compare it that ignore case; of those, Windows' ignore dots and spaces at the end as well.
fn folded(name: &OsStr) -> String {
    name.to_string_lossy().to_lowercase().trim_end_matches(['.', ' ']).to_owned()
}

impl Names {
    /// The names of a policy.
    pub fn of(policy: &Policy) -> Self {
        let anywhere = policy.protect.iter().filter(|protect| protect.scope == Scope::Anywhere);
        let ignores_case = policy.places.platform.folds_case();
        let name =
            |protect: &Protect| Name { name: protect.name.clone(), files_only: !protect.directory, ignores_case };
        Self(anywhere.map(name).collect())
    }

    /// A survey for them, which bears more than the first one: somebody may want it to give up.
    pub(super) fn survey(&self, root: &Path) -> Survey<'static> {
        let limits = Limits { matches: MOST_MATCHES, ..Limits::default() };
        Survey::new([root.to_owned()]).names(self.last()).limits(limits)
    }

    /// Their last parts: what a survey looks for.
    pub(super) fn last(&self) -> impl Iterator<Item = &OsStr> {
        self.0.iter().filter_map(|name| name.name.file_name())
    }

    /// Whether an entry has one of these names. What packages bring along in `node_modules` is left alone: nobody
    /// opens or enters those directories, and package managers must be able to remove them.
    pub(super) fn cover(&self, entry: &Entry) -> bool {
        let directory = entry.kind == Kind::Directory;
        let in_packages = entry.path.parent().is_some_and(|parent| parent.iter().any(|part| part == "node_modules"));
        let is_it = |name: &Name| !(name.files_only && directory) && name.is_end_of(&entry.path);
        !in_packages && self.0.iter().any(is_it)
    }

    /// As [`Names::cover`], for what is new: a `.git` is judged as a repository, and what a person has put in the
    /// place of an old one is his.
    pub(super) fn cover_new(&self, entry: &Entry) -> bool {
        let repository = entry.path.file_name().is_some_and(|name| folded(name) == ".git" && self.is_git(name));
        !entry.replaced && !repository && self.cover(entry)
    }

    /// Whether git takes a name for its own.
    fn is_git(&self, name: &OsStr) -> bool {
        name == OsStr::new(".git") || self.0.iter().any(|name| name.ignores_case)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_the_file_system_does() {
        let name = |ignores_case| Name { name: ".vscode/tasks.json".into(), files_only: true, ignores_case };
        for (path, exact, folded) in [
            ("a/.vscode/tasks.json", true, true),
            ("a/.VSCode/Tasks.JSON", false, true),
            ("a/.vscode./tasks.json ", false, true),
            ("tasks.json", false, false),
            (".vscodex/tasks.json", false, false),
        ] {
            let is = |ignores_case| name(ignores_case).is_end_of(Path::new(path));
            assert_eq!((is(false), is(true)), (exact, folded), "{path}");
        }
    }
}
