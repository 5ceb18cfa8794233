//! What a workspace looks like before a run, and what has appeared in it afterwards.

use std::path::{Path, PathBuf};

use pinfold_confine::windows::probe::{Appearance, Names, Sight as Seen, Stores, look_again, look_at};
use pinfold_plan::windows::native;
use pinfold_plan::{Host, Watch};
use pinfold_policy::Policy;
use pinfold_survey::SurveyError;
use pinfold_survey::changes::Snapshot;
use pinfold_traps::git_config;

use super::session::Memory;
use super::store::Store;
use crate::error::CliError;
use crate::output;

/// What was seen.
pub(super) struct Sight {
    seen: Seen,
    names: Names,
}

/// Gathers what the plan for a policy needs to know.
pub(super) fn look(policy: &Policy, store: &Store) -> Result<Sight, CliError> {
    let seen = look_at(policy, stores(store)).map_err(|error| CliError::from_error(&error))?;
    output::unmaskable(&seen.host.unmaskable);
    Ok(Sight { seen, names: Names::of(policy) })
}

/// There are no layers, and what is pinfold's own has access lists of its own.
fn stores(store: &Store) -> Stores {
    let none = store.backend().join("none");
    Stores { home: store.home(), temp: store.temp(), layers: none.clone(), trust: store.trust(), own: Vec::new() }
}

impl Sight {
    pub(super) fn host(&self) -> &Host {
        &self.seen.host
    }

    /// What would execute outside and was not there before.
    pub(super) fn look_again(&mut self) -> Result<Vec<PathBuf>, SurveyError> {
        Ok(obeyed_outside(&look_again(&self.names, &mut self.seen.trees)?))
    }

    /// Lets the run begin now: what somebody else changed before is not told of it.
    pub(super) fn begin(&mut self) {
        self.seen.trees.iter_mut().for_each(|tree| tree.snapshot.begin());
    }

    /// The trees, each as it was.
    pub(super) fn trees(&self) -> impl Iterator<Item = (PathBuf, &Snapshot)> {
        self.seen.trees.iter().map(|tree| (native(&tree.root).into(), &tree.snapshot))
    }

    /// What a later start would have to know to settle the run.
    pub(super) fn memory(&self, watch: &[Watch]) -> Memory {
        let host = self.host();
        let git = host.git.iter().flat_map(|git| [Some(git.path.clone()), git.pointer.clone()].into_iter().flatten());
        Memory {
            format: Memory::FORMAT,
            watch: watch.to_vec(),
            names: self.names.clone(),
            roots: self.seen.trees.iter().map(|tree| tree.root.clone()).collect(),
            known: git.chain(host.protected.iter().cloned()).collect(),
        }
    }
}

/// Of what has appeared, what would execute outside: protected names, and what a new repository should not have from the
/// beginning.
pub(super) fn obeyed_outside(appearance: &Appearance) -> Vec<PathBuf> {
    let mut appeared: Vec<PathBuf> = appearance.protected.iter().map(|(root, path)| root.join(path)).collect();
    let git = appearance.repositories.iter().filter_map(|(_, repository)| repository.git_dir.as_ref());
    appeared.extend(git.filter(|place| !place.outside).flat_map(|place| obeyed(&place.path)));
    appeared.sort();
    // A directory takes what is in it along.
    appeared.dedup_by(|inner, outer| inner.starts_with(&*outer));
    appeared
}

/// What git would obey in a new repository: hooks that are no samples, and settings that it does not write by itself.
fn obeyed(git_directory: &Path) -> Vec<PathBuf> {
    let hooks = std::fs::read_dir(git_directory.join("hooks")).into_iter().flatten().flatten();
    let hooks = hooks.map(|hook| hook.path()).filter(|hook| hook.extension().is_none_or(|ending| ending != "sample"));
    let config = git_directory.join("config");
    let plain = std::fs::read_to_string(&config).is_ok_and(|text| git_config::is_plain(&text, |_| false));
    hooks.chain((config.exists() && !plain).then_some(config)).collect()
}
