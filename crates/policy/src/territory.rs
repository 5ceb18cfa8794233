//! The map of a run: which part of the file system is what, where the deepest granted path decides.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::files::{Grant, Place, Target};
use crate::origin::{Origin, Rule};
use crate::paths::{folded, lossy, resolve_listed, upwards};
use crate::policy::Policy;
use crate::sets;
use crate::text::Text;

/// What a part of the file system is to the run; of two for the same path the later one here decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AreaKind {
    /// The sandbox's own: nothing of the host is there.
    Private,
    /// The host's, read-only.
    Read,
    /// The host's to read; writes go to a private layer.
    CopyOnWrite,
    /// The host's, writable.
    Write,
}

/// A part of the file system: a path and everything below it, up to the next area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Area {
    /// The absolute path.
    pub path: PathBuf,
    /// What it is.
    pub kind: AreaKind,
    /// The place it stands for.
    pub place: Option<Place>,
    /// The named set that granted it.
    pub set: Option<Text>,
    /// Who granted it; nothing for what every sandbox has.
    pub origin: Option<Arc<Origin>>,
}

/// Sets that hold the machine's own trees, which floating denials leave alone.
const MACHINE_SETS: [&str; 3] = ["@system", "@toolchains", "@caches"];

impl Area {
    fn granted(path: PathBuf, kind: AreaKind, grant: &Grant) -> Self {
        let place = match grant.target {
            Target::Place(place) => Some(place),
            Target::Path(_) => None,
        };
        Self { path, kind, place, set: grant.set.clone(), origin: Some(grant.origin.clone()) }
    }

    fn provided(path: &str) -> Self {
        Self { path: path.into(), kind: AreaKind::Private, place: None, set: None, origin: None }
    }

    fn is_machine(&self) -> bool {
        self.set.as_deref().is_some_and(|set| MACHINE_SETS.contains(&set))
    }

    /// Which of two areas of one path stands: the wider, then the one a person named.
    fn strength(&self) -> (AreaKind, bool) {
        (self.kind, !self.is_machine())
    }

    pub(crate) fn rule(&self) -> Option<Rule> {
        let key = match self.kind {
            AreaKind::Read => "files.read",
            AreaKind::CopyOnWrite => "files.copy-on-write",
            AreaKind::Private | AreaKind::Write => "files.write",
        };
        let shown = self.path.to_string_lossy();
        let name = self.set.as_deref().or(self.place.map(Place::name)).unwrap_or(&shown);
        Some(Rule { text: format!("{key} \"{name}\""), origin: self.origin.clone()? })
    }
}

/// All areas of a policy, by folded path.
#[derive(Debug, Clone)]
pub(crate) struct Territory {
    areas: BTreeMap<String, Area>,
    fold: bool,
}

impl Territory {
    pub(crate) fn new(policy: &Policy) -> Self {
        let platform = policy.places.platform;
        let mut territory = Self { areas: BTreeMap::new(), fold: platform.folds_case() };
        platform.provided().iter().for_each(|path| territory.add(Area::provided(path)));
        let lists = [
            (AreaKind::Read, &policy.read),
            (AreaKind::CopyOnWrite, &policy.copy_on_write),
            (AreaKind::Write, &policy.write),
        ];
        for (kind, grants) in lists {
            grants.iter().for_each(|grant| territory.add_grant(kind, grant, policy));
        }
        territory
    }

    fn add_grant(&mut self, kind: AreaKind, grant: &Grant, policy: &Policy) {
        match &grant.target {
            Target::Path(path) => self.add(Area::granted(path.clone(), kind, grant)),
            Target::Place(Place::Workspace) => {
                self.add(Area::granted(policy.places.workspace.clone(), kind, grant));
            }
            Target::Place(Place::PrivateHome) => {
                self.add(Area::granted(policy.places.home.clone(), AreaKind::Private, grant));
            }
            Target::Place(Place::PrivateTemp) => {
                let entries = sets::entries(Place::PrivateTemp.name(), policy.places.platform);
                let paths = entries.filter_map(|entry| resolve_listed(entry.entry, &policy.places));
                paths.for_each(|path| self.add(Area::granted(path.into(), AreaKind::Private, grant)));
            }
        }
    }

    fn add(&mut self, area: Area) {
        let key = folded(&lossy(&area.path), self.fold).into_owned();
        match self.areas.entry(key) {
            Entry::Vacant(place) => drop(place.insert(area)),
            Entry::Occupied(mut place) if place.get().strength() < area.strength() => drop(place.insert(area)),
            Entry::Occupied(_) => {}
        }
    }

    /// The deepest area that contains the path.
    pub(crate) fn at(&self, path: &str) -> Option<&Area> {
        let key = folded(path, self.fold);
        upwards(&key).find_map(|at| self.areas.get(at))
    }

    /// Does the path lead to an area without being in one?
    pub(crate) fn leads_somewhere(&self, path: &str) -> bool {
        let key = folded(path, self.fold);
        self.areas.keys().any(|area| crate::paths::is_inside(area, &key))
    }

    /// Is the path in one of the machine's own trees?
    pub(crate) fn is_machine(&self, path: &str) -> bool {
        self.at(path).is_some_and(Area::is_machine)
    }

    /// The areas by path, so that each comes after those that contain it.
    pub(crate) fn areas(&self) -> impl Iterator<Item = &Area> {
        self.areas.values()
    }
}
