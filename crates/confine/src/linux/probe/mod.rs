//! Facts about this machine and this workspace, for the plan.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_plan::Host;
use pinfold_policy::{DenyMatcher, NetworkMode, Policy, Rules, Scope};
use pinfold_survey::changes::Snapshot;
use pinfold_survey::{Found, Repository, Survey, SurveyError};
use rustix::fs::{AtFlags, CWD, FileType};

use self::git::configured_programs;
use self::hidden::Hidden;
use self::listings::Listings;
use self::machine::{can_map_ids, kernel, name, readable_secrets};
use self::paths::{behind_link, exists, kinds, links};
use super::sys;

mod gate;
mod git;
mod hidden;
mod listings;
mod machine;
mod names;
mod paths;

use self::gate::java_trust_stores;
pub use self::gate::{can_redirect, resolver_text, trust_bundles};
pub use self::hidden::{masked, masked_with};
pub use self::machine::no_user_namespaces;
pub use self::names::{Appearance, look_again, look_anew};
pub use crate::sight::Names;
use crate::sight::{Denied, git_directories, roots};

/// Where a run keeps what lasts; see the session store.
#[derive(Debug, Clone)]
pub struct Stores {
    /// The private home.
    pub home: PathBuf,
    /// Layers over package caches.
    pub layers: PathBuf,
    /// A temporary directory.
    pub temp: PathBuf,
    /// The certificates that a run with a gate trusts.
    pub trust: PathBuf,
    /// The directory of the control sockets of runs.
    pub control: PathBuf,
}

/// What was seen of a workspace before a run: facts for the plan, and what to compare with afterwards.
#[derive(Debug)]
pub struct Sight {
    /// The facts.
    pub host: Host,
    /// The trees that were looked through.
    pub trees: Vec<Tree>,
}

/// A tree that was looked through: a place that a person opened, not the system's and not the toolchains'.
#[derive(Debug)]
pub struct Tree {
    /// Its path.
    pub root: PathBuf,
    /// What was found in it.
    pub found: Found,
    /// All of its names, to tell later what has changed.
    pub snapshot: Snapshot,
}

/// Gathers what the plan for `policy` needs to know. `spelled` are paths as the user wrote them, whose links shall
/// work inside too; `no_user_namespaces` is what [`no_user_namespaces()`] said.
pub fn look(
    policy: &Policy,
    stores: Stores,
    spelled: &[PathBuf],
    no_user_namespaces: Option<String>,
) -> Result<Sight, SurveyError> {
    let listings = Listings::below([&*policy.places.home, &*policy.places.workspace]);
    let policy = &*policy.following_links(|path| behind_link(path, &listings));
    let matcher = DenyMatcher::new(policy);
    let names = Names::of(policy);
    let paths = kinds(policy, &listings);
    let roots = roots(policy, &paths);
    let trees = survey(roots, &names, &matcher)?;
    let workspace = &policy.places.workspace;
    let owner = rustix::fs::stat(workspace).map(|stat| (stat.st_uid, stat.st_gid)).unwrap_or_default();
    let id_mapped_mounts = can_map_ids(&[workspace, &stores.home]);
    let mut protected = protected(policy, &names, &trees, &listings);
    protected.extend(configured_programs(repositories(&trees)));
    // Whoever starts pinfold from the workspace shall start the same one next time.
    protected.extend(std::env::current_exe());
    // A link and what it leads to are one thing to whoever reads through it.
    protected.extend(protected.iter().filter_map(|path| target(path)).collect::<Vec<_>>());
    let Hidden { mut denied, in_place, masked, unmaskable } = Hidden::find(policy, &trees, &matcher, &listings);
    // Whoever could connect there would answer for the user, and a read-only mount does not stop a connection. Without
    // mounts seccomp does.
    let shown = no_user_namespaces.is_none() && trees.iter().any(|tree| stores.control.starts_with(&tree.root));
    denied.extend(shown.then_some((stores.control, true)));
    // Only a run with a gate has its own names and certificates.
    let rules = policy.network.mode == NetworkMode::Rules;
    let opens_tls = rules && Rules::new(policy).inspects();
    let (uid, gid) = caller();
    let host = Host {
        uid,
        gid,
        no_user_namespaces,
        id_mapped_mounts,
        workspace_owner: owner,
        landlock_abi: sys::landlock_abi(),
        kernel: kernel(),
        overlay: kernel() >= (5, 11),
        private_home: stores.home,
        layers: stores.layers,
        private_temp: stores.temp,
        links: links(&paths, spelled),
        paths,
        name: name(),
        resolver: std::fs::canonicalize("/etc/resolv.conf").ok(),
        hosts: rules.then(|| std::fs::canonicalize("/etc/hosts").ok()).flatten(),
        // Not asked here: who has laid a foundation knows.
        redirects: false,
        trust_bundles: if rules { trust_bundles() } else { Vec::new() },
        java_trust_stores: if opens_tls { java_trust_stores(&policy.places.home) } else { Vec::new() },
        own_trust: stores.trust,
        denied,
        denied_in_place: in_place,
        masked,
        unmaskable,
        git: repositories(&trees).flat_map(|(root, repository)| git_directories(policy, root, repository)).collect(),
        protected,
        present: present(policy, &listings),
        // Root's shadow may not read what only root may.
        readable_secrets: if id_mapped_mounts { Vec::new() } else { readable_secrets() },
    };
    Ok(Sight { host, trees })
}

/// User and group id of the caller.
pub fn caller() -> (u32, u32) {
    (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw())
}

/// Looks through every tree.
fn survey(roots: Vec<PathBuf>, names: &Names, matcher: &DenyMatcher) -> Result<Vec<Tree>, SurveyError> {
    let looked = roots.into_iter().map(|root| {
        let denied = Denied::below(matcher, &root);
        let survey = Survey::new([&root]).denied(&denied).doors().names(names.last());
        let (found, snapshot) = survey.walk_and_remember()?;
        Ok(Tree { root, found, snapshot })
    });
    looked.collect()
}

/// All repositories with the root of their tree.
fn repositories(trees: &[Tree]) -> impl Iterator<Item = (&Path, &Repository)> {
    trees.iter().flat_map(|tree| tree.found.repositories.iter().map(|repository| (tree.root.as_path(), repository)))
}

/// Protected names that exist outside of git directories.
fn protected(policy: &Policy, names: &Names, trees: &[Tree], listings: &Listings<'_>) -> Vec<PathBuf> {
    let seen = trees.iter().flat_map(|tree| {
        tree.found.named.iter().filter(|entry| names.cover(entry)).map(|entry| tree.root.join(&entry.path))
    });
    let workspace = &policy.places.workspace;
    let named = policy.protect.iter().filter(|protect| protect.scope == Scope::Workspace);
    let top = named.filter_map(|protect| {
        let path = Some(workspace.join(&protect.name)).filter(|path| listings.may_hold(path))?;
        let stat = rustix::fs::statat(CWD, &path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        (protect.directory || !directory).then_some(path)
    });
    let mut protected: Vec<_> = seen.chain(top).collect();
    protected.sort();
    protected.dedup();
    protected
}

/// Where a symbolic link leads.
fn target(path: &Path) -> Option<PathBuf> {
    path.is_symlink().then(|| std::fs::canonicalize(path).ok()).flatten()
}

/// What exists at the top of the workspace under a protected name.
fn present(policy: &Policy, listings: &Listings<'_>) -> BTreeSet<PathBuf> {
    let names = policy.protect.iter().filter(|protect| protect.scope != Scope::Repository);
    let paths = names.map(|protect| policy.places.workspace.join(&protect.name));
    paths.filter(|path| listings.may_hold(path) && exists(path)).collect()
}
