//! Macs with trees of files, and what a survey would find there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pinfold_plan::macos::{self, Host};
use pinfold_plan::{GitDirectory, Kind};
use pinfold_policy::{
    Access, AreaKind, Decider, DenyMatcher, Effect, Layer, LayerKind, Places, Platform, Policy, Scope, merge, parse,
};

use crate::seatbelt::Seatbelt;

pub(crate) const WORKSPACE: &str = "/Users/ada/work";
pub(crate) const PRIVATE_HOME: &str = "/Users/ada/Library/Application Support/pinfold/home";
pub(crate) const PRIVATE_TEMP: &str = "/private/var/folders/aa/pinfold";

/// What exists; directories flagged.
pub(crate) type Tree = BTreeMap<String, bool>;

/// A policy on a Mac with some files.
pub(crate) struct World {
    pub(crate) policy: Policy,
    pub(crate) tree: Tree,
    pub(crate) host: Host,
}

impl World {
    /// The world of what a user's policy file says, where these paths exist (a slash at the end for directories).
    pub(crate) fn new(user: &str, paths: &[&str]) -> Self {
        let tree = paths.iter().map(|path| (path.trim_end_matches('/').to_owned(), path.ends_with('/')));
        Self::of_tree(user, tree.collect())
    }

    pub(crate) fn of_tree(user: &str, tree: Tree) -> Self {
        let file = parse(user, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}\n{user}"));
        let places = Places { platform: Platform::Macos, workspace: WORKSPACE.into(), home: "/Users/ada".into() };
        let policy = merge(&[Layer::new(LayerKind::User, file)], &places).expect("mergeable").policy;
        let host = survey(&policy, &tree);
        Self { policy, tree, host }
    }

    pub(crate) fn plan(&self) -> macos::Plan {
        macos::build(&self.policy, &self.host).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn seatbelt(&self) -> Seatbelt {
        Seatbelt::read(&self.plan().seatbelt.text().expect("a text"))
    }
}

/// What whoever looks at the tree finds.
fn survey(policy: &Policy, tree: &Tree) -> Host {
    let mut host = Host {
        uid: 501,
        private_home: PRIVATE_HOME.into(),
        private_temp: PRIVATE_TEMP.into(),
        gate_port: Some(61234),
        own_trust: "/Users/ada/Library/Application Support/pinfold/trust.pem".into(),
        terminal: Some("/dev/ttys007".into()),
        ..Host::default()
    };
    for (link, says) in [("/etc", "private/etc"), ("/tmp", "private/tmp"), ("/var", "private/var")] {
        host.links.insert(link.into(), says.into());
    }
    for area in policy.layout() {
        let text = area.path.to_string_lossy().into_owned();
        let kind = match (tree.get(&text), area.set.is_some()) {
            (Some(false), _) => Kind::File,
            (Some(true), _) => Kind::Directory,
            (None, true) if text == "/etc" => Kind::Link { leads_to: "/private/etc".into(), directory: true },
            (None, true) => Kind::Directory,
            (None, false) => continue,
        };
        host.paths.insert(area.path.clone(), kind);
    }
    secrets(policy, tree, &mut host);
    metadata(policy, tree, &mut host);
    host
}

fn secrets(policy: &Policy, tree: &Tree, host: &mut Host) {
    let matcher = DenyMatcher::new(policy);
    for (path, directory) in tree {
        let path = Path::new(path);
        let covered = host.denied.iter().any(|(denied, _)| path.starts_with(denied));
        if !covered && !directory && matcher.mask(path).is_some() {
            host.masked.insert(path.into());
        } else if !covered && matcher.matches(path, *directory).is_some() {
            host.denied.push((path.into(), *directory));
        }
    }
}

fn metadata(policy: &Policy, tree: &Tree, host: &mut Host) {
    let decider = Decider::new(policy);
    let is_protected = |path: &Path| decider.decide(Access::Write, path).effect == Effect::Protected;
    for (path, directory) in tree {
        let path = Path::new(path);
        if is_protected(path) {
            host.protected.push(path.into());
            if path.parent() == Some(Path::new(WORKSPACE)) {
                host.present.insert(path.into());
            }
        }
        let is_repository = path.to_string_lossy().to_lowercase().ends_with(".git");
        if *directory && is_repository && writable(policy, path) {
            host.git.push(repository(policy, tree, path));
        }
    }
    // As on a disk, where one finds what is there and not what the policy says of it.
    host.protected.retain(|path| !host.git.iter().any(|git| git.path == *path));
}

fn repository(policy: &Policy, tree: &Tree, path: &Path) -> GitDirectory {
    let names = policy.protect.iter().filter(|protect| protect.scope == Scope::Repository);
    let names: BTreeSet<PathBuf> = names.map(|protect| protect.name.clone()).collect();
    let exists = |name: &&PathBuf| tree.contains_key(&*path.join(name).to_string_lossy());
    let existing = names.iter().filter(exists).cloned().collect();
    GitDirectory { path: path.into(), outside: false, pointer: None, existing }
}

/// Does the deepest area around the path let it be written?
pub(crate) fn writable(policy: &Policy, path: &Path) -> bool {
    let around = policy.layout().filter(|area| path.starts_with(&area.path));
    around.last().is_some_and(|area| area.kind == AreaKind::Write)
}
