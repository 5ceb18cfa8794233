//! What a run has left in the workspace that would execute outside: new protected names and new git repositories.
//!
//! Repositories are made by ordinary work (`git init`, `git clone`, `git worktree add`), so they stay; what in them
//! would execute something goes to quarantine.

use std::ffi::OsStr;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use pinfold_confine::linux::probe::{Appearance, look_anew};
use pinfold_survey::{Place, Repository, RepositoryKind, SurveyError};
use rustix::fs::CWD;

use crate::git_config;
use crate::session::Memory;
use crate::watch::{Quarantine, open_directory, sweep};

/// Largest git configuration that is read, in bytes. A larger one is not plain.
const MAX_CONFIG_BYTES: u64 = 64 * 1024;

/// Entries of a new git directory that no git command makes by itself.
const NEVER_PLAIN: [&str; 1] = ["config.worktree"];

/// Moves what has appeared and would execute outside to quarantine. `known` are git directories of before.
pub fn settle(appearance: &Appearance, known: &[PathBuf], quarantine: &mut Quarantine) {
    for (root, path) in &appearance.protected {
        take(root, path, quarantine);
    }
    for (root, repository) in &appearance.repositories {
        settle_repository(root, repository, known, quarantine);
    }
}

/// Settles a run whose supervisor did not live to do it.
pub fn repair(memory: &Memory, quarantine: &mut Quarantine) -> Result<(), SurveyError> {
    sweep(&memory.watch, quarantine);
    let appearance = look_anew(&memory.names, &memory.roots, &memory.known)?;
    settle(&appearance, &memory.known, quarantine);
    Ok(())
}

fn take(root: &Path, relative: &Path, quarantine: &mut Quarantine) {
    let (Some(parent), Some(name)) = (relative.parent(), relative.file_name()) else { return };
    let opened = open_directory(CWD, root).and_then(|root| open_directory(root.as_fd(), parent));
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
            settle_git_directory(&root.join(&repository.at), quarantine);
            for module in repository.modules.iter().filter(|module| inside(module)) {
                settle_git_directory(&module.path, quarantine);
            }
        }
    }
}

/// Leaves what git itself makes and moves the rest.
fn settle_git_directory(path: &Path, quarantine: &mut Quarantine) {
    let Ok(directory) = open_directory(CWD, path) else { return };
    for name in NEVER_PLAIN {
        quarantine.take_name(directory.as_fd(), path, OsStr::new(name));
    }
    if !has_plain_common_directory(&directory, path) {
        quarantine.take_name(directory.as_fd(), path, OsStr::new("commondir"));
    }
    if !read(directory.as_fd(), "config").is_none_or(|text| git_config::is_plain(&text)) {
        quarantine.take_name(directory.as_fd(), path, OsStr::new("config"));
    }
    if let Some(attributes) = read(directory.as_fd(), "info/attributes")
        && !attributes.trim().is_empty()
        && let Ok(info) = open_directory(directory.as_fd(), Path::new("info"))
    {
        quarantine.take_name(info.as_fd(), &path.join("info"), OsStr::new("attributes"));
    }
    settle_hooks(&directory, path, quarantine);
}

/// Git makes samples only, whose names are not those of hooks.
fn settle_hooks(directory: &OwnedFd, path: &Path, quarantine: &mut Quarantine) {
    let Ok(hooks) = open_directory(directory.as_fd(), Path::new("hooks")) else {
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
