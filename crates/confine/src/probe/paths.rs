//! What the paths of a policy are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_plan::Kind;
use pinfold_policy::Policy;

use super::system::{Listings, kind};

/// What each path of the policy is. Missing ones are left out.
pub(super) fn kinds(policy: &Policy, listings: &Listings<'_>) -> BTreeMap<PathBuf, Kind> {
    let there = policy.layout().filter(|area| listings.may_hold(&area.path));
    there.filter_map(|area| kind(&area.path).map(|kind| (area.path.clone(), kind))).collect()
}

/// Where a path leads that a link is part of.
pub(super) fn behind_link(path: &Path, listings: &Listings<'_>) -> Option<PathBuf> {
    match listings.may_hold(path).then(|| kind(path)).flatten()? {
        Kind::Link { leads_to, .. } => Some(leads_to),
        Kind::Directory | Kind::File => None,
    }
}
