//! A tree and the directory of a transaction, on one file system or on two.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::tree::Tree;

use super::model::snapshot::{World, look};

/// Both, removed in the end.
pub(super) struct Scratch {
    folders: Vec<PathBuf>,
    pub(super) tree: PathBuf,
    pub(super) state: PathBuf,
}

/// Where things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lying {
    /// On one file system.
    Together,
    /// On two.
    Apart,
}

const MEMORY: &str = "/dev/shm";

impl Lying {
    /// Both, where this machine has two.
    pub(super) fn all() -> Vec<Self> {
        let device = |path: &Path| std::os::unix::fs::MetadataExt::dev(&fs::metadata(path).unwrap());
        if Path::new(MEMORY).is_dir() && device(Path::new(MEMORY)) != device(&std::env::temp_dir()) {
            vec![Self::Together, Self::Apart]
        } else {
            eprintln!("skipped for two file systems, because this machine has no {MEMORY}");
            vec![Self::Together]
        }
    }
}

impl Scratch {
    pub(super) fn new(lying: Lying) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("pinfold-stage-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let memory = if Lying::all().len() > 1 { PathBuf::from(MEMORY) } else { std::env::temp_dir() };
        let above = if lying == Lying::Together { memory.clone() } else { std::env::temp_dir() };
        let folders = vec![memory.join(&name), above.join(format!("{name}-state"))];
        let (tree, state) = (folders[0].join("tree"), folders[1].join("state"));
        folders.iter().chain([&tree, &state]).for_each(|path| fs::create_dir(path).unwrap());
        Self { folders, tree, state }
    }

    /// A directory for the next transaction.
    pub(super) fn transaction(&self, name: &str) -> PathBuf {
        self.state.join(name)
    }

    pub(super) fn open(&self) -> Tree {
        Tree::open(&self.tree).unwrap()
    }

    pub(super) fn world(&self) -> World {
        look(&self.tree)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for folder in &self.folders {
            open_all(folder);
            _ = fs::remove_dir_all(folder);
        }
    }
}

fn open_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_all(&entry.path());
        }
    }
}
