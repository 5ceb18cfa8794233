//! The entries of a stage: what `pinfold changes` would list, with what is git's own business as one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pinfold_stage::{Change, Kind, Node, Told, What, limits};

use super::entry::{Entry, Standing};
use crate::context::Context;
use crate::error::CliError;
use crate::linux::stage::changes::{letter, shown};
use crate::linux::stage::git::{self, Git};
use crate::linux::stage::guarded::Guarded;
use crate::linux::stage::ignored::Ignored;
use crate::linux::stage::in_the_way::InTheWay;
use crate::linux::stage::opened::{Opened, Paths, Place};

/// What one reads where git's own business is chosen.
const OF_GIT: &str = "commits, branches and what git notes";

/// The entries of a stage, sorted by place and path, and the names of its places.
pub(super) struct Listed {
    pub(super) entries: Vec<Entry>,
    pub(super) roots: Vec<String>,
}

/// Lists a stage.
pub(super) fn list(context: &Context, opened: &Opened, paths: &Paths, guarded: &Guarded) -> Result<Listed, CliError> {
    let git = Git::of(context);
    let ignored = Ignored::of(context, &opened.places)?;
    let mut listed = Listed { entries: Vec::new(), roots: Vec::new() };
    for (number, place) in opened.places.iter().enumerate() {
        let in_the_way = InTheWay::of(&git, opened, place)?;
        let lister = Lister { place, number, guarded, ignored: &ignored, in_the_way, workspace: &context.workspace };
        let mut entries = lister.entries(paths);
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        listed.entries.extend(entries);
        listed.roots.push(root(context, &place.root));
    }
    Ok(listed)
}

fn root(context: &Context, root: &Path) -> String {
    let name = root.file_name().filter(|_| root == context.workspace).unwrap_or(root.as_os_str());
    format!("{}/", name.to_string_lossy())
}

struct Lister<'a> {
    place: &'a Place,
    number: usize,
    guarded: &'a Guarded,
    ignored: &'a Ignored,
    in_the_way: InTheWay,
    workspace: &'a Path,
}

impl Lister<'_> {
    fn entries(&self, paths: &Paths) -> Vec<Entry> {
        let mut of_git: BTreeMap<PathBuf, Vec<&Change>> = BTreeMap::new();
        let mut entries = Vec::new();
        for told in self.place.changes.told() {
            let (change, below) = match told {
                Told::One(change) => (change, &[][..]),
                Told::Whole { change, below } => (change, below),
            };
            // The other half tells of both, and what has another time only is not worth a row.
            if matches!(change.what, What::Deleted { to: Some(_) } | What::Touched) || !paths.mean(self.place, change) {
                continue;
            }
            match self.git_directory(change) {
                Some(directory) => of_git.entry(directory).or_default().extend(std::iter::once(change).chain(below)),
                None => entries.push(self.entry(change, below)),
            }
        }
        entries.extend(of_git.into_iter().map(|(directory, changes)| self.of_git(&directory, &changes)));
        entries
    }

    /// The git directory whose own business a change is.
    fn git_directory(&self, change: &Change) -> Option<PathBuf> {
        let path = self.place.path(change);
        git::own(&path, change).filter(|_| self.guarded.why(&path).is_none())
    }

    fn entry(&self, change: &Change, below: &[Change]) -> Entry {
        let members: Vec<PathBuf> = std::iter::once(change).chain(below).map(|one| self.place.path(one)).collect();
        let name = change.path.file_name().unwrap_or_default().to_string_lossy();
        let is_directory = change.makes_directory() || change.removes_directory() || is_directory(change);
        let label = (!below.is_empty()).then(|| format!("{name}/ with {} below", below.len()));
        Entry {
            place: self.number,
            path: change.path.clone(),
            is_directory: is_directory && label.is_none(),
            label,
            letter: letter(&change.what),
            from: match &change.what {
                What::Renamed { from } => Some(shown(self.workspace, &self.place.root.join(from))),
                _ => None,
            },
            trap: self.trap(change, &members),
            standing: self.standing(change, below),
            ignored: self.ignored.has(&self.place.path(change)),
            large: large(change),
            members,
        }
    }

    fn of_git(&self, directory: &Path, changes: &[&Change]) -> Entry {
        let inside = directory.strip_prefix(&self.place.root).unwrap_or(Path::new(""));
        let conflict = changes.iter().find_map(|change| {
            let (why, theirs) = self.in_the_way.conflicts.get(&change.path)?;
            let why = format!("{}: {why}", shown(self.workspace, &self.place.path(change)));
            Some(Standing::Conflicts { why, theirs: *theirs })
        });
        let standing = match conflict {
            Some(conflict) => conflict,
            None if self.in_the_way.beside.is_empty() => Standing::Free,
            None => {
                let beside: Vec<&str> = self.in_the_way.beside.values().map(String::as_str).collect();
                Standing::Merges(format!("comes beside yours, at {}", beside.join(", ")))
            }
        };
        Entry {
            place: self.number,
            path: inside.join(OF_GIT),
            label: Some(format!("{OF_GIT} ({})", changes.len())),
            letter: 'M',
            from: None,
            is_directory: false,
            members: changes.iter().map(|change| self.place.path(change)).collect(),
            trap: None,
            standing,
            ignored: false,
            large: None,
        }
    }

    /// Why somebody is asked; of a new directory, only what is in it matters.
    fn trap(&self, change: &Change, members: &[PathBuf]) -> Option<String> {
        if change.what == What::Created && change.makes_directory() {
            return None;
        }
        let other = match &change.what {
            What::Renamed { from } => Some(self.place.root.join(from)),
            _ => None,
        };
        let asked: BTreeSet<&PathBuf> =
            members.iter().chain(&other).filter(|path| self.guarded.why(path).is_some()).collect();
        let first = asked.first()?;
        let why = self.guarded.why(first)?;
        match asked.len() {
            1 => Some(why.to_owned()),
            many => Some(format!("{many} of them, such as {}: {why}", shown(self.workspace, first))),
        }
    }

    fn standing(&self, change: &Change, below: &[Change]) -> Standing {
        if let What::LeftOut(why) = &change.what {
            return Standing::Stays(why.to_string());
        }
        // All that is removed with it, also where some of it was moved elsewhere.
        let below = if change.removes_directory() { self.place.changes.below(&change.path) } else { below };
        let all = || std::iter::once(change).chain(below);
        let above = change.path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty());
        let other = match &change.what {
            What::Renamed { from } => Some(from.as_path()),
            _ => None,
        };
        let paths = all().map(|one| one.path.as_path()).chain(above).chain(other);
        let conflicts: Vec<_> = paths.filter_map(|path| self.in_the_way.conflicts.get(path)).collect();
        if let Some((why, _)) = conflicts.first() {
            return Standing::Conflicts { why: why.clone(), theirs: conflicts.iter().all(|(_, theirs)| *theirs) };
        }
        let is_file = |node: &Option<Node>| node.as_ref().is_some_and(|node| matches!(node.kind, Kind::File { .. }));
        let merges = is_file(&change.before) && is_file(&change.after) && self.place.has_moved(change);
        if merges {
            Standing::Merges("it was changed in the workspace as well, and merges".to_owned())
        } else {
            Standing::Free
        }
    }
}

fn is_directory(change: &Change) -> bool {
    [&change.before, &change.after].into_iter().flatten().all(|node| node.is_directory())
}

/// How long a file is or was, if that is too long to be shown.
fn large(change: &Change) -> Option<u64> {
    let bytes = |node: &Node| match node.kind {
        Kind::File { bytes } => Some(bytes).filter(|bytes| *bytes > limits::DIFF_BYTES),
        _ => None,
    };
    [&change.after, &change.before].into_iter().flatten().find_map(bytes)
}
