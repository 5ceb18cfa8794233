//! The areas of a policy that exist on this host, and what they are.

use std::path::{Path, PathBuf};

use pinfold_policy::{Area, AreaKind, DenyMatcher, List, Policy};

use super::host::Host;
use crate::sites::{outermost_outside, refuse_link_beyond_ceiling, refuse_missing};
use crate::{Kind, PlanError};

/// Sets with the machine's own trees, which floating denials leave alone.
const MACHINE_SETS: [&str; 3] = ["@system", "@toolchains", "@caches"];

/// What a site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Show {
    /// Nothing of the host.
    Nothing,
    /// The host's, read-only.
    Read,
    /// The host's, writable.
    Write,
}

/// An area that exists on this host, without links.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) path: PathBuf,
    pub(super) show: Show,
    /// One of the machine's own trees.
    pub(super) machine: bool,
}

/// The areas that exist on this host, in an order in which each comes after those that contain it. One whose path is a
/// link is where the link leads.
pub(super) fn sites(policy: &Policy, host: &Host) -> Result<Vec<Site>, PlanError> {
    let (mut sites, mut linked) = (Vec::new(), Vec::new());
    for area in policy.layout() {
        let found = host.paths.get(&area.path);
        refuse_link_beyond_ceiling(policy, area, found)?;
        match found {
            _ if area.kind == AreaKind::Private => sites.push(site(area, &area.path)),
            Some(Kind::Link { leads_to, .. }) => linked.push((area.set.is_some(), site(area, leads_to))),
            Some(_) => sites.push(site(area, &area.path)),
            None => refuse_missing(policy, area)?,
        }
    }
    linked.into_iter().for_each(|(of_set, site)| insert(&mut sites, site, of_set));
    // The order of the policy is by folded text; this one is the same for parents and children.
    sites.sort_by(|one, other| one.path.cmp(&other.path));
    let matcher = DenyMatcher::new(policy);
    for site in &mut sites {
        if matcher.covering(&site.path, true).is_some() {
            site.show = Show::Nothing;
        }
    }
    Ok(sites)
}

fn site(area: &Area, path: &Path) -> Site {
    let show = match area.kind {
        AreaKind::Private => Show::Nothing,
        // Nothing can be laid over a directory here, so a cache of the host is not written.
        AreaKind::Read | AreaKind::CopyOnWrite => Show::Read,
        AreaKind::Write => Show::Write,
    };
    let machine = area.set.as_deref().is_some_and(|set| MACHINE_SETS.contains(&set));
    Site { path: path.to_owned(), show, machine }
}

/// Adds a site where a link leads, unless what is there is as open already. A person may narrow a part of something
/// wider; a set only says what shall be visible.
fn insert(sites: &mut Vec<Site>, site: Site, of_set: bool) {
    if let Some(same) = sites.iter_mut().find(|other| other.path == site.path) {
        if same.show < site.show {
            *same = site;
        }
        return;
    }
    let above = covering(sites, &site.path).map(|above| above.show);
    if above.is_none_or(|above| above < site.show || above > site.show && !of_set) {
        sites.push(site);
        sites.sort_by(|one, other| one.path.cmp(&other.path));
    }
}

/// The deepest site that contains a path.
pub(super) fn covering<'a>(sites: &'a [Site], path: &Path) -> Option<&'a Site> {
    sites.iter().rev().find(|site| path.starts_with(&site.path))
}

/// Git directories outside of a workspace that is itself a linked worktree or submodule: without them nobody could
/// commit. They are as open as the workspace, as far as the managed policy lets them be.
pub(super) fn outside(policy: &Policy, host: &Host, sites: &[Site]) -> Vec<Site> {
    let Some(workspace) = covering(sites, &policy.places.workspace).map(|site| site.show) else { return Vec::new() };
    let list = if workspace == Show::Write { List::Write } else { List::Read };
    let mut paths = outermost_outside(&host.git);
    let shown = |path: &Path| covering(sites, path).is_some_and(|site| site.show >= workspace);
    paths.retain(|path| workspace != Show::Nothing && !shown(path) && policy.fits_ceilings(list, path));
    paths.into_iter().map(|path| Site { path: path.to_owned(), show: workspace, machine: false }).collect()
}
