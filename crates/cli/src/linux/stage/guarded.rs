//! What of a stage would execute outside, and is taken over only when somebody says so.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use pinfold_policy::{Access, Decider, Effect, Policy, Protect, Scope};
use pinfold_stage::{Change, Layers, What};
use pinfold_traps::limits::FILE_BYTES_MAX;
use pinfold_traps::{ChangeKind, Changed, Combined, Traps};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::git;
use super::opened::Place;

/// Paths that are asked about, with the reason.
pub(crate) struct Guarded(BTreeMap<PathBuf, String>);

impl Guarded {
    /// All of them.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Why a path is asked about.
    pub(crate) fn why(&self, path: &Path) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }
}

/// What a direct run could not have changed, and what rules about traps find alarming.
pub(crate) fn guarded(policy: &Policy, places: &[Place]) -> Guarded {
    // What a stage lets through is asked about as if there were none.
    let mut policy = policy.clone();
    policy.stage.value = false;
    let decider = Decider::new(&policy);
    let mut guarded = BTreeMap::new();
    for (place, change) in places.iter().flat_map(|place| place.changes.all().iter().map(move |change| (place, change)))
    {
        let path = place.path(change);
        let verdict = decider.decide(Access::Write, &path);
        if verdict.effect == Effect::Protected {
            guarded.insert(path, verdict.why);
        } else if place.root != policy.places.workspace
            && let Some(protect) = of_repository(&policy, &change.path)
        {
            guarded.insert(path, format!("it is protected: {}", protect.why));
        } else if let Some(why) = git::odd(&path, change) {
            guarded.insert(path, why.to_owned());
        } else if let Some(why) = repository(place, change) {
            guarded.insert(path, why.to_owned());
        }
    }
    places.iter().for_each(|place| spring(place, &mut guarded));
    Guarded(guarded)
}

/// The protection of a path in a git directory outside, which the policy knows nothing of: only the plan of a run does. Others
/// may lie in it, as those of worktrees and submodules do.
fn of_repository<'a>(policy: &'a Policy, path: &Path) -> Option<&'a Protect> {
    let names: Vec<_> = path.iter().collect();
    let tails = (0..names.len()).map(|start| names[start..].iter().collect::<PathBuf>());
    let repository = || policy.protect.iter().filter(|protect| protect.scope == Scope::Repository);
    tails.into_iter().find_map(|tail| repository().find(|protect| tail.starts_with(&protect.name)))
}

/// Whether a directory becomes a bare repository by a change, with settings that somebody may have put there before.
fn repository(place: &Place, change: &Change) -> Option<&'static str> {
    const PARTS: [&str; 5] = ["HEAD", "objects", "refs", "config", "commondir"];
    change.after.as_ref()?;
    let (above, name) = (change.path.parent()?, change.path.file_name()?);
    let is_whole = |is_there: &dyn Fn(&str) -> bool| {
        ["HEAD", "objects", "refs"].into_iter().all(is_there) && (is_there("config") || is_there("commondir"))
    };
    // Of a repository that was one, another branch is checked out.
    let was_there = |name: &str| place.layers.real().node(&above.join(name)).ok().flatten().is_some();
    if name == "HEAD" && is_whole(&was_there) {
        return None;
    }
    let is_there = |name: &str| place.layers.seen(&above.join(name)).ok().flatten().is_some();
    (PARTS.contains(&name.to_str()?) && is_whole(&is_there))
        .then_some("with it the directory is a repository of git, whose settings name programs")
}

/// Looks for what would be executed outside, in what the run sees: a rule can be about a file together with others, which may
/// lie in other layers or have been there before.
fn spring(place: &Place, guarded: &mut BTreeMap<PathBuf, String>) {
    let changed = place.changes.all().iter().filter(|change| change.after.is_some());
    let changed = changed.map(|change| Changed {
        path: change.path.clone(),
        kind: match change.what {
            What::Created => ChangeKind::Created,
            What::Renamed { .. } => ChangeKind::Renamed,
            _ => ChangeKind::Modified,
        },
    });
    let before = |path: &Path| place.real_text(path, FILE_BYTES_MAX).ok();
    let tree = Box::new(AsSeen(place.layers.clone()));
    for trap in Traps::standard().scan_combined(tree, &place.root, changed, &before) {
        if trap.severity.is_alarm() {
            let why = format!("{}, {}", trap.what, trap.when);
            guarded.entry(place.root.join(&trap.path)).or_insert(why);
        }
    }
}

/// A place as the run sees it.
struct AsSeen(Layers);

impl Combined for AsSeen {
    fn name(&self, path: &Path) -> io::Result<OwnedFd> {
        let seen = self.0.seen(path)?.ok_or(Errno::NOENT)?;
        let tree = seen.layer.map_or(self.0.real(), |layer| self.0.layer(layer));
        tree.at(path, OFlags::PATH)
    }

    fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.0.names(path)
    }
}
