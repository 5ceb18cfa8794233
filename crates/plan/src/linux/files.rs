//! What is visible, and as what: areas of the policy to mounts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_policy::{Area, AreaKind, Policy};

use super::PlanError;
use super::protect::Protection;
use crate::{Host, Kind, Mode, Mount, Network};

/// Directories that programs expect and that hold nothing of the host, with their permission bits.
const PRIVATE: [(&str, u32); 4] = [("/tmp", 0o1777), ("/var/tmp", 0o1777), ("/run", 0o755), ("/dev/shm", 0o1777)];

/// The areas that exist on this host, in an order in which each comes after those that contain it.
pub(super) fn areas(policy: &Policy, host: &Host) -> Result<Vec<Area>, PlanError> {
    let mut areas = Vec::new();
    for area in policy.layout() {
        if area.kind == AreaKind::Private || host.kind(&area.path).is_some() {
            areas.push(area);
        } else if let Some(grant) = named_by_a_person(policy, &area) {
            return Err(PlanError::Missing { path: area.path, grant });
        }
    }
    Ok(areas)
}

/// A set lists what may exist; a path that a person wrote should.
fn named_by_a_person(policy: &Policy, area: &Area) -> Option<pinfold_policy::Grant> {
    let lists = [&policy.read, &policy.write, &policy.copy_on_write];
    let mut grants = lists.into_iter().flatten();
    let is_it = |grant: &&pinfold_policy::Grant| {
        grant.set.is_none() && grant.target.host_path(&policy.places).is_some_and(|path| path == area.path)
    };
    if area.set.is_some() { None } else { grants.find(is_it).cloned() }
}

/// The steps that build the root.
pub(super) fn mounts(
    policy: &Policy,
    host: &Host,
    areas: &[Area],
    protection: &Protection,
    network: Network,
) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for area in areas {
        mounts.extend(in_place(policy, host, area));
    }
    for area in areas {
        mounts.extend(elsewhere(host, area, &mounts));
    }
    mounts.extend(links(host, areas));
    if network == Network::Host
        && let Some(resolver) = &host.resolver
    {
        mounts.push(bind(resolver, Mode::ReadOnly, false));
    }
    mounts.extend(git_directories_outside(host, areas));
    mounts.extend(protection.mounts.iter().cloned());
    mounts.extend(hidden(host));
    mounts
}

/// An area whose path is what it says.
fn in_place(policy: &Policy, host: &Host, area: &Area) -> Option<Mount> {
    if area.kind == AreaKind::Private {
        return private(policy, host, area);
    }
    match host.kind(&area.path)? {
        Kind::Link { .. } => None,
        found => Some(visible(area.kind, host, &area.path, *found == Kind::Directory)),
    }
}

/// An area whose path is a link: what it leads to, unless that is visible already.
fn elsewhere(host: &Host, area: &Area, mounts: &[Mount]) -> Option<Mount> {
    let Kind::Link { leads_to, directory } = host.kind(&area.path)? else { return None };
    let needed = area.kind == AreaKind::Write || !is_covered(leads_to, mounts);
    (area.kind != AreaKind::Private && needed).then(|| visible(area.kind, host, leads_to, *directory))
}

/// The links that lead to what is visible. Those below a mount of the host are there already.
fn links(host: &Host, areas: &[Area]) -> impl Iterator<Item = Mount> {
    let missing = |path: &Path| {
        let mut above = areas.iter().rev().filter(|area| path.starts_with(&area.path) && path != area.path);
        above.next().is_none_or(|area| area.kind == AreaKind::Private)
    };
    let links = host.links.iter().filter(move |(path, _)| missing(path));
    links.map(|(path, says)| Mount::Link { at: path.clone(), target: says.clone() })
}

/// A part of the host.
fn visible(kind: AreaKind, host: &Host, path: &Path, directory: bool) -> Mount {
    match kind {
        AreaKind::CopyOnWrite if host.overlay && directory => Mount::CopyOnWrite {
            source: path.to_owned(),
            at: path.to_owned(),
            store: host.layers.join(layer_name(path)),
        },
        AreaKind::Write => bind(path, Mode::Writable, directory),
        AreaKind::Read | AreaKind::CopyOnWrite | AreaKind::Private => bind(path, Mode::ReadOnly, directory),
    }
}

/// A place of the sandbox's own.
fn private(policy: &Policy, host: &Host, area: &Area) -> Option<Mount> {
    let path = area.path.as_path();
    if path == policy.places.home {
        return Some(Mount::Bind {
            source: host.private_home.clone(),
            at: path.to_owned(),
            mode: Mode::Writable,
            directory: true,
            create: true,
        });
    }
    match path.to_str() {
        Some("/proc") => Some(Mount::Proc),
        // With `/dev` comes its own `shm`.
        Some("/dev") => Some(Mount::Devices),
        Some("/dev/shm") => None,
        _ => {
            let known = PRIVATE.iter().find(|(private, _)| path == Path::new(private));
            Some(Mount::Private { at: path.to_owned(), mode: known.map_or(0o755, |(_, mode)| *mode) })
        }
    }
}

fn bind(path: &Path, mode: Mode, directory: bool) -> Mount {
    Mount::Bind { source: path.to_owned(), at: path.to_owned(), mode, directory, create: false }
}

/// The real git directory of a workspace that is itself a linked worktree or submodule lies outside of it: without it
/// nobody could commit.
fn git_directories_outside(host: &Host, areas: &[Area]) -> Vec<Mount> {
    let outside: BTreeSet<&PathBuf> = host.git.iter().filter(|git| git.outside).map(|git| &git.path).collect();
    let writable = |path: &Path| covering(areas, path).is_some_and(|area| area.kind == AreaKind::Write);
    let mut mounted: Vec<&PathBuf> = Vec::new();
    for path in outside {
        // Sorted, so a common directory comes before the worktree directories in it.
        if !mounted.iter().any(|parent| path.starts_with(parent)) && !writable(path) {
            mounted.push(path);
        }
    }
    mounted.into_iter().map(|path| bind(path, Mode::Writable, true)).collect()
}

/// Covers over what deny rules name, and over system files that only root can read.
fn hidden(host: &Host) -> impl Iterator<Item = Mount> {
    host.denied
        .iter()
        .chain(&host.readable_secrets)
        .map(|(path, directory)| Mount::Hide { at: path.clone(), directory: *directory })
}

/// The deepest area that contains a path.
pub(super) fn covering<'a>(areas: &'a [Area], path: &Path) -> Option<&'a Area> {
    areas.iter().rev().find(|area| path.starts_with(&area.path))
}

fn is_covered(path: &Path, mounts: &[Mount]) -> bool {
    mounts.iter().any(|mount| !matches!(mount, Mount::Link { .. }) && path.starts_with(mount.at()))
}

/// A directory name for the layer over a cache: its path with other separators.
fn layer_name(path: &Path) -> String {
    path.to_string_lossy().trim_start_matches('/').replace('%', "%25").replace('/', "%2F")
}
