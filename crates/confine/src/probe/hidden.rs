//! What of the files that a run may not see as they are is hidden, and what is masked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pinfold_mask::FILE_BYTES_MAX;
use pinfold_policy::{DenyMatcher, Policy};
use pinfold_survey::Entry;

use super::Tree;
use super::system::{Listings, kind, open_unlinked};

/// Most bytes of masked text in one run. What comes after is hidden.
const MASKED_BYTES_MAX: usize = 16 << 20;

/// Existing paths that the run may not see as they are.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// Those of which it sees nothing; directories flagged.
    pub(super) denied: Vec<(PathBuf, bool)>,
    /// Those that would be seen as they are in another place.
    pub(super) in_place: Vec<PathBuf>,
    /// What is seen of files with placeholders for their values.
    pub(super) masked: BTreeMap<PathBuf, String>,
    /// Files that should be masked, cannot be and are therefore denied, and why.
    pub(super) unmaskable: BTreeMap<PathBuf, String>,
}

impl Hidden {
    /// Every existing path that a deny rule or a mask names: those found by walking, and single paths elsewhere. What
    /// could not be looked into counts too: its owner, which the command is, could open it up.
    pub(super) fn find(policy: &Policy, trees: &[Tree], matcher: &DenyMatcher, listings: &Listings<'_>) -> Self {
        let mut hidden = Self::default();
        let covered: Vec<_> = walked(trees).chain(elsewhere(policy, trees, matcher, listings)).collect();
        let by_place =
            |path: &Path, directory| matcher.covers(path, directory) && !matcher.matches_anywhere(path, directory);
        let in_place = covered.iter().filter(|(path, directory)| by_place(path, *directory));
        hidden.in_place = in_place.map(|(path, _)| path.clone()).collect();
        let masks = Masks { trees, matcher };
        let (masked, mut denied): (Vec<_>, Vec<_>) =
            covered.into_iter().partition(|(path, directory)| !directory && masks.may_show(path));
        for target in masked.iter().chain(&denied).filter_map(|(path, _)| super::target(path)) {
            // By its link alone, as far as anybody knows.
            hidden.in_place.push(target);
        }
        // Whatever somebody denies stays denied, also where a masked link leads to it.
        let targets: Vec<_> = denied.iter().filter_map(|(path, _)| super::target(path)).collect();
        denied.extend(targets.into_iter().map(|path| (path.clone(), path.is_dir())));
        hidden.denied = denied;
        hidden.mask(masked.into_iter().map(|(path, _)| path));
        hidden.denied.sort();
        hidden.denied.dedup();
        hidden
    }

    /// Masks files, and denies what cannot be masked.
    fn mask(&mut self, paths: impl Iterator<Item = PathBuf>) {
        let denied: BTreeSet<PathBuf> = self.denied.iter().map(|(path, _)| path.clone()).collect();
        let mut bytes = 0;
        for path in paths {
            let real = super::target(&path).unwrap_or_else(|| path.clone());
            let text = match denied.contains(&path) || denied.contains(&real) {
                true => Err("something that leads to it is denied".to_owned()),
                false => masked(&real),
            };
            let text = text.and_then(|text| {
                bytes += text.len();
                (bytes <= MASKED_BYTES_MAX).then_some(text).ok_or("there is too much to mask".to_owned())
            });
            for path in BTreeSet::from([path, real]) {
                match &text {
                    Ok(text) => drop(self.masked.insert(path, text.clone())),
                    Err(why) => {
                        self.unmaskable.insert(path.clone(), why.clone());
                        self.denied.push((path, false));
                    }
                }
            }
        }
        // Of two names for one file, one may have come too late.
        self.masked.retain(|path, _| !self.unmaskable.contains_key(path));
    }
}

/// The text of a file without its values.
///
/// # Errors
/// Why there is none, as the rest of a sentence.
pub fn masked(path: &Path) -> Result<String, String> {
    masked_with(path, &|_| None)
}

/// The same, with other placeholders for values that `known` knows.
///
/// # Errors
/// As [`masked`].
pub fn masked_with(path: &Path, known: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let bytes = read(path).map_err(|error| format!("it cannot be read: {error}"))?;
    pinfold_mask::mask_with(&bytes, known).map_err(|error| error.to_string())
}

/// The beginning of a file, one byte more than can be masked.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open_unlinked(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no ordinary file"));
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Which files may be shown with placeholders.
struct Masks<'a> {
    trees: &'a [Tree],
    matcher: &'a DenyMatcher,
}

impl Masks<'_> {
    /// A link may have been made by an earlier run, to read something of a file that is not there inside: it is masked
    /// only if it leads to a file of the places that were looked through, and that could itself be masked or seen.
    fn may_show(&self, path: &Path) -> bool {
        let leads_well = |target: &Path| {
            self.trees.iter().any(|tree| target.starts_with(&tree.root))
                && (self.matcher.mask(target).is_some() || self.matcher.covering(target, true).is_none())
        };
        self.matcher.mask(path).is_some()
            && (!path.is_symlink() || super::target(path).is_some_and(|at| leads_well(&at)))
    }
}

fn walked(trees: &[Tree]) -> impl Iterator<Item = (PathBuf, bool)> {
    let in_tree = |tree: &Tree| {
        let path = |entry: &Entry| (tree.root.join(&entry.path), entry.kind == pinfold_survey::Kind::Directory);
        tree.found.denied.iter().chain(&tree.found.unreadable).map(path).collect::<Vec<_>>()
    };
    trees.iter().flat_map(in_tree)
}

/// Single paths that are not in a tree that was looked through.
fn elsewhere<'a>(
    policy: &'a Policy,
    trees: &'a [Tree],
    matcher: &'a DenyMatcher,
    listings: &'a Listings<'_>,
) -> impl Iterator<Item = (PathBuf, bool)> + 'a {
    let entries = policy.deny.iter().chain(&policy.mask).filter(|entry| !entry.exception);
    let literals = entries.filter_map(|entry| entry.literal.clone()).filter(|path| listings.may_hold(path));
    let literals = literals.filter(|path| !trees.iter().any(|tree| path.starts_with(&tree.root)));
    literals.filter_map(|path| {
        let directory = match kind(&path)? {
            pinfold_plan::Kind::Directory => true,
            pinfold_plan::Kind::File => false,
            // What it leads to is denied as well.
            pinfold_plan::Kind::Link { .. } => return None,
        };
        matcher.covers(&path, directory).then_some((path, directory))
    })
}
