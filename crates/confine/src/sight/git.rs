//! Which git directories there are, and what in each can be protected.

use std::path::{Path, PathBuf};

use pinfold_plan::GitDirectory;
use pinfold_policy::{Policy, Scope};
use pinfold_survey::{Place, Repository, RepositoryKind};

/// The git directories of a repository and what can be protected in each.
pub fn git_directories(policy: &Policy, root: &Path, repository: &Repository) -> Vec<GitDirectory> {
    let at = root.join(&repository.at);
    let pointer = (repository.kind == RepositoryKind::File).then(|| at.clone());
    let is_workspace = at.parent() == Some(&policy.places.workspace);
    // A `.git` file may say anything: only the workspace's own, which its target acknowledges, leads outside.
    let usable = |place: &&Place| !place.outside || (is_workspace && repository.acknowledged);
    let common = repository.common_dir.iter().filter(|common| Some(*common) != repository.git_dir.as_ref());
    let places = repository.git_dir.iter().chain(common).chain(&repository.modules);
    let places = places.chain(repository.worktrees.iter().map(|worktree| &worktree.admin));
    let mut directories: Vec<GitDirectory> =
        places.filter(usable).map(|place| git_directory(policy, &place.path, place.outside, None)).collect();
    if let Some(pointer) = pointer {
        match directories.first_mut() {
            Some(first) => first.pointer = Some(pointer),
            None => directories.push(git_directory(policy, &at, false, Some(pointer))),
        }
    }
    directories
}

fn git_directory(policy: &Policy, path: &Path, outside: bool, pointer: Option<PathBuf>) -> GitDirectory {
    let names = policy.protect.iter().filter(|protect| protect.scope == Scope::Repository);
    let existing =
        names.map(|protect| protect.name.clone()).filter(|name| path.join(name).symlink_metadata().is_ok()).collect();
    GitDirectory { path: path.to_owned(), outside, pointer, existing }
}
