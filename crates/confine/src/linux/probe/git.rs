//! Which git directories there are, and what in each can be protected.

use std::io::Read;
use std::path::{Path, PathBuf};

use pinfold_plan::GitDirectory;
use pinfold_policy::{Policy, Scope};
use pinfold_survey::{Place, Repository, RepositoryKind};

use super::paths::exists;

/// As much of a git configuration as is read, in bytes.
const MAX_CONFIG_BYTES: u64 = 64 * 1024;

/// The git directories of a repository and what can be protected in each.
pub(super) fn git_directories(policy: &Policy, root: &Path, repository: &Repository) -> Vec<GitDirectory> {
    let at = root.join(&repository.at);
    let pointer = (repository.kind == RepositoryKind::File).then(|| at.clone());
    let is_workspace = at.parent() == Some(&policy.places.workspace);
    // A `.git` file may say anything: only the workspace's own, which its target acknowledges, leads outside.
    let usable = |place: &&Place| !place.outside || (is_workspace && repository.acknowledged);
    let places = repository.git_dir.iter().chain(&repository.common_dir).chain(&repository.modules);
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
    let existing = names.map(|protect| protect.name.clone()).filter(|name| exists(&path.join(name))).collect();
    GitDirectory { path: path.to_owned(), outside, pointer, existing }
}


/// What git runs as hooks though it lies outside of the hooks directory: where `core.hooksPath` leads, and what links
/// among the hooks lead to.
pub(super) fn hook_programs<'a>(repositories: impl Iterator<Item = (&'a Path, &'a Repository)>) -> Vec<PathBuf> {
    let mut programs = Vec::new();
    for (_, repository) in repositories {
        let Some(common) = repository.common_dir.as_ref().or(repository.git_dir.as_ref()) else { continue };
        let work_tree = repository.work_tree.as_deref().unwrap_or(&common.path);
        programs.extend(hooks_path(&common.path.join("config")).map(|hooks| work_tree.join(hooks)));
        let hooks = std::fs::read_dir(common.path.join("hooks")).into_iter().flatten().flatten();
        programs.extend(hooks.filter(|hook| hook.file_type().is_ok_and(|kind| kind.is_symlink())).map(|hook| hook.path()));
    }
    programs.iter().filter_map(|program| std::fs::canonicalize(program).ok()).collect()
}

/// The value of `core.hooksPath`, which git takes as relative to the work tree.
fn hooks_path(config: &Path) -> Option<PathBuf> {
    let mut text = String::new();
    std::fs::File::open(config).ok()?.take(MAX_CONFIG_BYTES).read_to_string(&mut text).ok()?;
    let value = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim().to_ascii_lowercase().ends_with("hookspath").then(|| value.trim().trim_matches('"'))
    });
    value.map(PathBuf::from)
}
