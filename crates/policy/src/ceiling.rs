//! The managed ceiling on files: what the other layers grant survives only inside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::files::{Grant, Place, Target};
use crate::layers::Withheld;
use crate::origin::Origin;
use crate::paths::{is_inside, normal};
use crate::platform::Places;

/// A list of grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// `files.read`
    Read,
    /// `files.write`
    Write,
    /// `files.copy-on-write`
    CopyOnWrite,
}

impl List {
    pub(crate) const ALL: [Self; 3] = [Self::Read, Self::CopyOnWrite, Self::Write];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Read => "files.read",
            Self::Write => "files.write",
            Self::CopyOnWrite => "files.copy-on-write",
        }
    }
}

/// What one managed file allows at most; a missing list is no ceiling, an empty one lets nothing through.
///
/// What is writable is also visible: where `read` is given, writable and copy-on-write paths must lie inside one of
/// the three lists. Where `write` is missing, the workspace counts as one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ceiling {
    /// What may be visible.
    pub read: Option<Vec<Target>>,
    /// What may be writable.
    pub write: Option<Vec<Target>>,
    /// What may be written to a private layer.
    pub copy_on_write: Option<Vec<Target>>,
    /// The managed file.
    pub origin: Arc<Origin>,
}

impl Ceiling {
    fn own(&self, list: List) -> Option<&[Target]> {
        match list {
            List::Read => None,
            List::Write => self.write.as_deref(),
            List::CopyOnWrite => self.copy_on_write.as_deref(),
        }
    }

    /// Everything that may be visible, if that is bounded.
    fn visible(&self) -> Option<Vec<&Target>> {
        let read = self.read.as_ref()?;
        let more = [&self.write, &self.copy_on_write].into_iter().flatten();
        let workspace = self.write.is_none().then_some(&Target::Place(Place::Workspace));
        Some(read.iter().chain(more.flatten()).chain(workspace).collect())
    }

    /// May this host path be in that list?
    pub fn admits(&self, list: List, path: &Path, places: &Places) -> bool {
        let Some(path) = normal(path, places.platform) else { return false };
        let inside = |targets: &[&Target]| hosts(targets, places).iter().any(|base| is_inside(&path, base));
        self.own(list).is_none_or(|targets| inside(&targets.iter().collect::<Vec<_>>()))
            && self.visible().is_none_or(|targets| inside(&targets))
    }

    /// What remains of the grants of a list; what is cut or narrowed goes to `withheld`.
    pub(crate) fn cut(
        &self,
        list: List,
        grants: Vec<Grant>,
        places: &Places,
        withheld: &mut Vec<Withheld>,
    ) -> Vec<Grant> {
        let mut grants = grants;
        if let Some(own) = self.own(list) {
            grants = self.keep(list, grants, &own.iter().collect::<Vec<_>>(), places, withheld);
        }
        if let Some(visible) = self.visible() {
            let (private, shown): (Vec<Grant>, Vec<Grant>) =
                grants.into_iter().partition(|grant| grant.target.host_path(places).is_none());
            grants = private;
            grants.extend(self.keep(list, shown, &visible, places, withheld));
        }
        grants
    }

    fn keep(
        &self,
        list: List,
        grants: Vec<Grant>,
        bases: &[&Target],
        places: &Places,
        withheld: &mut Vec<Withheld>,
    ) -> Vec<Grant> {
        let mut kept = Vec::new();
        for grant in grants {
            let parts = intersect(&grant.target, bases, places);
            if parts != [grant.target.clone()] {
                withheld.push(self.withheld(list, &grant, &parts));
            }
            let part = |target| Grant { target, set: grant.set.clone(), origin: grant.origin.clone() };
            kept.extend(parts.into_iter().map(part));
        }
        kept
    }

    fn withheld(&self, list: List, grant: &Grant, parts: &[Target]) -> Withheld {
        let why = match parts {
            [] => format!("the managed policy ({}) does not allow it", self.origin.place()),
            parts => {
                let kept: Vec<String> = parts.iter().map(Target::text).collect();
                format!("the managed policy ({}) narrows it to {}", self.origin.place(), kept.join(", "))
            }
        };
        Withheld { what: format!("{} \"{}\"", list.key(), grant.target.text()), why, origin: grant.origin.clone() }
    }
}

fn hosts(targets: &[&Target], places: &Places) -> Vec<String> {
    let paths = targets.iter().filter_map(|target| target.host_path(places));
    paths.map(|path: PathBuf| path.to_string_lossy().into_owned()).collect()
}

/// What of a granted target lies inside the bases.
fn intersect(target: &Target, bases: &[&Target], places: &Places) -> Vec<Target> {
    if bases.contains(&target) {
        return vec![target.clone()];
    }
    let Some(path) = target.host_path(places) else { return Vec::new() };
    let path = path.to_string_lossy();
    let bases = hosts(bases, places);
    if bases.iter().any(|base| is_inside(&path, base)) {
        return vec![target.clone()];
    }
    let mut inner: Vec<String> = bases.into_iter().filter(|base| is_inside(base, &path)).collect();
    inner.sort();
    inner.dedup();
    inner.into_iter().map(|base| Target::Path(base.into())).collect()
}
