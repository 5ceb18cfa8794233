//! The trees that are looked through, and how.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_plan::Kind;
use pinfold_policy::{AreaKind, DenyMatcher, Descent, Policy, Trail};
use pinfold_survey::changes::Snapshot;
use pinfold_survey::{Found, Matcher, Repository, Survey, SurveyError};

use super::Names;

/// A tree that was looked through: a place that a person opened, not the system's and not the toolchains'.
#[derive(Debug)]
pub struct Tree {
    /// Its path.
    pub root: PathBuf,
    /// What was found in it.
    pub found: Found,
    /// All of its names, to tell later what has changed.
    pub snapshot: Snapshot,
}

/// What is looked through: the directories that a person opened, not the system's and not the toolchains'.
pub(super) fn roots(policy: &Policy, paths: &BTreeMap<PathBuf, Kind>) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = Vec::new();
    for area in policy.layout() {
        let machine = area.set.as_deref().is_some_and(|set| ["@system", "@toolchains", "@caches"].contains(&set));
        let directory = match paths.get(&area.path) {
            Some(Kind::Directory) => &area.path,
            Some(Kind::Link { leads_to, directory: true }) => leads_to,
            _ => continue,
        };
        if !machine && area.kind != AreaKind::Private && !roots.iter().any(|root| directory.starts_with(root)) {
            roots.push(directory.clone());
        }
    }
    roots
}

/// Looks through every tree.
pub(super) fn survey(roots: Vec<PathBuf>, names: &Names, matcher: &DenyMatcher) -> Result<Vec<Tree>, SurveyError> {
    let looked = roots.into_iter().map(|root| {
        let denied = Denied(matcher.below(&root));
        let survey = Survey::new([&root]).denied(&denied).doors().names(names.last());
        let (found, snapshot) = survey.walk_and_remember()?;
        Ok(Tree { root, found, snapshot })
    });
    looked.collect()
}

/// Decides which files of a tree the run does not see as they are.
struct Denied<'a>(Descent<'a>);

impl Matcher for Denied<'_> {
    fn start(&self) -> Trail {
        self.0.start()
    }

    fn enter(&self, above: Trail, name: &[u8]) -> Trail {
        self.0.enter(above, name)
    }

    fn may_match(&self, trail: Trail, basename: &[u8]) -> bool {
        self.0.may_match(trail, basename)
    }

    fn matches(&self, relative: &Path, is_dir: bool) -> bool {
        self.0.matches(relative, is_dir)
    }
}

/// All repositories with the root of their tree.
pub(super) fn repositories(trees: &[Tree]) -> impl Iterator<Item = (&Path, &Repository)> {
    trees.iter().flat_map(|tree| tree.found.repositories.iter().map(|repository| (tree.root.as_path(), repository)))
}
