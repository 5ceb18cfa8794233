//! What lies in the workspace and is executed outside: it stays as it is, and nothing new of the kind stays.

use std::path::PathBuf;

use pinfold_plan::Promise::{MetadataSealed, MetadataWatched};
use pinfold_policy::{Access, decide};

use super::super::likeness::{Likeness, Look};
use super::{Attempt, Listed, attempt, prepared};
use crate::attack::Scene;

pub(super) const ATTACKS: &[Listed] = &[
    (MetadataSealed, "git-config", "the settings of git were changed", |scene, _, _| {
        sealed(scene, ".git/config", "append", &[])
    }),
    (MetadataSealed, "git-config-replaced", "the settings of git were replaced", |scene, _, _| {
        sealed(scene, ".git/config", "replace", &[".git/config.lock"])
    }),
    (MetadataSealed, "git-hook", "a git hook was made executable", |scene, _, _| {
        sealed(scene, ".git/hooks/pre-push", "mode", &[])
    }),
    (MetadataSealed, "git-hook-new", "a git hook was added", |scene, _, _| {
        sealed_by(scene, ".git/hooks", "plant", &[".git/hooks/post-checkout"])
    }),
    (MetadataSealed, "git-attributes", "filters were set in .git/info", |scene, _, _| {
        sealed_by(scene, ".git/info", "plant", &[".git/info/attributes"])
    }),
    (MetadataSealed, "editor-settings", "settings of an editor were changed", |scene, _, _| {
        sealed(scene, ".vscode/settings.json", "overwrite", &[])
    }),
    (MetadataSealed, "agent-settings", "settings of an agent were removed", |scene, _, _| {
        sealed(scene, ".mcp.json", "remove", &[])
    }),
    (MetadataWatched, "new-envrc", "a new .envrc stayed", |scene, _, _| watched(scene, ".envrc")),
    (MetadataWatched, "new-editor-settings", "a new .idea directory stayed", |scene, _, _| {
        watched(scene, ".idea/workspace.xml")
    }),
    (MetadataWatched, "new-agent-settings", "a new .claude directory stayed", |scene, _, _| {
        watched(scene, ".claude/settings.json")
    }),
    (MetadataWatched, "new-git-worktree-config", "new settings of git stayed", |scene, _, _| {
        // Not in the repository that is moved away at the end.
        watched(nested(scene)?, "nested/.git/config.worktree")
    }),
    (MetadataWatched, "new-below", "a new .vscode directory in a subdirectory stayed", |scene, _, _| {
        watched(scene, "sub/package/.vscode/tasks.json")
    }),
    (MetadataWatched, "new-hook-in-nested-repository", "a new hook in a nested repository stayed", |scene, _, _| {
        watched(nested(scene)?, "nested/.git/hooks/post-checkout")
    }),
    (MetadataWatched, "new-repository", "a new repository with a hook stayed", |scene, _, _| {
        forbidden(scene, &scene.setting.caller.workspace.join("brought/.git/hooks/post-checkout"))?;
        let planted = scene.workspace.join("brought/.git/hooks/post-checkout");
        let words = [scene.workspace.join("brought")];
        Ok(attempt("repository", words, move |_| planted.symlink_metadata().is_ok()))
    }),
    (MetadataSealed, "git-hooks-moved", "the directory of git hooks was renamed", |scene, _, _| {
        sealed_by(scene, ".git/hooks", "rename", &[".git/hooks", ".git/hooks-aside"])
    }),
    (MetadataSealed, "git-moved", "the git directory was renamed", |scene, _, _| {
        let git = scene.workspace.join(".git");
        let inside = scene.setting.caller.workspace.join(".git/hooks/pre-push");
        forbidden(scene, &inside)?;
        let words = [git.clone(), scene.workspace.join("git-aside")];
        Ok(attempt("rename", words, move |_| !git.exists()))
    }),
];

/// An attack on a path in the workspace that exists; other words are paths in the workspace too.
fn sealed(scene: &Scene<'_>, path: &str, verb: &'static str, more: &[&str]) -> Result<Attempt, String> {
    let words: Vec<&str> = [path].into_iter().chain(more.iter().copied()).collect();
    sealed_by(scene, path, verb, &words)
}

fn sealed_by(scene: &Scene<'_>, path: &str, verb: &'static str, words: &[&str]) -> Result<Attempt, String> {
    forbidden(scene, &scene.setting.caller.workspace.join(path))?;
    let guarded = scene.workspace.join(path);
    let before = Likeness::of(&guarded, Look::Content);
    let words: Vec<PathBuf> = words.iter().map(|word| scene.workspace.join(word)).collect();
    Ok(attempt(verb, words, move |_| Likeness::of(&guarded, Look::Content) != before))
}

/// A name that appears, and must be gone when the run is over.
fn watched(scene: &Scene<'_>, path: &str) -> Result<Attempt, String> {
    forbidden(scene, &scene.setting.caller.workspace.join(path))?;
    let planted = scene.workspace.join(path);
    Ok(attempt("plant", [planted.clone()], move |_| planted.symlink_metadata().is_ok()))
}

/// A repository in the workspace that has neither hooks nor settings.
fn nested<'a, 'b>(scene: &'a Scene<'b>) -> Result<&'a Scene<'b>, String> {
    let git = scene.workspace.join("nested/.git");
    for directory in ["objects", "refs/heads"] {
        prepared(std::fs::create_dir_all(git.join(directory)))?;
    }
    prepared(std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n"))?;
    Ok(scene)
}

/// Refuses an attack on what the policy does not protect.
fn forbidden(scene: &Scene<'_>, path: &std::path::Path) -> Result<(), String> {
    let allowed = decide(&scene.setting.policy, Access::Write, path).allowed;
    if allowed { Err("the policy does not protect it".into()) } else { Ok(()) }
}
