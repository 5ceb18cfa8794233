//! Protected names: what a run may not change inside the places it may write, because something outside executes it.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::origin::{Origin, Rule};
use crate::paths::{PathText, folded};
use crate::text::{Complaint, Text, quoted};

/// Where a protected name counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Below the root of the workspace only.
    Workspace,
    /// In every git directory: `.git`, those of worktrees and submodules, bare repositories.
    Repository,
    /// In every directory of a writable place.
    Anywhere,
}

/// A checked entry of `files.protect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtectText {
    /// A named set, with its `@`.
    Set(String),
    /// A name.
    Name {
        /// The name, relative, without a trailing slash.
        name: String,
        /// Where it counts.
        scope: Scope,
        /// A directory and all below it?
        directory: bool,
        /// Does it take a protection back (`!`)?
        exception: bool,
    },
}

impl ProtectText {
    pub(crate) fn parse(text: &str) -> Result<Self, Complaint> {
        let (exception, body) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (scope, name) = split_scope(body);
        match PathText::parse(name)? {
            PathText::Set(set) if !exception && scope == Scope::Workspace => Ok(Self::Set(set)),
            PathText::Workspace(name) if !name.is_empty() => {
                Ok(Self::Name { directory: body.ends_with('/'), name, scope, exception })
            }
            _ => Err(Complaint::new(
                format!("{} is no name inside the workspace", quoted(text)),
                "write a name such as \"deploy/\", \".git/hooks\" for every repository, or \"**/.vscode\" for every directory",
            )),
        }
    }
}

fn split_scope(body: &str) -> (Scope, &str) {
    let body = body.strip_prefix("./").unwrap_or(body);
    if let Some(name) = body.strip_prefix("**/") {
        return (Scope::Anywhere, name);
    }
    match body.strip_prefix(".git/") {
        Some(name) if !name.is_empty() => (Scope::Repository, name),
        _ => (Scope::Workspace, body),
    }
}

/// A protected name of the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Protect {
    /// The name, relative to the root that the scope says.
    pub name: PathBuf,
    /// Where it counts.
    pub scope: Scope,
    /// A directory and all below it? Otherwise a single file: a directory of that name is left alone.
    pub directory: bool,
    /// The named set it came from.
    pub set: Option<Text>,
    /// Why it is protected.
    pub why: Text,
    /// Who says so.
    pub origin: Arc<Origin>,
}

impl Protect {
    /// The name as a policy file writes it.
    pub fn text(&self) -> String {
        let slash = if self.directory { "/" } else { "" };
        let name = self.name.to_string_lossy();
        match self.scope {
            Scope::Workspace => format!("{name}{slash}"),
            Scope::Repository => format!(".git/{name}{slash}"),
            Scope::Anywhere => format!("**/{name}{slash}"),
        }
    }

    pub(crate) fn rule(&self) -> Rule {
        let from = self.set.as_ref().map(|set| format!(" ({set})")).unwrap_or_default();
        Rule { text: format!("files.protect \"{}\"{from}", self.text()), origin: self.origin.clone() }
    }

    /// Does this entry cover a path, given below the workspace (if it is inside), below the writable place, and whole?
    pub(crate) fn covers(&self, path: &Location<'_>) -> bool {
        let name = self.name.to_string_lossy();
        let name = folded(&name, path.fold);
        let name: Vec<&str> = name.split('/').collect();
        let at_end = |parts: &[&str]| starts(parts, &name) && (self.directory || parts.len() == name.len());
        match self.scope {
            Scope::Workspace => path.in_workspace.as_deref().is_some_and(|rest| at_end(&split(rest))),
            Scope::Anywhere => {
                let parts = split(&path.in_place);
                (0..parts.len()).any(|from| at_end(&parts[from..]))
            }
            Scope::Repository => {
                let parts = split(&path.whole);
                git_directories(&parts).any(|from| at_end(&parts[from..]))
            }
        }
    }
}

/// A path seen from the roots that protected names are relative to; folded if the platform folds case.
pub(crate) struct Location<'a> {
    pub(crate) in_workspace: Option<std::borrow::Cow<'a, str>>,
    pub(crate) in_place: std::borrow::Cow<'a, str>,
    pub(crate) whole: std::borrow::Cow<'a, str>,
    pub(crate) fold: bool,
}

fn split(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

fn starts(parts: &[&str], name: &[&str]) -> bool {
    parts.len() >= name.len() && parts[..name.len()] == *name
}

/// The places in a path after which the inside of a git directory begins, judged by names alone: below `.git` or
/// `x.git`, and below `modules/…` and `worktrees/…` in one.
fn git_directories<'a>(parts: &'a [&'a str]) -> impl Iterator<Item = usize> + 'a {
    let roots = (0..parts.len()).filter(|&at| parts[at].ends_with(".git"));
    roots.flat_map(move |root| {
        let inside = &parts[root + 1..];
        let nested = match inside.first() {
            Some(&"worktrees") => 2..inside.len().min(3),
            // A submodule's name may contain slashes, so its directory may be any level down to
            // one that only the inside of a git directory has.
            Some(&"modules") => 2..submodule_depth(inside) + 1,
            _ => 0..0,
        };
        std::iter::once(root + 1).chain(nested.map(move |depth| root + 1 + depth))
    })
}

fn submodule_depth(inside: &[&str]) -> usize {
    let content = |part: &&str| matches!(*part, "objects" | "refs" | "logs" | "lfs" | "rr-cache");
    inside.iter().skip(2).position(content).map_or(inside.len(), |at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::LayerKind;

    fn protect(text: &str) -> Protect {
        let Ok(ProtectText::Name { name, scope, directory, .. }) = ProtectText::parse(text) else { panic!("{text}") };
        let origin =
            Origin { layer: LayerKind::User, file: None, line: 1, column: 1, key: "files.protect".into(), flag: None };
        Protect { name: name.into(), scope, directory, set: None, why: Text::default(), origin: origin.into() }
    }

    fn covers(text: &str, path: &str) -> bool {
        let location = Location {
            in_workspace: Some(path.into()),
            in_place: path.into(),
            whole: format!("/w/{path}").into(),
            fold: false,
        };
        protect(text).covers(&location)
    }

    #[test]
    fn a_name_counts_at_the_root_of_the_workspace_only() {
        assert!(covers("deploy/", "deploy/x"));
        assert!(covers("deploy/", "deploy"));
        assert!(!covers("deploy/", "a/deploy/x"));
        assert!(!covers("deploy/", "deployed"));
    }

    #[test]
    fn a_name_for_every_directory_counts_at_any_depth() {
        assert!(covers("**/.vscode/", "a/b/.vscode/tasks.json"));
        assert!(covers("**/.envrc", "a/.envrc"));
        assert!(!covers("**/.envrc", "a/.envrc/x"));
    }

    #[test]
    fn git_directories_of_worktrees_submodules_and_bare_repositories_count() {
        for path in [
            ".git/config",
            "a/.git/config",
            "x.git/config",
            ".git/modules/m/config",
            ".git/modules/a/b/config",
            ".git/modules/a/modules/b/config",
            ".git/worktrees/w/config",
        ] {
            assert!(covers(".git/config", path), "{path}");
        }
        for path in
            [".git/refs/heads/config", "config", ".git/modules/a/refs/heads/config", ".git/a/config", "git/config"]
        {
            assert!(!covers(".git/config", path), "{path}");
        }
    }

    #[test]
    fn absolute_names_and_patterns_are_refused() {
        for text in ["/etc", "~/x", "*.x", "", "!", "**/", "!@metadata", "../x"] {
            assert!(ProtectText::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_shown_as_it_is_written() {
        for text in ["deploy/", ".git/hooks/", "**/.envrc"] {
            assert_eq!(protect(text).text(), text);
        }
    }
}
