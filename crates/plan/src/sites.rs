//! Which parts of this host a policy is about: its areas as they exist here, links resolved.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pinfold_policy::{Area, AreaKind, Grant, List, Places, Platform, Policy};

use crate::{GitDirectory, Host, Kind, Mode, PlanError};

/// The deepest area that contains a path.
pub(crate) fn covering<'a>(sites: &'a [Site], path: &Path) -> Option<&'a Area> {
    sites.iter().rev().map(|site| &site.area).find(|area| path.starts_with(&area.path))
}

/// An area that exists on this host.
pub(crate) struct Site {
    /// The area; its path is without links.
    pub(crate) area: Area,
    /// Whether it is a directory.
    pub(crate) directory: bool,
}

/// The areas that exist on this host, in an order in which each comes after those that contain it. One whose path is a
/// link is where the link leads.
pub(crate) fn sites(policy: &Policy, host: &Host) -> Result<Vec<Site>, PlanError> {
    let kinds: HashMap<&OsStr, &Kind> = host.paths.iter().map(|(path, kind)| (path.as_os_str(), kind)).collect();
    let (mut sites, mut linked) = (Vec::new(), Vec::new());
    for area in policy.layout() {
        let found = kinds.get(area.path.as_os_str()).copied();
        refuse_link_beyond_ceiling(policy, area, found)?;
        match found {
            _ if area.kind == AreaKind::Private => sites.push(Site { area: area.clone(), directory: true }),
            Some(Kind::Link { leads_to, directory }) => {
                linked.push(Site { area: Area { path: leads_to.clone(), ..area.clone() }, directory: *directory });
            }
            Some(found) => sites.push(Site { area: area.clone(), directory: *found == Kind::Directory }),
            None => refuse_missing(policy, area)?,
        }
    }
    linked.into_iter().for_each(|site| insert(&mut sites, site));
    Ok(sites)
}

/// Adds a site where a link leads, unless what is there is as open already.
fn insert(sites: &mut Vec<Site>, site: Site) {
    let Area { path, kind, set, .. } = &site.area;
    // A person may narrow a part of something wider; a set only says what shall be visible.
    let narrows = |area: &Area| area.path != *path && set.is_none();
    if covering(sites, path).is_some_and(|area| area.kind == *kind || area.kind > *kind && !narrows(area)) {
        return;
    }
    let place = sites.partition_point(|other| other.area.path.as_os_str() < path.as_os_str());
    match sites.get_mut(place) {
        Some(same) if same.area.path == *path => *same = site,
        _ => sites.insert(place, site),
    }
}

/// The managed policy was asked for paths as they are written; a link may lead away from there.
pub(crate) fn refuse_link_beyond_ceiling(policy: &Policy, area: &Area, found: Option<&Kind>) -> Result<(), PlanError> {
    let list = match area.kind {
        AreaKind::Private => return Ok(()),
        AreaKind::Read => List::Read,
        AreaKind::CopyOnWrite => List::CopyOnWrite,
        AreaKind::Write => List::Write,
    };
    match found {
        Some(Kind::Link { leads_to, .. }) if !policy.fits_ceilings(list, leads_to) => {
            Err(PlanError::LinkBeyondCeiling { link: area.path.clone(), target: leads_to.clone() })
        }
        _ => Ok(()),
    }
}

/// Git directories outside of a workspace that is itself a linked worktree or submodule: without them nobody could
/// commit. They are as open as the workspace, as far as the managed policy lets them be.
pub(crate) struct Outside<'a> {
    pub(crate) directories: Vec<&'a Path>,
    pub(crate) mode: Mode,
}

impl<'a> Outside<'a> {
    pub(crate) fn new(policy: &Policy, host: &'a Host, sites: &[Site]) -> Self {
        let workspace = covering(sites, &policy.places.workspace).map(|area| area.kind);
        let (list, mode) = match workspace {
            Some(AreaKind::Write) => (List::Write, Mode::Writable),
            _ => (List::Read, Mode::ReadOnly),
        };
        let visible = workspace.is_some_and(|kind| kind != AreaKind::Private);
        let mut directories = outermost_outside(&host.git);
        let shown = |path: &Path| {
            covering(sites, path).is_some_and(|area| {
                area.kind == AreaKind::Write || area.kind == AreaKind::Read && mode == Mode::ReadOnly
            })
        };
        directories.retain(|path| visible && !shown(path) && policy.fits_ceilings(list, path));
        Self { directories, mode }
    }
}

/// The git directories outside of the workspace, without those that lie in another one.
pub(crate) fn outermost_outside(git: &[GitDirectory]) -> Vec<&Path> {
    let mut directories: Vec<&Path> = git.iter().filter(|git| git.outside).map(|git| &*git.path).collect();
    directories.sort();
    // Sorted, so a common directory comes before the worktree directories in it.
    directories.dedup_by(|inner, outer| inner.starts_with(&**outer));
    directories
}

/// A set lists what may exist; a path that a person wrote should.
pub(crate) fn refuse_missing(policy: &Policy, area: &Area) -> Result<(), PlanError> {
    let named = |grant: &&Grant| {
        grant.set.is_none() && grant.target.host_path(&policy.places).is_some_and(|path| path == area.path)
    };
    let grants = [&policy.read, &policy.write, &policy.copy_on_write].into_iter().flatten();
    match grants.filter(|_| area.set.is_none()).find(named) {
        Some(grant) => Err(PlanError::Missing { path: area.path.clone(), grant: grant.clone() }),
        None => Ok(()),
    }
}

/// Where nothing can be laid over a directory there is no stage, and to write to the workspace itself is no second best.
pub(crate) fn refuse_stage(policy: &Policy) -> Result<(), PlanError> {
    match policy.stage.value {
        true => Err(PlanError::NotStaged {
            why: "that needs overlays, which only Linux has",
            origin: policy.stage.origin.clone(),
        }),
        false => Ok(()),
    }
}

/// A workspace that contains the home or is the system's would make every other rule worthless.
pub(crate) fn refuse_wide_workspace(policy: &Policy) -> Result<(), PlanError> {
    let Places { platform, workspace, home } = &policy.places;
    let plain = |path: &Path| match platform.folds_case() {
        true => PathBuf::from(path.to_string_lossy().to_lowercase()),
        false => path.to_owned(),
    };
    let (real, workspace, home) = (workspace, plain(workspace), plain(home));
    if home.starts_with(&workspace) {
        return Err(PlanError::WorkspaceTooWide { workspace: real.clone() });
    }
    if is_the_systems(*platform, &workspace.to_string_lossy()) {
        return Err(PlanError::WorkspaceIsSystem { workspace: real.clone() });
    }
    Ok(())
}

/// Directories that are no workspace, though a project may lie below some of them.
fn is_the_systems(platform: Platform, path: &str) -> bool {
    match platform {
        Platform::Linux => LINUX.contains(&path),
        Platform::Macos => MACOS.contains(&path),
        Platform::Windows => {
            // On whatever drive.
            let (_, rest) = path.split_once(':').unwrap_or_default();
            rest == "/" || WINDOWS.contains(&rest) || rest.starts_with("/windows/")
        }
    }
}

const LINUX: [&str; 12] =
    ["/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/proc", "/run", "/sys", "/usr", "/var"];
const MACOS: [&str; 21] = [
    "/",
    "/applications",
    "/bin",
    "/cores",
    "/dev",
    "/etc",
    "/library",
    "/opt",
    "/private",
    "/private/etc",
    "/private/tmp",
    "/private/var",
    "/sbin",
    "/system",
    "/system/volumes",
    "/system/volumes/data",
    "/tmp",
    "/users",
    "/usr",
    "/var",
    "/volumes",
];
const WINDOWS: [&str; 5] = ["/windows", "/users", "/program files", "/program files (x86)", "/programdata"];
