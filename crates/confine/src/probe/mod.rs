//! Facts about a workspace, for the plan: what the policy's paths are, and what in its trees is to be protected or hidden.
//!
//! What differs between systems is in one module, `system`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_plan::Host;
use pinfold_policy::{DenyMatcher, Policy, Scope};
use pinfold_survey::SurveyError;

use self::git::{configured_programs, git_directories};
use self::hidden::Hidden;
use self::paths::{behind_link, kinds};
use self::system::{Listings, exists};
use self::trees::{repositories, roots, survey};

mod appeared;
mod git;
mod hidden;
#[cfg(target_os = "linux")]
mod listings;
mod names;
mod paths;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
mod trees;

pub use self::appeared::{Appearance, look_again, look_anew};
pub use self::hidden::{masked, masked_with};
pub use self::names::Names;
pub use self::trees::Tree;

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
    /// What is pinfold's own, under all its names: records, the key that signs them, control sockets, and what other runs keep.
    pub own: Vec<PathBuf>,
}

/// What was seen of a workspace before a run: facts for the plan, and what to compare with afterwards.
#[derive(Debug)]
pub struct Sight {
    /// The facts.
    pub host: Host,
    /// The trees that were looked through.
    pub trees: Vec<Tree>,
}

/// Looks through everything that a person opened, and gathers the facts that every system has.
pub(crate) fn gather(policy: &Policy, stores: &Stores) -> Result<Sight, SurveyError> {
    let listings = Listings::below([&*policy.places.home, &*policy.places.workspace]);
    let policy = &*policy.following_links(|path| behind_link(path, &listings));
    let matcher = DenyMatcher::new(policy);
    let names = Names::of(policy);
    let paths = kinds(policy, &listings);
    let roots = roots(policy, &paths);
    let trees = survey(roots, &names, &matcher)?;
    let mut protected = protected(policy, &names, &trees, &listings);
    protected.extend(configured_programs(repositories(&trees)));
    // Whoever starts pinfold from the workspace shall start the same one next time.
    protected.extend(std::env::current_exe());
    // A link and what it leads to are one thing to whoever reads through it.
    protected.extend(protected.iter().filter_map(|path| target(path)).collect::<Vec<_>>());
    let Hidden { denied, in_place, masked, unmaskable } = Hidden::find(policy, &trees, &matcher, &listings);
    let git = repositories(&trees).flat_map(|(root, repository)| git_directories(policy, root, repository)).collect();
    let host = Host {
        private_home: stores.home.clone(),
        layers: stores.layers.clone(),
        private_temp: stores.temp.clone(),
        own_trust: stores.trust.clone(),
        paths,
        denied,
        denied_in_place: in_place,
        masked,
        unmaskable,
        git,
        protected,
        present: present(policy, &listings),
        ..Host::default()
    };
    Ok(Sight { host, trees })
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
        let directory = system::is_directory(&path)?;
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
