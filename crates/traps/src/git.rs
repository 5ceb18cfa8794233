//! Git directories by their shape, and the pointers that lead to them. Nothing of git is run.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use pinfold_policy::Platform;

use crate::names::is_dot_git;
use crate::tree::{self, Content, Thing, Tree};

/// What git takes for a directory of its own.
pub(crate) struct GitDirectories<'a> {
    tree: &'a Tree,
    platform: Platform,
    known: HashMap<PathBuf, bool>,
}

impl<'a> GitDirectories<'a> {
    pub(crate) fn new(tree: &'a Tree, platform: Platform) -> Self {
        Self { tree, platform, known: HashMap::new() }
    }

    /// Whether git would take a directory below the root, or the root itself, for a git directory: by its name, or
    /// because `HEAD`, `objects` and `refs`, or `commondir` in their place, are there.
    pub(crate) fn is_git(&mut self, directory: &Path) -> bool {
        if directory.file_name().is_some_and(|name| is_dot_git(name, self.platform)) {
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
pub(crate) fn lies_in_dot_git(path: &Path, platform: Platform) -> bool {
    path.parent().is_some_and(|parent| has_dot_git(parent, platform))
}

fn has_dot_git(path: &Path, platform: Platform) -> bool {
    path.iter().any(|name| is_dot_git(name, platform))
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
pub(crate) fn pointer(
    tree: &Tree,
    platform: Platform,
    path: &Path,
    content: &[u8],
    own: Option<&Path>,
) -> Option<Leads> {
    let target = target(content)?;
    // In a linked worktree, the repository lies outside, and that of a submodule in it.
    if own.is_some_and(|own| target.starts_with(own) && !climbs(&target)) {
        return Some(Leads::Home);
    }
    Some(match tree.leads_to(path, &target) {
        None => Leads::Out,
        Some(inside) if has_dot_git(&inside, platform) => Leads::Home,
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
    (!written.is_empty()).then(|| tree::path(written))
}

fn climbs(path: &Path) -> bool {
    path.components().any(|component| component == Component::ParentDir)
}
