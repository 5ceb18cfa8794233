//! What stays where it is. A rule is for a path, not for what lies there: whoever could rename a directory above a
//! protected or denied file would find it under a path that no rule names, and could put another in its place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_policy::{Policy, Scope};

use super::areas::{Show, Site, covering};
use super::host::Host;
use super::profile::{Filter, Operation, Profile};
use crate::protect::scoped;

/// The rules for what exists: sealed paths are not changed, and no directory between them and their writable place is
/// renamed or removed, nor is the place itself.
pub(super) fn rules(profile: &mut Profile, policy: &Policy, host: &Host, sites: &[Site]) {
    let sealed: BTreeSet<PathBuf> = sealed(policy, host).filter(|path| is_writable(sites, path)).collect();
    let with_all_below = |path: &PathBuf| holds_all_below(policy, path).then(|| Filter::Subpath(path.clone()));
    let filters = sealed.iter().flat_map(|path| [Some(Filter::Literal(path.clone())), with_all_below(path)]);
    profile.deny_each(Operation::WRITE, filters.flatten().collect(), "what is protected and exists");
    let mut pinned: BTreeSet<&Path> = BTreeSet::new();
    let kept: Vec<PathBuf> = kept_in_place(policy, host, sites).collect();
    for path in sealed.iter().chain(&kept) {
        pinned.extend(up_to_place(sites, path));
    }
    pinned.extend(sites.iter().filter(|site| site.show == Show::Write).map(|site| &*site.path));
    let filters = pinned.into_iter().map(|path| Filter::Literal(path.to_owned())).collect();
    profile.deny_each(&[Operation::FileWriteUnlink], filters, "what stays where it is");
}

/// Of a name that is meant as a file, a directory is left alone.
fn holds_all_below(policy: &Policy, path: &Path) -> bool {
    let folded = |path: &Path| PathBuf::from(path.to_string_lossy().to_lowercase());
    let path = folded(path);
    policy.protect.iter().any(|protect| protect.directory && path.ends_with(folded(&protect.name)))
}

/// What exists and may not be changed.
fn sealed<'a>(policy: &'a Policy, host: &'a Host) -> impl Iterator<Item = PathBuf> + 'a {
    let in_git = host.git.iter().flat_map(|git| {
        let existing = scoped(policy, Scope::Repository).filter(|protect| git.existing.contains(&protect.name));
        existing.map(|protect| git.path.join(&protect.name)).chain(git.pointer.clone())
    });
    in_git.chain(host.protected.iter().cloned())
}

/// What may be changed (or is hidden, or less open) and must not be found under another path.
fn kept_in_place<'a>(policy: &'a Policy, host: &'a Host, sites: &'a [Site]) -> impl Iterator<Item = PathBuf> + 'a {
    let git = host.git.iter().map(|git| git.path.clone());
    let hidden = host.denied.iter().map(|(path, _)| path).chain(&host.masked).cloned();
    let inner = sites.iter().map(|site| site.path.clone());
    // Names of several parts that do not exist yet: the directory in front could be swapped for a prepared one.
    let prepared = scoped(policy, Scope::Workspace)
        .filter_map(|protect| Some(policy.places.workspace.join(protect.name.parent()?)));
    git.chain(hidden).chain(inner).chain(prepared)
}

/// The path and the directories above it up to the writable place that it is in, without that.
fn up_to_place<'a>(sites: &'a [Site], path: &'a Path) -> impl Iterator<Item = &'a Path> {
    let above = path.parent().and_then(|parent| covering(sites, parent));
    let place = above.filter(|site| site.show == Show::Write).map(|site| &*site.path);
    path.ancestors().take_while(move |at| place.is_some_and(|place| *at != place && at.starts_with(place)))
}

fn is_writable(sites: &[Site], path: &Path) -> bool {
    covering(sites, path).is_some_and(|site| site.show == Show::Write)
}
