//! Git directories by their shape, and the pointers that lead to them. Nothing of git is run.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::tree::{Content, Thing, Tree};

/// What git takes for a directory of its own.
pub(crate) struct GitDirectories<'a> {
    tree: &'a Tree,
    known: HashMap<PathBuf, bool>,
}

impl<'a> GitDirectories<'a> {
    pub(crate) fn new(tree: &'a Tree) -> Self {
        Self { tree, known: HashMap::new() }
    }

    /// Whether git would take a directory below the root, or the root itself, for a git directory: by its name, or
    /// because `HEAD`, `objects` and `refs`, or `commondir` in their place, are there.
    pub(crate) fn is_git(&mut self, directory: &Path) -> bool {
        if directory.file_name().is_some_and(is_dot_git) {
            return true;
        }
        if let Some(known) = self.known.get(directory) {
            return *known;
        }
        let has = |name: &str| self.tree.exists(&directory.join(name));
        let is_git = has("HEAD") && (has("commondir") || (has("objects") && has("refs")));
        self.known.insert(directory.to_owned(), is_git);
        is_git
    }
}

/// Whether some directory on the way is called `.git`.
pub(crate) fn lies_in_dot_git(path: &Path) -> bool {
    path.parent().is_some_and(|parent| parent.iter().any(is_dot_git))
}

fn is_dot_git(name: &OsStr) -> bool {
    name.eq_ignore_ascii_case(".git")
}

/// Where a `.git` file leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To a place below a `.git` directory of the tree, as git's own do.
    Home,
    /// To another place in the tree.
    Elsewhere,
    /// Out of the tree.
    Out,
}

/// Follows the content of the `.git` file at `path` in words; `None` when git would not take it for a pointer.
pub(crate) fn pointer(tree: &Tree, path: &Path, content: &[u8], own: Option<&Path>) -> Option<Leads> {
    let target = target(content)?;
    // In a linked worktree, the repository lies outside, and that of a submodule in it.
    if own.is_some_and(|own| target.starts_with(own) && !climbs(&target)) {
        return Some(Leads::Home);
    }
    Some(match tree.leads_to(path, &target) {
        None => Leads::Out,
        Some(inside) if inside.iter().any(is_dot_git) => Leads::Home,
        Some(_) => Leads::Elsewhere,
    })
}

/// Where the `.git` file of the root itself leads, an absolute path, if there is one.
pub(crate) fn own_pointer(tree: &Tree) -> Option<PathBuf> {
    let Thing::File(file) = tree.look(Path::new(".git")) else { return None };
    let Content::Bytes(content) = file.content() else { return None };
    target(&content).filter(|target| target.is_absolute() && !climbs(target))
}

fn target(content: &[u8]) -> Option<PathBuf> {
    let written = content.strip_prefix(b"gitdir: ")?.trim_ascii_end();
    (!written.is_empty()).then(|| OsStr::from_bytes(written).into())
}

fn climbs(path: &Path) -> bool {
    path.components().any(|component| component == Component::ParentDir)
}
