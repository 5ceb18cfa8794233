//! Temporary trees, and the changes between two listings of one.
#![allow(dead_code, reason = "each test file uses its own part")]

#[cfg(unix)]
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use pinfold_traps::{ChangeKind, Changed, Finding, Traps};

/// A directory that goes away with its test.
pub(crate) struct Tree(PathBuf);

/// What a listing tells of a file: if any of it differs, the file has changed.
type Stamp = (u64, u32, u64, i64, i64);

impl Tree {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("pinfold-traps-test-{}-{number}", std::process::id());
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

    /// Makes a file as the table of planted ones writes it: `link:` target, `run:` text, `hex:` bytes, or text.
    pub(crate) fn plant(&self, relative: &str, content: &str) -> &Self {
        let path = self.at(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if let Some(target) = content.strip_prefix("link:") {
            special::link(target, &path);
            return self;
        }
        let text = content.strip_prefix("run:");
        match content.strip_prefix("hex:") {
            Some(digits) => fs::write(&path, bytes(digits)).unwrap(),
            None => fs::write(&path, text.unwrap_or(content)).unwrap(),
        }
        if text.is_some() {
            special::make_executable(&path);
        }
        self
    }

    /// Runs a command in the tree, away from the settings of whoever runs the test.
    pub(crate) fn run(&self, within: &str, words: &[&str]) -> &Self {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.at(within)).env("HOME", self.home());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GIT_") || name.starts_with("CARGO_")) {
            command.env_remove(name);
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("CARGO_NET_OFFLINE", "true");
        // Toolchains are found by the real home.
        for (name, directory) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup"), ("PYENV_ROOT", ".pyenv")] {
            let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
            command.env(name, std::env::var_os(name).unwrap_or_else(|| home.join(directory).into()));
        }
        let output = command.output().unwrap_or_else(|error| panic!("{words:?}: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        self
    }

    /// Where tools put what is not of the tree.
    fn home(&self) -> PathBuf {
        self.0.with_extension("home")
    }

    pub(crate) fn git(&self, within: &str, words: &[&str]) -> &Self {
        let settings = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always"];
        self.run(within, &[&settings, words].concat())
    }

    /// All that is in the tree but directories.
    #[cfg(unix)]
    pub(crate) fn listing(&self) -> BTreeMap<PathBuf, Stamp> {
        let (mut all, mut waiting) = (BTreeMap::new(), vec![self.0.clone()]);
        while let Some(directory) = waiting.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let known = fs::symlink_metadata(&path).unwrap();
                if known.is_dir() {
                    waiting.push(path);
                } else {
                    all.insert(path.strip_prefix(&self.0).unwrap().to_owned(), special::stamp(&known));
                }
            }
        }
        all
    }

    /// What differs from an earlier listing.
    #[cfg(unix)]
    pub(crate) fn changes_since(&self, before: &BTreeMap<PathBuf, Stamp>) -> Vec<Changed> {
        let now = self.listing().into_iter();
        let differing = now.filter_map(|(path, stamp)| match before.get(&path) {
            None => Some(Changed { path, kind: ChangeKind::Created }),
            Some(old) if *old != stamp => Some(Changed { path, kind: ChangeKind::Modified }),
            Some(_) => None,
        });
        differing.collect()
    }

    pub(crate) fn scan(&self, changed: Vec<Changed>) -> Vec<Finding> {
        Traps::standard().scan(self.root(), changed.into_iter()).unwrap()
    }

    /// The rules that find something in a path, as created.
    pub(crate) fn rules(&self, path: &str) -> Vec<&'static str> {
        self.scan(vec![created(path)]).iter().map(|finding| finding.rule).collect()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        let _ = fs::remove_dir_all(self.home());
    }
}

/// A task of an editor that runs when its folder is opened.
pub(crate) const TASK: &str = "{\"tasks\": [{\"runOptions\": {\"runOn\": \"folderOpen\"}}]}";

/// The one finding that there is.
pub(crate) fn only(findings: Vec<Finding>) -> Finding {
    let [finding] = <[Finding; 1]>::try_from(findings).unwrap();
    finding
}

pub(crate) fn created(path: &str) -> Changed {
    Changed { path: path.into(), kind: ChangeKind::Created }
}

/// Whether a program is there; says so if not.
pub(crate) fn have(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        assert!(std::env::var_os("PINFOLD_NO_SKIP").is_none(), "{program} is missing");
        eprintln!("skipped, because {program} is missing");
    }
    found
}

/// Whether this platform has what a content asks for: links that anybody may make, and modes.
pub(crate) fn can_plant(content: &str) -> bool {
    cfg!(unix) || !content.starts_with("link:") && !content.starts_with("run:")
}

/// What only Unix has.
#[cfg(unix)]
mod special {
    use std::fs::{Metadata, Permissions, set_permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::Path;

    pub(super) fn link(target: &str, path: &Path) {
        symlink(target, path).unwrap();
    }

    pub(super) fn make_executable(path: &Path) {
        set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    pub(super) fn stamp(known: &Metadata) -> super::Stamp {
        (known.ino(), known.mode(), known.size(), known.mtime(), known.mtime_nsec())
    }
}

/// What only Unix has, and no test here may ask for.
#[cfg(not(unix))]
mod special {
    use std::path::Path;

    pub(super) fn link(_target: &str, path: &Path) {
        panic!("{}: not on this platform", path.display());
    }

    pub(super) fn make_executable(path: &Path) {
        panic!("{}: not on this platform", path.display());
    }
}

fn bytes(digits: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(pair).collect()
}
