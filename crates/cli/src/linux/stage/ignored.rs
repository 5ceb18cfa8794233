//! What git ignores in the workspace: what is built or downloaded, mostly, which nobody reads and anybody can make again.
//!
//! What counts is what the real tree says, and never a `.gitignore` that a run has changed: a run must not be able to hide what
//! it has written.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use pinfold_stage::{Change, Kind, Node};

use super::changes::shown;
use super::git::{Git, is_gits};
use super::guarded::Guarded;
use super::opened::{Paths, Place};
use super::points::size;
use crate::context::Context;
use crate::error::CliError;

/// How many directories and files are told one by one.
const TOLD: usize = 10;

/// What of a stage git ignores, and nothing else needs.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    /// By what git ignores as a whole: mostly directories.
    tops: BTreeMap<PathBuf, Much>,
    /// What lies there and is needed by something else.
    needed: BTreeSet<PathBuf>,
}

/// How much something is.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Much {
    files: usize,
    bytes: u64,
    /// How many of them would execute outside.
    asks: usize,
    is_directory: bool,
}

impl Ignored {
    /// Asks git. Where there is none, nothing is ignored.
    pub(super) fn of(context: &Context, places: &[Place]) -> Result<Self, CliError> {
        let git = Git::of(context);
        let mut ignored = Self::default();
        let repositories = places.iter().filter(|place| place.root == context.workspace);
        for place in repositories.filter(|place| place.root.join(".git").exists()) {
            let tops = tops(&git, place)
                .map_err(|error| CliError::new("git could not be asked what it ignores").why(error.to_string()))?;
            ignored.add(place, &tops);
        }
        Ok(ignored)
    }

    fn add(&mut self, place: &Place, tops: &BTreeSet<PathBuf>) {
        let top = |change: &Change| change.path.ancestors().find(|path| tops.contains(*path)).map(Path::to_owned);
        // One half of a rename, or what goes with its directory, is no build output.
        let needed = place.changes.with_needed(|change| top(change).is_none());
        for change in place.changes.all().iter().filter(|change| !needed.contains(&change.path)) {
            let Some(top) = top(change) else { continue };
            let much = self.tops.entry(place.root.join(&top)).or_default();
            much.is_directory |= is_directory(change) || top != change.path;
            let (files, bytes) = size_of(change);
            much.files += files;
            much.bytes += bytes;
        }
        let needed = needed.iter().filter(|path| path.ancestors().any(|path| tops.contains(path)));
        self.needed.extend(needed.map(|path| place.root.join(path)));
    }

    /// Counts what of it would execute outside.
    pub(super) fn count_asks(&mut self, guarded: &Guarded) {
        for path in guarded.paths() {
            if let Some(top) = self.top(path).map(Path::to_owned) {
                self.tops.entry(top).or_default().asks += 1;
            }
        }
    }

    /// Whether git ignores a path.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.top(path).is_some()
    }

    /// Whether a path is left out, though others above it are meant.
    pub(super) fn leaves(&self, paths: &Paths, path: &Path) -> bool {
        self.top(path).is_some_and(|top| !paths.mean_inside(top, path))
    }

    fn top<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        let top = path.ancestors().find(|path| self.tops.contains_key(*path))?;
        (!self.needed.contains(path)).then_some(top)
    }

    /// What of it is left out.
    pub(super) fn left(&self, paths: &Paths) -> Self {
        let tops = self.tops.iter().filter(|(top, _)| paths.mean_path(top) && !paths.mean_inside(top, top));
        Self { tops: tops.map(|(top, much)| (top.clone(), *much)).collect(), needed: self.needed.clone() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tops.is_empty()
    }

    /// How many files it is.
    pub(super) fn files(&self) -> usize {
        self.tops.values().map(|much| much.files).sum()
    }

    /// A line for each.
    pub(super) fn lines(&self, workspace: &Path) -> Vec<String> {
        let mut lines: Vec<String> = self
            .tops
            .iter()
            .take(TOLD)
            .map(|(top, much)| format!("{}  {}", name(workspace, top, much), told(much)))
            .collect();
        if let Some(rest) = self.rest() {
            lines.push(format!("{} more  {}", self.tops.len() - TOLD, told(&rest)));
        }
        lines
    }

    /// The same in a few words.
    pub(super) fn summary(&self, workspace: &Path) -> String {
        let names: Vec<String> = self.tops.iter().take(3).map(|(top, much)| name(workspace, top, much)).collect();
        let more = self.tops.len().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more} ({})", names.join(", "), amount(&sum(self.tops.values())))
    }

    fn rest(&self) -> Option<Much> {
        (self.tops.len() > TOLD).then(|| sum(self.tops.values().skip(TOLD)))
    }
}

fn sum<'a>(all: impl Iterator<Item = &'a Much>) -> Much {
    all.fold(Much::default(), |sum, much| Much {
        files: sum.files + much.files,
        bytes: sum.bytes + much.bytes,
        asks: sum.asks + much.asks,
        is_directory: true,
    })
}

fn name(workspace: &Path, top: &Path, much: &Much) -> String {
    format!("{}{}", shown(workspace, top), if much.is_directory { "/" } else { "" })
}

fn told(much: &Much) -> String {
    let asks = if much.asks > 0 { format!("  ! {} would execute outside", much.asks) } else { String::new() };
    format!("ignored by git, {}{asks}", amount(much))
}

fn amount(much: &Much) -> String {
    format!("{}, {}", files(much.files), size(much.bytes))
}

/// A number of files in words.
pub(super) fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{} files", grouped(count)) }
}

/// A number with a comma between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// How many files a change is, and how long what it leaves.
fn size_of(change: &Change) -> (usize, u64) {
    let is_file = |node: &&Node| !node.is_directory();
    let bytes = match change.after.as_ref().map(|node| &node.kind) {
        Some(Kind::File { bytes }) => *bytes,
        _ => 0,
    };
    (usize::from(change.after.as_ref().or(change.before.as_ref()).filter(is_file).is_some()), bytes)
}

fn is_directory(change: &Change) -> bool {
    change.after.as_ref().or(change.before.as_ref()).is_some_and(Node::is_directory)
}

/// What git ignores as a whole, relative to the place: directories without anything tracked, and files in others.
fn tops(git: &Git, place: &Place) -> std::io::Result<BTreeSet<PathBuf>> {
    let asked: Vec<&Change> = asked(place);
    let (inner, files): (Vec<&Change>, Vec<&Change>) = asked.iter().partition(|change| is_directory(change));
    let above = asked.iter().flat_map(|change| change.path.ancestors().skip(1));
    let directories: BTreeSet<&Path> = above.chain(inner.iter().map(|change| change.path.as_path())).collect();
    let named = directories.into_iter().filter(|path| !path.as_os_str().is_empty());
    let mut found = git.ignored(&place.root, named.map(with_slash))?;
    let is_below = |path: &Path, found: &BTreeSet<PathBuf>| path.ancestors().any(|path| found.contains(path));
    // Most files lie in directories that are ignored, unless something there is tracked.
    let tracked = if found.is_empty() { None } else { git.tracked(&place.root)? };
    found.retain(|path| tracked.as_ref().is_some_and(|tracked| !has_tracked(tracked, path)));
    let loose = files.iter().map(|change| change.path.clone()).filter(|path| !is_below(path, &found));
    let loose = git.ignored(&place.root, loose.collect::<Vec<_>>().into_iter())?;
    let tracked = if tracked.is_none() && !loose.is_empty() { git.tracked(&place.root)? } else { tracked };
    let untracked = |path: &PathBuf| tracked.as_ref().is_some_and(|tracked| !has_tracked(tracked, path));
    found.extend(loose.into_iter().filter(untracked));
    // Those that lie in another one go with it.
    let is_inner = |path: &PathBuf| path.ancestors().skip(1).any(|above| found.contains(above));
    Ok(found.iter().filter(|path| !is_inner(path)).cloned().collect())
}

/// What git can be asked about: neither what is its own, nor what would lie behind a link.
fn asked(place: &Place) -> Vec<&Change> {
    let all = place.changes.all().iter();
    let was_link = |change: &&Change| matches!(change.before.as_ref().map(|node| &node.kind), Some(Kind::Link { .. }));
    let links: HashSet<&OsStr> = all.clone().filter(was_link).map(|change| change.path.as_os_str()).collect();
    let behind =
        |path: &Path| !links.is_empty() && path.ancestors().skip(1).any(|path| links.contains(path.as_os_str()));
    all.filter(|change| !is_gits(&change.path) && !behind(&change.path)).collect()
}

fn with_slash(path: &Path) -> PathBuf {
    let mut path = OsString::from(path);
    path.push("/");
    path.into()
}

fn has_tracked(tracked: &BTreeSet<PathBuf>, path: &Path) -> bool {
    tracked.range(path.to_owned()..).next().is_some_and(|next| next.starts_with(path))
}
