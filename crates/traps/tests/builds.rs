//! Ordinary work with real tools raises no alarm.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use pinfold_traps::Finding;

use support::{Tree, have};

/// What is found, low findings apart, after some work in a tree.
fn alarms(tree: &Tree, work: impl FnOnce(&Tree)) -> Vec<String> {
    let before = tree.listing();
    work(tree);
    let changes = tree.changes_since(&before);
    assert!(!changes.is_empty(), "the work changes something");
    let told = |finding: &Finding| {
        format!("{} {:?} {}: {}", finding.rule, finding.line, finding.path.display(), finding.excerpt)
    };
    tree.scan(changes).iter().filter(|finding| finding.severity.is_alarm()).map(told).collect()
}

const NOTHING: Vec<String> = Vec::new();

#[test]
fn a_crate_is_made_built_and_tested() {
    if !have("cargo") || !have("git") {
        return;
    }
    let tree = Tree::new();
    assert_eq!(alarms(&tree, |tree| _ = tree.run("", &["cargo", "new", "--quiet", "a"])), NOTHING);
    // It had a build script before.
    tree.plant("a/build.rs", "fn main() { println!(\"cargo::rustc-cfg=x\"); }");
    tree.plant("a/.cargo/config.toml", "[target.'cfg(all())']\nrunner = [\"env\"]\n");
    let build = |tree: &Tree| {
        tree.run("a", &["cargo", "build", "--quiet"]).run("a", &["cargo", "test", "--quiet"]);
    };
    assert_eq!(alarms(&tree, build), NOTHING);
}

/// Published crates that need no others, of those that this workspace is built with; the last one has a build script.
const PUBLISHED: [&str; 6] = ["base64", "data-encoding", "httparse", "httpdate", "strsim", "unicode-joining-type"];

#[test]
fn published_crates_are_built() {
    if !have("cargo") || !have("git") {
        return;
    }
    let tree = Tree::new();
    for (name, source) in sources() {
        copy(&source, &tree.at(&name));
        tree.plant(
            &format!("{name}/Cargo.toml"),
            &without_tests(&std::fs::read_to_string(source.join("Cargo.toml")).unwrap()),
        );
        tree.git(&name, &["init", "-q"]).git(&name, &["add", "-f", "."]).git(&name, &["commit", "-q", "-m", "x"]);
        let build = |tree: &Tree| {
            tree.run(&name, &["cargo", "build", "--quiet"]);
        };
        assert_eq!(alarms(&tree, build), NOTHING, "{name}");
    }
}

/// Where cargo keeps them.
fn sources() -> BTreeMap<String, PathBuf> {
    let words = ["metadata", "--format-version=1", "--offline", "--locked"];
    let output = Command::new("cargo").args(words).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let found = packages.filter(|package| PUBLISHED.iter().any(|name| package["name"] == *name)).map(|package| {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        (package["name"].as_str().unwrap().to_owned(), manifest.parent().unwrap().to_owned())
    });
    let found: BTreeMap<_, _> = found.collect();
    assert_eq!(found.len(), PUBLISHED.len(), "{found:?}");
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            std::fs::copy(&path, &copied).unwrap();
        }
    }
}

/// A manifest without what only tests and benchmarks need, which is not there.
fn without_tests(manifest: &str) -> String {
    let mut manifest: toml::Table = manifest.parse().unwrap();
    for section in ["dev-dependencies", "bench", "test", "example"] {
        manifest.remove(section);
    }
    manifest.to_string()
}

#[test]
fn git_is_used_with_branches_worktrees_and_submodules() {
    if !have("git") {
        return;
    }
    let tree = Tree::new();
    let work = |tree: &Tree| {
        std::fs::create_dir(tree.at("library")).unwrap();
        std::fs::create_dir(tree.at("project")).unwrap();
        tree.git("library", &["init", "-q"]).git("library", &["commit", "-q", "--allow-empty", "-m", "first"]);
        tree.git("project", &["init", "-q", "--initial-branch=main"]).plant("project/a.txt", "a");
        tree.git("project", &["add", "."]).git("project", &["commit", "-q", "-m", "first"]);
        tree.git("project", &["branch", "b"]).git("project", &["checkout", "-q", "-b", "c"]);
        tree.git("project", &["worktree", "add", "-q", "tree", "b"]);
        tree.git("project", &["submodule", "--quiet", "add", "../library", "sub/library"]);
        tree.git("project", &["commit", "-q", "-m", "second"]).git("project", &["rebase", "-q", "main"]);
        tree.git("", &["clone", "-q", "--recurse-submodules", "project", "clone"]).git("clone", &["gc", "-q"]);
        tree.git("", &["clone", "-q", "--bare", "project", "project.git"]);
        tree.git("project", &["stash", "-q", "-u"]).git("project", &["remote", "add", "o", "https://a.example/b"]);
        tree.git("project", &["config", "user.name", "a"]).git("project", &["tag", "v1"]);
    };
    assert_eq!(alarms(&tree, work), NOTHING);
}

#[test]
fn a_virtual_environment_is_made_and_used() {
    if !have("python3") {
        return;
    }
    let tree = Tree::new();
    tree.plant("a.py", "import json");
    let work = |tree: &Tree| {
        tree.run("", &["python3", "-m", "venv", ".venv"])
            .run("", &["python3", "-m", "venv", "--without-pip", "deep/env"]);
        tree.run("", &[".venv/bin/python", "-m", "compileall", "-q", "a.py"]);
    };
    assert_eq!(alarms(&tree, work), NOTHING);
}

#[test]
fn packages_are_installed_by_npm() {
    if !have("npm") {
        return;
    }
    let tree = Tree::new();
    tree.plant("packages/tool/package.json", r#"{"name": "tool", "version": "1.0.0", "bin": "tool.js"}"#);
    tree.plant("packages/tool/tool.js", "#!/usr/bin/env node\n");
    std::fs::create_dir(tree.at("project")).unwrap();
    let work = |tree: &Tree| {
        tree.run("project", &["npm", "init", "-y"]);
        tree.run("packages/tool", &["npm", "pack", "--silent", "--offline"]);
        let install = ["npm", "install", "--offline", "--no-audit", "--no-fund", "../packages/tool/tool-1.0.0.tgz"];
        tree.run("project", &install);
    };
    assert_eq!(alarms(&tree, work), NOTHING);
    assert!(tree.listing().contains_key(&PathBuf::from("project/node_modules/.bin/tool")));
}

#[test]
fn a_program_in_c_is_made() {
    if !have("make") || !have("gcc") {
        return;
    }
    let tree = Tree::new();
    tree.plant(
        "Makefile",
        "CFLAGS = -O1\nall: prog lib.so\nprog: prog.o\nlib.so: prog.c\n\t$(CC) -shared -fPIC -o $@ $<\n",
    );
    tree.plant("prog.c", "int main(void) { return 0; }\n").plant("build.rs", "");
    assert_eq!(alarms(&tree, |tree| _ = tree.run("", &["make", "-s"])), NOTHING);
}

#[test]
fn ordinary_edits_are_no_alarm() {
    let tree = Tree::new();
    let work = |tree: &Tree| {
        tree.plant("Makefile", "all:").plant("src/lib.rs", "").plant("README.md", "x").plant("AGENTS.md", "x");
        tree.plant("package.json", r#"{"scripts": {"test": "vitest", "prepare": "tsc"}}"#);
        tree.plant("tsconfig.json", "{ // c\n \"compilerOptions\": {\"strict\": true} }").plant("Dockerfile", "FROM x");
        tree.plant("pyproject.toml", "[project]\nname = \"a\"\n").plant("tests/conftest.py", "").plant("setup.py", "");
        tree.plant(".vscode/settings.json", r#"{"editor.tabSize": 4, "files.associations": {"*.x": "cpp"}}"#);
        tree.plant("scripts/release.sh", "run:#!/bin/sh").plant(".env", "PORT=1").plant("vite.config.ts", "");
        tree.plant("Cargo.toml", "[package]\nname = \"a\"\n")
            .plant("go.mod", "module a")
            .plant("docs/l", "link:../src");
        tree.plant(".gitignore", "*").plant(".gitattributes", "* text=auto\n").plant("compose.yaml", "services: {}\n");
    };
    assert_eq!(alarms(&tree, work), NOTHING);
}
