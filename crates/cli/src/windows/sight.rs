//! What a workspace looks like before a run, and what has appeared in it afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pinfold_confine::sight::{Denied, Names, git_directories, roots};
use pinfold_confine::windows::{ConfineError, probe};
use pinfold_plan::windows::native;
use pinfold_plan::{Host, Kind};
use pinfold_policy::{DenyMatcher, Policy, Scope};
use pinfold_survey::{Found, Survey, SurveyError};
use pinfold_traps::git_config;

use super::store::Store;
use crate::error::CliError;

/// A tree that was looked through.
struct Tree {
    root: PathBuf,
    found: Found,
}

/// What was seen.
pub(super) struct Sight {
    pub(super) host: Host,
    names: Names,
    trees: Vec<Tree>,
}

/// Gathers what the plan for a policy needs to know.
pub(super) fn look(policy: &Policy, store: &Store) -> Result<Sight, CliError> {
    let paths = kinds(policy).map_err(|error| CliError::from_error(&error))?;
    let (matcher, names) = (DenyMatcher::new(policy), Names::of(policy));
    let looked = roots(policy, &paths).into_iter().map(|root| walk(root, &names, &matcher));
    let trees: Vec<Tree> = looked.collect::<Result<_, _>>().map_err(|error| CliError::from_error(&error))?;
    let below = |tree: &Tree, entry: &pinfold_survey::Entry| tree.root.join(&entry.path);
    let denied = trees.iter().flat_map(|tree| {
        let entries = tree.found.denied.iter().chain(&tree.found.unreadable);
        entries.map(move |entry| (below(tree, entry), entry.kind == pinfold_survey::Kind::Directory))
    });
    let denied: Vec<(PathBuf, bool)> = denied.chain(named_elsewhere(policy, &matcher, &trees)).collect();
    let in_place = denied.iter().filter(|(path, directory)| !matcher.matches_anywhere(path, *directory));
    let git = trees.iter().flat_map(|tree| {
        tree.found.repositories.iter().flat_map(|repository| git_directories(policy, &tree.root, repository))
    });
    let host = Host {
        private_home: store.home(),
        private_temp: store.temp(),
        git: git.collect(),
        protected: protected(policy, &names, &trees),
        present: present(policy),
        denied_in_place: in_place.map(|(path, _)| path.clone()).collect(),
        denied,
        paths,
        ..Host::default()
    };
    Ok(Sight { host, names, trees })
}

fn walk(root: PathBuf, names: &Names, matcher: &DenyMatcher) -> Result<Tree, SurveyError> {
    let denied = Denied::below(matcher, &root);
    let found = Survey::new([&root]).denied(&denied).names(names.last()).walk()?;
    Ok(Tree { root, found })
}

/// What each path of the policy is. Missing ones are left out.
fn kinds(policy: &Policy) -> Result<BTreeMap<PathBuf, Kind>, ConfineError> {
    let mut kinds = BTreeMap::new();
    for area in policy.layout() {
        let path = native(&area.path);
        let Some((real, directory)) = probe::resolved(&path)? else { continue };
        let kind = match (real.eq_ignore_ascii_case(&path), directory) {
            (true, true) => Kind::Directory,
            (true, false) => Kind::File,
            (false, _) => Kind::Link { leads_to: real.replace('\\', "/").into(), directory },
        };
        kinds.insert(area.path.clone(), kind);
    }
    Ok(kinds)
}

/// Single paths outside of the trees that a deny rule names.
fn named_elsewhere(policy: &Policy, matcher: &DenyMatcher, trees: &[Tree]) -> Vec<(PathBuf, bool)> {
    let in_a_tree = |path: &Path| trees.iter().any(|tree| path.starts_with(&tree.root));
    let areas = policy.layout().map(|area| area.path.clone()).filter(|path| !in_a_tree(path));
    let found = areas.filter_map(|path| path.metadata().ok().map(|found| (path, found.is_dir())));
    found.filter(|(path, directory)| matcher.covers(path, *directory)).collect()
}

/// Protected names that exist outside of git directories, and the program itself: whoever starts pinfold from the workspace
/// shall start the same one next time.
fn protected(policy: &Policy, names: &Names, trees: &[Tree]) -> Vec<PathBuf> {
    let seen = trees.iter().flat_map(|tree| {
        tree.found.named.iter().filter(|entry| names.cover(entry)).map(|entry| tree.root.join(&entry.path))
    });
    let named = policy.protect.iter().filter(|protect| protect.scope == Scope::Workspace);
    let top = named.filter_map(|protect| {
        let path = policy.places.workspace.join(&protect.name);
        let directory = path.symlink_metadata().ok()?.is_dir();
        (protect.directory || !directory).then_some(path)
    });
    let own = std::env::current_exe().ok().and_then(|path| super::real(&path).ok());
    let mut protected: Vec<PathBuf> = seen.chain(top).chain(own).collect();
    protected.sort();
    protected.dedup();
    protected
}

/// What exists at the top of the workspace under a protected name.
fn present(policy: &Policy) -> BTreeSet<PathBuf> {
    let names = policy.protect.iter().filter(|protect| protect.scope != Scope::Repository);
    let paths = names.map(|protect| policy.places.workspace.join(&protect.name));
    paths.filter(|path| path.symlink_metadata().is_ok()).collect()
}

impl Sight {
    /// What would execute outside and was not there before: protected names, and what a new repository should not have from
    /// the beginning.
    pub(super) fn look_again(&mut self) -> Result<Vec<PathBuf>, SurveyError> {
        let mut appeared = Vec::new();
        for Tree { root, found } in &mut self.trees {
            let survey = Survey::new([root.clone()]).names(self.names.last());
            let new = found.stamps.rescan(&survey)?;
            let named = new.named.iter().filter(|entry| self.names.cover_new(entry));
            appeared.extend(named.map(|entry| root.join(&entry.path)));
            let git = new.repositories.iter().filter_map(|repository| repository.git_dir.as_ref());
            appeared.extend(git.filter(|place| !place.outside).flat_map(|place| watch_worthy(&place.path)));
        }
        appeared.sort();
        // A directory takes what is in it along.
        appeared.dedup_by(|inner, outer| inner.starts_with(&*outer));
        Ok(appeared)
    }
}

/// What git would execute in a new repository: hooks that are no samples, and settings that git does not write by itself.
fn watch_worthy(git_directory: &Path) -> Vec<PathBuf> {
    let hooks = std::fs::read_dir(git_directory.join("hooks")).into_iter().flatten().flatten();
    let hooks = hooks.map(|hook| hook.path()).filter(|hook| hook.extension().is_none_or(|ending| ending != "sample"));
    let config = git_directory.join("config");
    let plain = std::fs::read_to_string(&config).is_ok_and(|text| git_config::is_plain(&text, |_| false));
    hooks.chain((config.exists() && !plain).then_some(config)).collect()
}
