//! Directories that a tool owns, and in which nobody works.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::index::Folded;
use crate::rules::Rules;
use crate::tree::Tree;

/// A directory that a tool makes and fills, by its name and by a sign.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Owned {
    /// Names, or ends of paths.
    pub(crate) names: Vec<String>,
    /// One of these lies in the directory above. Empty: the name is enough.
    #[serde(default)]
    pub(crate) beside: Vec<String>,
    /// One of these lies in the directory itself.
    #[serde(default)]
    pub(crate) inside: Vec<String>,
    /// The sign counts only if the run has left it as it was.
    #[serde(default)]
    pub(crate) unchanged: bool,
    /// Which tool.
    pub(crate) whose: String,
}

/// What is known of the directories of one tree.
pub(crate) struct Ownership<'a> {
    tree: &'a Tree,
    rules: &'a Rules,
    changed: &'a HashSet<&'a Path>,
    known: HashMap<PathBuf, bool>,
}

impl<'a> Ownership<'a> {
    pub(crate) fn new(tree: &'a Tree, rules: &'a Rules, changed: &'a HashSet<&'a Path>) -> Self {
        Self { tree, rules, changed, known: HashMap::new() }
    }

    /// Whether a path lies in a directory that a tool owns. The root is owned by nobody.
    pub(crate) fn covers(&mut self, path: &Path) -> bool {
        let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return false };
        if let Some(known) = self.known.get(directory) {
            return *known;
        }
        let covered = self.covers(directory) || self.is_owned(directory);
        self.known.insert(directory.to_owned(), covered);
        covered
    }

    fn is_owned(&self, directory: &Path) -> bool {
        let numbers = self.rules.owned_names.owners(&Folded::new(directory));
        let candidates = numbers.into_iter().filter_map(|number| self.rules.owned.get(number));
        candidates.into_iter().any(|owned| {
            let above = directory.parent().unwrap_or(Path::new(""));
            self.has(above, &owned.beside, owned.unchanged) && self.has(directory, &owned.inside, owned.unchanged)
        })
    }

    fn has(&self, directory: &Path, signs: &[String], unchanged: bool) -> bool {
        let counts = |sign: &String| {
            let sign = directory.join(sign);
            !(unchanged && self.changed.contains(&*sign)) && self.tree.exists(&sign)
        };
        signs.is_empty() || signs.iter().any(counts)
    }
}
