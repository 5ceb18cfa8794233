//! Temporary trees, and git as its users run it.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use pinfold_survey::{Entry, Found, Matcher, Repository, Survey, Trail};

/// A directory that goes away with its test.
pub(crate) struct Tree(PathBuf);

impl Tree {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("pinfold-survey-test-{}-{number}", std::process::id());
        let path = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn at(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.0.join(relative)
    }

    pub(crate) fn file(&self, relative: impl AsRef<Path>, content: &str) -> &Self {
        let path = self.at(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn dir(&self, relative: impl AsRef<Path>) -> &Self {
        fs::create_dir_all(self.at(relative)).unwrap();
        self
    }

    #[cfg(unix)]
    pub(crate) fn link(&self, relative: &str, target: impl AsRef<Path>) -> &Self {
        std::os::unix::fs::symlink(target, self.at(relative)).unwrap();
        self
    }

    pub(crate) fn git(&self, within: &str, arguments: &[&str]) -> &Self {
        let mut git = Command::new("git");
        git.current_dir(self.at(within)).args(["-c", "user.name=a", "-c", "user.email=a@b"]);
        git.args(["-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"]);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GIT_")) {
            git.env_remove(name);
        }
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = git.args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        self
    }

    /// A repository with one commit.
    pub(crate) fn repository(&self, relative: &str) -> &Self {
        self.dir(relative).git(relative, &["init", "-q"]);
        self.git(relative, &["commit", "-q", "--allow-empty", "-m", "first"])
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if cfg!(windows) {
            let _ = fs::remove_dir_all(&self.0);
        } else {
            // `rm` copes with paths that are longer than the kernel takes.
            let _ = Command::new("rm").arg("-rf").arg(&self.0).status();
        }
    }
}

/// Denies these base names.
pub(crate) struct Deny(pub(crate) &'static [&'static [u8]]);

impl Matcher for Deny {
    fn may_match(&self, _trail: Trail, basename: &[u8]) -> bool {
        self.0.contains(&basename)
    }

    fn matches(&self, relative: &Path, _is_dir: bool) -> bool {
        self.0.contains(&relative.file_name().unwrap().as_encoded_bytes())
    }
}

pub(crate) const ENV: Deny = Deny(&[b".env"]);

pub(crate) fn survey(tree: &Tree) -> Survey<'static> {
    Survey::new([tree.root()]).denied(&ENV).names([".envrc", ".vscode"])
}

/// Walks, once the stamps of what was made before are old enough to be trusted.
pub(crate) fn walk_later(survey: &Survey<'_>) -> Found {
    std::thread::sleep(Duration::from_millis(60));
    let found = survey.walk().unwrap();
    assert_eq!(found.stamps.unsure(), 0);
    found
}

pub(crate) fn paths(entries: &[Entry]) -> Vec<&Path> {
    entries.iter().map(|entry| entry.path.as_path()).collect()
}

pub(crate) fn places(repositories: &[Repository]) -> Vec<&Path> {
    repositories.iter().map(|repository| repository.at.as_path()).collect()
}

pub(crate) fn path(text: &str) -> &Path {
    Path::new(text)
}

/// Many directories with denied and protected names, and a git directory in each branch.
pub(crate) fn wide(tree: &Tree, branches: usize) {
    for branch in 0..branches {
        for leaf in 0..8 {
            tree.file(format!("{branch}/{leaf}/x/.envrc"), "").file(format!("{branch}/{leaf}/.env"), "");
        }
        tree.dir(format!("{branch}/repo/.git/hooks")).dir(format!("{branch}/one/two/three/four/five"));
    }
}
