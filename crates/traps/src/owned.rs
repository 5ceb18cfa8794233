//! Directories that a tool owns, and in which nobody works.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use pinfold_policy::Platform;
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

/// The paths that a run has changed, by the files that they mean.
pub(crate) struct Altered<'a> {
    paths: HashSet<&'a Path>,
    platform: Platform,
    /// Made when first asked for.
    folded: OnceCell<HashSet<Folded>>,
}

impl<'a> Altered<'a> {
    pub(crate) fn new(paths: impl Iterator<Item = &'a Path>, platform: Platform) -> Self {
        Self { paths: paths.collect(), platform, folded: OnceCell::new() }
    }

    /// Whether the file of this path is among them.
    pub(crate) fn contains(&self, path: &Path) -> bool {
        let folded = || self.folded.get_or_init(|| self.paths.iter().map(|path| self.folded(path)).collect());
        self.paths.contains(path) || self.platform.folds_case() && folded().contains(&self.folded(path))
    }

    fn folded(&self, path: &Path) -> Folded {
        Folded::new(path, self.platform)
    }
}

/// What is known of the directories of one tree.
pub(crate) struct Ownership<'a> {
    tree: &'a Tree,
    rules: &'a Rules,
    changed: &'a Altered<'a>,
    known: HashMap<PathBuf, bool>,
}

impl<'a> Ownership<'a> {
    pub(crate) fn new(tree: &'a Tree, rules: &'a Rules, changed: &'a Altered<'a>) -> Self {
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
        let numbers = self.rules.owned_names.owners(&self.changed.folded(directory));
        let candidates = numbers.into_iter().filter_map(|number| self.rules.owned.get(number));
        candidates.into_iter().any(|owned| {
            let above = directory.parent().unwrap_or(Path::new(""));
            self.has(above, &owned.beside, owned.unchanged) && self.has(directory, &owned.inside, owned.unchanged)
        })
    }

    fn has(&self, directory: &Path, signs: &[String], unchanged: bool) -> bool {
        let counts = |sign: &String| {
            let sign = directory.join(sign);
            !(unchanged && self.changed.contains(&sign)) && self.tree.exists(&sign)
        };
        signs.is_empty() || signs.iter().any(counts)
    }
}
