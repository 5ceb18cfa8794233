//! Which git directories there are, what in each can be protected, and what git obeys outside of them.

use std::fs::DirEntry;
use std::io::Read;
use std::path::{Path, PathBuf};

use pinfold_plan::GitDirectory;
use pinfold_policy::{Policy, Scope};
use pinfold_survey::{Place, Repository, RepositoryKind};

use super::system::{self, exists};

/// As much of a git configuration as is read, in bytes.
const MAX_CONFIG_BYTES: u64 = 64 * 1024;

/// The git directories of a repository and what can be protected in each.
pub(super) fn git_directories(policy: &Policy, root: &Path, repository: &Repository) -> Vec<GitDirectory> {
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
    let existing = names.map(|protect| protect.name.clone()).filter(|name| exists(&path.join(name))).collect();
    GitDirectory { path: path.to_owned(), outside, pointer, existing }
}

/// What git runs or obeys though it lies outside of the git directory: what its configuration names, and where links
/// among the protected names and the hooks lead.
pub(super) fn configured_programs<'a>(repositories: impl Iterator<Item = (&'a Path, &'a Repository)>) -> Vec<PathBuf> {
    let mut programs = Vec::new();
    for (_, repository) in repositories {
        let Some(common) = repository.common_dir.as_ref().or(repository.git_dir.as_ref()) else { continue };
        let work_tree = repository.work_tree.as_deref().unwrap_or(&common.path);
        programs.extend(named_in(&common.path.join("config"), &[work_tree, &common.path]));
        programs.extend(
            ["hooks", "info", "config"].map(|name| common.path.join(name)).into_iter().filter(|path| path.is_symlink()),
        );
        let hooks = std::fs::read_dir(common.path.join("hooks")).into_iter().flatten().flatten();
        let is_link = |hook: &DirEntry| hook.file_type().is_ok_and(|kind| kind.is_symlink());
        programs.extend(hooks.filter(is_link).map(|hook| hook.path()));
    }
    programs.iter().filter_map(|program| std::fs::canonicalize(program).ok()).collect()
}

/// Existing paths that a git configuration names where it names programs, hooks or more configuration, relative to one
/// of `bases`.
fn named_in(config: &Path, bases: &[&Path]) -> Vec<PathBuf> {
    let mut text = String::new();
    let read = system::open(config).and_then(|file| file.take(MAX_CONFIG_BYTES).read_to_string(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    let values = text.lines().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        OBEYED.iter().any(|obeyed| name.ends_with(obeyed)).then_some(value)
    });
    let words = values
        .flat_map(|value| value.split([' ', '\t', '"', '\'', '!', ';', '&', '|']))
        .filter(|word| !word.is_empty());
    words.flat_map(|word| bases.iter().map(move |base| base.join(word))).filter(|path| exists(path)).collect()
}

/// The ends of variables that name something git runs or includes (git-config(1)). What is sealed too much by this list
/// is only read-only.
const OBEYED: [&str; 15] = [
    "hookspath",
    "fsmonitor",
    "path",
    "clean",
    "smudge",
    "process",
    "textconv",
    "command",
    "cmd",
    "driver",
    "helper",
    "program",
    "editor",
    "external",
    "attributesfile",
];
