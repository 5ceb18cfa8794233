//! Repositories as git itself makes them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::{fs, path::Path};

use pinfold_survey::{Place, Repository, RepositoryKind, Survey};
use support::{Tree, path, places};

fn repositories(root: &Path) -> Vec<Repository> {
    Survey::new([root]).walk().unwrap().repositories
}

fn at<'a>(repositories: &'a [Repository], relative: &str) -> &'a Repository {
    let found = repositories.iter().find(|repository| repository.at == path(relative));
    found.unwrap_or_else(|| panic!("{relative} is not among {:?}", places(repositories)))
}

fn inside(tree: &Tree, relative: &str) -> Place {
    Place { path: tree.at(relative), outside: false }
}

fn outside(tree: &Tree, relative: &str) -> Place {
    Place { path: tree.at(relative), outside: true }
}

#[test]
fn a_plain_and_a_nested_repository_are_found_and_their_objects_are_not_walked() {
    let tree = Tree::new();
    tree.repository("").repository("vendor/deep/nested").file(".git/objects/aa/.envrc", "");
    let found = Survey::new([tree.root()]).names([".envrc"]).walk().unwrap();
    assert_eq!(places(&found.repositories), [path(".git"), path("vendor/deep/nested/.git")]);
    let nested = at(&found.repositories, "vendor/deep/nested/.git");
    assert_eq!(nested.kind, RepositoryKind::Directory);
    assert_eq!(nested.work_tree, Some(tree.at("vendor/deep/nested")));
    assert_eq!(nested.git_dir, Some(inside(&tree, "vendor/deep/nested/.git")));
    assert_eq!(nested.common_dir, nested.git_dir);
    assert!(nested.acknowledged && nested.worktrees.is_empty() && nested.modules.is_empty());
    assert!(found.named.is_empty());
}

#[test]
fn a_repository_knows_its_linked_worktrees_and_they_know_it() {
    let tree = Tree::new();
    tree.repository("main");
    tree.git("main", &["worktree", "add", "-q", "../linked", "-b", "topic"]);
    let all = repositories(tree.root());
    assert_eq!(places(&all), [path("linked/.git"), path("main/.git")]);
    let (linked, main) = (at(&all, "linked/.git"), at(&all, "main/.git"));
    assert_eq!(linked.kind, RepositoryKind::File);
    assert_eq!(linked.git_dir, Some(inside(&tree, "main/.git/worktrees/linked")));
    assert_eq!(linked.common_dir, Some(inside(&tree, "main/.git")));
    assert!(linked.acknowledged && linked.worktrees.is_empty());
    assert_eq!(main.worktrees.len(), 1);
    assert_eq!(main.worktrees[0].admin, inside(&tree, "main/.git/worktrees/linked"));
    assert_eq!(main.worktrees[0].work_tree, Some(inside(&tree, "linked")));
}

#[test]
fn a_workspace_that_is_a_linked_worktree_tells_of_the_git_directory_outside() {
    let tree = Tree::new();
    tree.repository("library").repository("main");
    tree.git("main", &["submodule", "--quiet", "add", "../library", "libs/library"]);
    tree.git("main", &["worktree", "add", "-q", "../linked"]);
    tree.git("main", &["worktree", "add", "-q", "../other"]);
    let all = repositories(&tree.at("linked"));
    let linked = at(&all, ".git");
    assert_eq!(linked.git_dir, Some(outside(&tree, "main/.git/worktrees/linked")));
    assert_eq!(linked.common_dir, Some(outside(&tree, "main/.git")));
    assert!(linked.acknowledged);
    assert_eq!(linked.modules, [outside(&tree, "main/.git/modules/libs/library")]);
    let work_trees: Vec<_> = linked.worktrees.iter().map(|linked| linked.work_tree.clone().unwrap()).collect();
    assert_eq!(work_trees, [inside(&tree, "linked"), outside(&tree, "other")]);
}

#[test]
fn submodules_of_a_linked_worktree_are_listed_with_the_repository() {
    let tree = Tree::new();
    tree.repository("library").repository("main");
    tree.git("main", &["worktree", "add", "-q", "../linked"]);
    tree.git("linked", &["submodule", "--quiet", "add", "../library", "sub"]);
    let module = "main/.git/worktrees/linked/modules/sub";
    assert_eq!(at(&repositories(tree.root()), "main/.git").modules, [inside(&tree, module)]);
    assert_eq!(at(&repositories(&tree.at("linked")), ".git").modules, [outside(&tree, module)]);
}

#[test]
fn submodules_are_listed_with_their_repository_and_submodules_of_submodules_too() {
    let tree = Tree::new();
    tree.repository("inner").repository("outer").repository("main");
    tree.git("outer", &["submodule", "--quiet", "add", "../inner", "deps/inner"]);
    tree.git("outer", &["commit", "-qm", "inner"]);
    tree.git("main", &["submodule", "--quiet", "add", "../outer", "libs/outer"]);
    tree.git("main", &["submodule", "--quiet", "update", "--init", "--recursive"]);
    let all = repositories(&tree.at("main"));
    let place = |relative: &str| inside(&tree, &format!("main/{relative}"));
    assert_eq!(places(&all), [path(".git"), path("libs/outer/.git"), path("libs/outer/deps/inner/.git")]);
    assert_eq!(
        at(&all, ".git").modules,
        [place(".git/modules/libs/outer"), place(".git/modules/libs/outer/modules/deps/inner")]
    );
    let inner = at(&all, "libs/outer/deps/inner/.git");
    assert_eq!(inner.kind, RepositoryKind::File);
    assert_eq!(inner.git_dir, Some(place(".git/modules/libs/outer/modules/deps/inner")));
    assert_eq!(inner.common_dir, inner.git_dir);
    assert!(inner.acknowledged, "core.worktree names it in return");
}

#[test]
fn bare_repositories_are_known_by_their_shape_whatever_their_name() {
    let tree = Tree::new();
    tree.repository("main");
    tree.git("", &["clone", "-q", "--bare", "main", "a/harmless-name"]);
    tree.git("a/harmless-name", &["worktree", "add", "-q", "../checkout"]);
    tree.file("planted/HEAD", "").file("planted/commondir", "../elsewhere\n");
    let all = repositories(tree.root());
    let bare = at(&all, "a/harmless-name");
    assert_eq!((bare.kind, &bare.work_tree), (RepositoryKind::Bare, &None));
    assert_eq!(bare.worktrees[0].work_tree, Some(inside(&tree, "a/checkout")));
    let planted = at(&all, "planted");
    assert_eq!((planted.kind, &planted.common_dir), (RepositoryKind::Bare, &Some(inside(&tree, "elsewhere"))));
    assert_eq!(all.len(), 4);
    assert_eq!(repositories(&tree.at("a/harmless-name"))[0].at, path(""), "the root itself");
}

#[test]
fn a_git_file_that_was_made_up_is_not_acknowledged() {
    let (tree, elsewhere) = (Tree::new(), Tree::new());
    elsewhere.repository("victim").file("secrets/config", "");
    for (name, target) in [("one", "victim/.git"), ("two", "secrets"), ("three", "missing/../nothing")] {
        tree.file(format!("{name}/.git"), &format!("gitdir: {}\n", elsewhere.at(target).display()));
    }
    let all = repositories(tree.root());
    for (name, target) in [("one", "victim/.git"), ("two", "secrets"), ("three", "nothing")] {
        let repository = at(&all, &format!("{name}/.git"));
        assert_eq!(repository.git_dir, Some(outside(&elsewhere, target)));
        assert!(!repository.acknowledged);
    }
}

#[test]
fn a_symlink_called_git_is_a_repository_too() {
    let (tree, elsewhere) = (Tree::new(), Tree::new());
    elsewhere.repository("real");
    tree.dir("a").link("a/.git", elsewhere.at("real/.git")).dir("b").link("b/.git", "../nowhere");
    let all = repositories(tree.root());
    assert_eq!(at(&all, "a/.git").kind, RepositoryKind::Symlink);
    assert_eq!(at(&all, "a/.git").git_dir, Some(outside(&elsewhere, "real/.git")));
    assert_eq!(at(&all, "b/.git").git_dir, Some(inside(&tree, "nowhere")));
}

#[test]
fn git_files_that_are_too_large_or_no_files_are_not_read() {
    let tree = Tree::new();
    tree.file("large/.git", &format!("gitdir: {}", "x".repeat(70_000)));
    tree.file("other/.git", "something else").dir("pipe/.git/worktrees/x");
    let fifo = tree.at("pipe/.git/commondir");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    fs::write(tree.at("pipe/.git/HEAD"), "").unwrap();
    let all = repositories(tree.root());
    assert_eq!((&at(&all, "large/.git").git_dir, &at(&all, "other/.git").git_dir), (&None, &None));
    assert_eq!(at(&all, "pipe/.git").common_dir, None);
    assert_eq!(at(&all, "pipe/.git").worktrees.len(), 1);
}

#[test]
fn a_root_that_is_named_through_a_symlink_keeps_its_name_in_the_report() {
    let tree = Tree::new();
    tree.repository("real/main").link("alias", "real");
    tree.git("real/main", &["worktree", "add", "-q", "../linked"]);
    let all = repositories(&tree.at("alias"));
    assert_eq!(at(&all, "linked/.git").common_dir, Some(inside(&tree, "alias/main/.git")));
    assert!(at(&all, "linked/.git").acknowledged);
    assert_eq!(at(&all, "main/.git").worktrees[0].work_tree, Some(inside(&tree, "alias/linked")));
}
