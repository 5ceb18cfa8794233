//! What a run has left in the workspace that would execute outside: new protected names and new git repositories.
//!
//! Repositories are made by ordinary work (`git init`, `git clone`, `git worktree add`), so they stay; what in them
//! would execute something goes to quarantine.

use std::ffi::OsStr;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use pinfold_confine::linux::probe::{Appearance, Names, Tree, look_again, look_anew};
use pinfold_survey::{Place, Repository, RepositoryKind, SurveyError};
use rustix::fs::CWD;

use crate::linux::open;
use crate::linux::session::Memory;
use crate::linux::watch::{Quarantine, sweep};
use pinfold_traps::git_config;

/// Largest git configuration that is read, in bytes. A larger one is not plain.
const MAX_CONFIG_BYTES: u64 = 64 * 1024;

/// Most times that a tree is looked at again because something in it had to be opened first. Deeper than any survey
/// goes.
const MAX_LOOKS: usize = 2000;

/// Where git keeps a rebase that is going on.
pub const REBASE: &str = "rebase-merge";

/// Entries of a new git directory that no git command makes by itself.
const NEVER_PLAIN: [&str; 1] = ["config.worktree"];

/// Looks at what a run has left in its trees and moves what would execute outside to quarantine.
pub fn settle(
    names: &Names,
    trees: &mut [Tree],
    memory: &Memory,
    quarantine: &mut Quarantine,
) -> Result<(), SurveyError> {
    settle_with(memory, quarantine, || look_again(names, trees))
}

/// Settles a run whose supervisor did not live to do it.
pub fn repair(memory: &Memory, quarantine: &mut Quarantine) -> Result<(), SurveyError> {
    sweep(&memory.watch, quarantine);
    settle_with(memory, quarantine, || look_anew(&memory.names, &memory.roots, &memory.known))
}

/// Looks until there is nothing left that was closed or too deep to be looked into.
fn settle_with(
    memory: &Memory,
    quarantine: &mut Quarantine,
    mut look: impl FnMut() -> Result<Appearance, SurveyError>,
) -> Result<(), SurveyError> {
    for _ in 0..MAX_LOOKS {
        let mut appearance = look()?;
        // Only for repositories: what is named like something protected in there is a branch.
        appearance.append(look_anew(&Names::default(), &memory.outside, &memory.known)?);
        for (root, path) in &appearance.protected {
            take(root, path, quarantine);
        }
        for (root, repository) in &appearance.repositories {
            settle_repository(root, repository, &memory.known, quarantine);
        }
        for (root, path) in &appearance.too_deep {
            take(root, path, quarantine);
        }
        let opened = appearance.closed.iter().filter(|(root, path)| open_up(root, path)).count();
        if opened == 0 && appearance.too_deep.is_empty() {
            break;
        }
    }
    settle_sequencers(memory, quarantine);
    Ok(())
}

/// Whether a directory that could not be looked into can be now.
fn open_up(root: &Path, relative: &Path) -> bool {
    open::directory(CWD, root).and_then(|root| open::directory(root.as_fd(), relative)).is_ok()
}

/// Rebases that the run has left half done, with commands in them that `git rebase --continue` would run.
fn settle_sequencers(memory: &Memory, quarantine: &mut Quarantine) {
    for git_directory in &memory.known {
        let place = git_directory.join(REBASE);
        if memory.rebasing.contains(git_directory) {
            continue;
        }
        let Ok(directory) = open::directory(CWD, &place) else { continue };
        let commands = read(directory.as_fd(), "git-rebase-todo").is_some_and(|todo| todo.lines().any(runs_a_command));
        if commands && let Ok(parent) = open::directory(CWD, git_directory) {
            quarantine.take_name(parent.as_fd(), git_directory, OsStr::new(REBASE));
        }
    }
}

fn runs_a_command(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    matches!(word, "exec" | "x") || line == git_config::NOT_PLAIN
}

fn take(root: &Path, relative: &Path, quarantine: &mut Quarantine) {
    let (Some(parent), Some(name)) = (relative.parent(), relative.file_name()) else { return };
    let opened = open::directory(CWD, root).and_then(|root| open::directory(root.as_fd(), parent));
    if let Ok(directory) = opened {
        quarantine.take_name(directory.as_fd(), &root.join(parent), name);
    }
}

fn settle_repository(root: &Path, repository: &Repository, known: &[PathBuf], quarantine: &mut Quarantine) {
    let inside = |place: &Place| !place.outside || known.iter().any(|known| place.path.starts_with(known));
    match repository.kind {
        // A `.git` file that leads elsewhere makes git obey a directory that the run may have made up.
        RepositoryKind::File | RepositoryKind::Symlink => {
            if !repository.git_dir.as_ref().is_some_and(inside) {
                take(root, &repository.at, quarantine);
            }
        }
        RepositoryKind::Directory | RepositoryKind::Bare => {
            settle_git_directory(root, &root.join(&repository.at), quarantine);
            for module in repository.modules.iter().filter(|module| inside(module)) {
                settle_git_directory(root, &module.path, quarantine);
            }
        }
    }
}

/// Leaves what git itself makes and moves the rest.
fn settle_git_directory(root: &Path, path: &Path, quarantine: &mut Quarantine) {
    let Ok(directory) = open::directory(CWD, path) else { return };
    for name in NEVER_PLAIN {
        quarantine.take_name(directory.as_fd(), path, OsStr::new(name));
    }
    if !has_plain_common_directory(&directory, path) {
        quarantine.take_name(directory.as_fd(), path, OsStr::new("commondir"));
    }
    let leads_back = |work_tree: &str| leads_back(root, path, work_tree);
    if !read(directory.as_fd(), "config").is_none_or(|text| git_config::is_plain(&text, leads_back)) {
        quarantine.take_name(directory.as_fd(), path, OsStr::new("config"));
    }
    if let Some(attributes) = read(directory.as_fd(), "info/attributes")
        && !attributes.trim().is_empty()
        && let Ok(info) = open::directory(directory.as_fd(), Path::new("info"))
    {
        quarantine.take_name(info.as_fd(), &path.join("info"), OsStr::new("attributes"));
    }
    settle_hooks(&directory, path, quarantine);
}

/// Whether a work tree that settings name is that of a submodule: a directory of the same tree, without links on the
/// way, whose `.git` file names this git directory in return. Git would change the files of any other at the user's
/// next word.
fn leads_back(root: &Path, git_directory: &Path, work_tree: &str) -> bool {
    let Some(work_tree) = joined(git_directory, work_tree).filter(|work_tree| work_tree.starts_with(root)) else {
        return false;
    };
    let Ok(directory) = open::directory(CWD, &work_tree) else { return false };
    let pointer = read(directory.as_fd(), ".git");
    let named = pointer.and_then(|text| joined(&work_tree, text.strip_prefix("gitdir: ")?.trim_end_matches('\n')));
    named.is_some_and(|named| named == git_directory)
}

/// A relative path from a directory, by the text alone, which must mean the same to git: nothing that it would read
/// otherwise, and no `..` after a name, which may be a link.
fn joined(directory: &Path, relative: &str) -> Option<PathBuf> {
    if relative.contains(|letter: char| letter.is_whitespace() || letter.is_control() || "\"\\#;".contains(letter)) {
        return None;
    }
    let mut joined = directory.to_owned();
    let mut names = PathBuf::new();
    for component in Path::new(relative).components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::ParentDir if names.as_os_str().is_empty() && joined.pop() => {}
            _ => return None,
        }
    }
    Some(joined.join(names))
}

/// Git makes samples only, whose names are not those of hooks.
fn settle_hooks(directory: &OwnedFd, path: &Path, quarantine: &mut Quarantine) {
    let Ok(hooks) = open::directory(directory.as_fd(), Path::new("hooks")) else {
        // Missing, or a link or file in its place.
        quarantine.take_name(directory.as_fd(), path, OsStr::new("hooks"));
        return;
    };
    let Ok(entries) = rustix::fs::Dir::read_from(&hooks) else { return };
    for entry in entries.flatten() {
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." && Path::new(name).extension() != Some(OsStr::new("sample")) {
            quarantine.take_name(hooks.as_fd(), &path.join("hooks"), name);
        }
    }
}

/// A linked worktree's directory says `../..`, which is the git directory that it lies in.
fn has_plain_common_directory(directory: &OwnedFd, path: &Path) -> bool {
    let Some(text) = read(directory.as_fd(), "commondir") else { return true };
    let mut parents = path.components().rev().skip(1);
    let in_worktrees = parents.next() == Some(Component::Normal(OsStr::new("worktrees")));
    text.trim_end_matches('\n') == "../.." && in_worktrees
}

/// A small text file, `None` when it is missing. What cannot be read, or is no text, is no empty text.
fn read(directory: BorrowedFd<'_>, name: &str) -> Option<String> {
    use rustix::fs::{Mode, OFlags, ResolveFlags};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match rustix::fs::openat2(directory, name, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(file) => std::fs::File::from(file),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return None,
        Err(_) => return Some(git_config::NOT_PLAIN.to_owned()),
    };
    let mut text = String::new();
    let read = file.take(MAX_CONFIG_BYTES + 1).read_to_string(&mut text);
    let whole = read.is_ok_and(|length| length as u64 <= MAX_CONFIG_BYTES);
    Some(if whole { text } else { git_config::NOT_PLAIN.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{Path, PathBuf, joined};

    #[test]
    fn a_work_tree_is_where_git_would_look_for_it() {
        let from = |relative| joined(Path::new("/w/.git/modules/sub"), relative);
        assert_eq!(from("../../../sub"), Some(PathBuf::from("/w/sub")));
        assert_eq!(from("../../../libs/sub"), Some(PathBuf::from("/w/libs/sub")));
        for other in
            ["/etc", "../../../a/../b", "../../../\"sub\"", "../../../sub # x", "../../../s\\ub", "../../../../../../x"]
        {
            assert_eq!(from(other), None, "{other}");
        }
    }
}
