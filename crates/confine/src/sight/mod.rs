//! What a look at a workspace is after, on every platform: where it looks, which names, which git directories.

mod git;
mod names;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_plan::Kind;
use pinfold_policy::{AreaKind, DenyMatcher, Descent, Policy, Trail};
use pinfold_survey::Matcher;

pub use self::git::git_directories;
pub use self::names::Names;

/// Decides which files of a tree the run does not see as they are.
#[derive(Debug)]
pub struct Denied<'a>(Descent<'a>);

impl<'a> Denied<'a> {
    /// In the tree below a root.
    pub fn below(matcher: &'a DenyMatcher, root: &'a Path) -> Self {
        Self(matcher.below(root))
    }
}

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

/// What is looked through: the directories that a person opened, not the system's and not the toolchains'.
pub fn roots(policy: &Policy, paths: &BTreeMap<PathBuf, Kind>) -> Vec<PathBuf> {
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
