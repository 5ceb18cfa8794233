//! The changes on one screen: places where many files change that nobody reads one by one are folded into counts.

use std::{collections::HashSet, fmt, path::PathBuf};

use super::{Change, Changes, What, findings::Sighted};
use crate::{Kind, sys};

/// How many groups are named in one line.
const NAMED_GROUPS: usize = 4;

/// Why files are not told one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    /// A `.git` directory.
    Git,
    /// A `node_modules` directory.
    Packages,
    /// A directory with a `CACHEDIR.TAG` (<https://bford.info/cachedir/>) that was there before the run, or that is as
    /// new as the directory itself: putting one into a directory hides nothing in it. Or a `__pycache__`.
    Output,
}

/// A place where many files change that nobody reads one by one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The number of the root.
    pub root: usize,
    /// The directory, relative to the root.
    pub path: PathBuf,
    /// Why it is one.
    pub kind: GroupKind,
}

/// Says which group each change is in; `tags` are the directories with a tag. The changes are sorted, and the groups
/// that are returned are as well.
pub(super) fn group(sighted: &mut [Sighted], tags: &HashSet<(usize, Vec<u8>)>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let (mut last, mut group) = (None::<(usize, Vec<u8>)>, None);
    for sighted in sighted {
        let change = &mut sighted.change;
        let path = sys::bytes(&change.path);
        let above = path.iter().rposition(|&byte| byte == b'/').and_then(|slash| path.get(..slash));
        let above = above.unwrap_or_default();
        if last.as_ref().is_none_or(|(root, path)| (*root, &path[..]) != (change.root, above)) {
            let found = outermost(change.root, above, tags);
            group = found.map(|found| match groups.last() {
                Some(known) if *known == found => groups.len() - 1,
                _ => {
                    groups.push(found);
                    groups.len() - 1
                }
            });
            last = Some((change.root, above.to_vec()));
        }
        change.group = group;
    }
    groups
}

/// The outermost group that a directory is, or is in.
fn outermost(root: usize, path: &[u8], tags: &HashSet<(usize, Vec<u8>)>) -> Option<Group> {
    if path.is_empty() {
        return None;
    }
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(place, _)| place);
    let mut start = 0;
    slashes.chain([path.len()]).find_map(|end| {
        let (name, path) = (path.get(start..end)?, path.get(..end)?);
        start = end + 1;
        let kind = match name {
            b".git" => GroupKind::Git,
            b"node_modules" => GroupKind::Packages,
            b"__pycache__" => GroupKind::Output,
            _ if !tags.is_empty() && tags.contains(&(root, path.to_vec())) => GroupKind::Output,
            _ => return None,
        };
        Some(Group { root, path: sys::path_buf(path), kind })
    })
}

/// How many of each. Directories are not counted, only what is in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New ones.
    pub created: usize,
    /// Modified ones.
    pub modified: usize,
    /// Deleted ones.
    pub deleted: usize,
    /// Those with a new name.
    pub renamed: usize,
}

impl Counts {
    /// All of them.
    pub fn total(self) -> usize {
        self.created + self.modified + self.deleted + self.renamed
    }

    fn add(&mut self, change: &Change) {
        match change.what {
            _ if change.kind == Kind::Directory && change.was.is_none() => {}
            What::Created => self.created += 1,
            What::Modified => self.modified += 1,
            What::Deleted => self.deleted += 1,
            What::Renamed { .. } => self.renamed += 1,
        }
    }
}

impl<'a> FromIterator<&'a Change> for Counts {
    fn from_iter<I: IntoIterator<Item = &'a Change>>(changes: I) -> Self {
        let mut counts = Self::default();
        changes.into_iter().for_each(|change| counts.add(change));
        counts
    }
}

/// Counts instead of changes; shown as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary<'a> {
    /// What is in no group.
    pub files: Counts,
    /// What is in each group; the largest first.
    pub groups: Vec<(&'a Group, Counts)>,
    /// New ones that are only counted.
    pub omitted: usize,
    /// How many places were not seen.
    pub unseen: usize,
}

impl<'a> Summary<'a> {
    pub(super) fn of(changes: &'a Changes) -> Self {
        let mut files = Counts::default();
        let mut groups: Vec<_> = changes.groups.iter().map(|group| (group, Counts::default())).collect();
        for change in &changes.entries {
            match change.group.and_then(|group| groups.get_mut(group)) {
                Some((_, counts)) => counts.add(change),
                None => files.add(change),
            }
        }
        groups.retain(|(_, counts)| counts.total() > 0);
        groups.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.total()));
        Self { files, groups, omitted: changes.omitted, unseen: changes.unseen.len() }
    }
}

/// `12 files changed (3 new, 8 modified, 1 deleted), 2,311 in target/ (build output)`
impl fmt::Display for Summary<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.files.total() {
            0 => formatter.write_str("no files changed")?,
            1 => formatter.write_str("1 file changed")?,
            many => write!(formatter, "{} files changed", Thousands(many))?,
        }
        let Counts { created, modified, deleted, renamed } = self.files;
        let words = [(created, "new"), (modified, "modified"), (deleted, "deleted"), (renamed, "renamed")];
        let words = words.iter().filter(|(count, _)| *count > 0);
        let words: Vec<_> = words.map(|(count, word)| format!("{} {word}", Thousands(*count))).collect();
        if !words.is_empty() {
            write!(formatter, " ({})", words.join(", "))?;
        }
        for (group, counts) in self.groups.iter().take(NAMED_GROUPS) {
            let kind = match group.kind {
                GroupKind::Git => "git's own",
                GroupKind::Packages => "packages",
                GroupKind::Output => "build output",
            };
            // A name may be anything, and the line may go to a terminal.
            let place = group.path.to_string_lossy();
            write!(formatter, ", {} in {}/ ({kind})", Thousands(counts.total()), place.escape_debug())?;
        }
        let others = self.groups.get(NAMED_GROUPS..).unwrap_or_default();
        if !others.is_empty() {
            let total: usize = others.iter().map(|(_, counts)| counts.total()).sum();
            write!(formatter, ", {} in {} more places", Thousands(total), Thousands(others.len()))?;
        }
        if self.omitted > 0 {
            write!(formatter, ", {} more new", Thousands(self.omitted))?;
        }
        match self.unseen {
            0 => Ok(()),
            1 => formatter.write_str("; 1 place was not seen"),
            many => write!(formatter, "; {} places were not seen", Thousands(many)),
        }
    }
}

/// A number with a comma after each three digits.
struct Thousands(usize);

impl fmt::Display for Thousands {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                formatter.write_str(",")?;
            }
            write!(formatter, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_one_line_whatever_there_is_to_tell() {
        let group = |path: &str, kind| Group { root: 0, path: path.into(), kind };
        let (target, odd) = (group("target", GroupKind::Output), group("a\u{1b}[2J/.git", GroupKind::Git));
        let counts = |created, modified, deleted, renamed| Counts { created, modified, deleted, renamed };
        let mut summary = Summary { files: counts(3, 8, 1, 0), groups: Vec::new(), omitted: 0, unseen: 0 };
        assert_eq!(summary.to_string(), "12 files changed (3 new, 8 modified, 1 deleted)");
        summary.groups = vec![(&target, counts(1_002_300, 11, 0, 0)), (&odd, counts(0, 1, 0, 0))];
        summary.files = counts(0, 0, 0, 1);
        let files =
            "1 file changed (1 renamed), 1,002,311 in target/ (build output), 1 in a\\u{1b}[2J/.git/ (git's own)";
        assert_eq!(summary.to_string(), files);
        summary.groups = vec![(&target, counts(1, 1, 1, 1)); 6];
        (summary.files, summary.omitted, summary.unseen) = (Counts::default(), 1000, 2);
        let text = summary.to_string();
        assert!(text.starts_with("no files changed, 4 in target/ (build output), "), "{text}");
        assert!(text.ends_with(", 8 in 2 more places, 1,000 more new; 2 places were not seen"), "{text}");
    }
}
