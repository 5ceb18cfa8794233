//! Two texts that were one, made one again.

use std::ops::Range;

use crate::lines::{Difference, Matching, differences, lines};

/// What has become of two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// One, in which the changes of both are made.
    Clean(Vec<u8>),
    /// Both have changed the same lines, or lines next to each other.
    Conflicts(Vec<Conflicting>),
}

/// Lines that were changed on both sides, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflicting {
    /// What they were.
    pub base: Range<usize>,
    /// What the one has made of them.
    pub theirs: Range<usize>,
    /// What the other has made of them.
    pub mine: Range<usize>,
}

/// Makes the changes of both texts since they were one. Line breaks stay as they are.
///
/// Lines that are there more than once can be matched in several ways, and then it can depend on that whether two changes
/// meet. So a result counts only if two ways of matching lead to it.
pub fn merge(base: &[u8], theirs: &[u8], mine: &[u8]) -> Merged {
    let first = merge_by(base, theirs, mine, Matching::Shortest);
    if let Merged::Clean(one) = &first {
        let second = merge_by(base, theirs, mine, Matching::Readable);
        match &second {
            Merged::Clean(other) if one == other => {}
            Merged::Clean(_) => return Merged::Conflicts(vec![everything(base, theirs, mine)]),
            Merged::Conflicts(_) => return second,
        }
    }
    first
}

fn everything(base: &[u8], theirs: &[u8], mine: &[u8]) -> Conflicting {
    Conflicting { base: 0..lines(base).len(), theirs: 0..lines(theirs).len(), mine: 0..lines(mine).len() }
}

fn merge_by(base: &[u8], theirs: &[u8], mine: &[u8], matching: Matching) -> Merged {
    let changes = Both { theirs: differences(base, theirs, matching), mine: differences(base, mine, matching) };
    let (base, theirs, mine) = (lines(base), lines(theirs), lines(mine));
    let mut text = Vec::new();
    let mut conflicts = Vec::new();
    let mut next = 0;
    for group in changes.groups() {
        text.extend_from_slice(&base[next..group.base.start]);
        next = group.base.end;
        let (new, old) = (&theirs[group.theirs.clone()], &mine[group.mine.clone()]);
        match group.by {
            By::Theirs => text.extend_from_slice(new),
            By::Mine => text.extend_from_slice(old),
            By::Both if new == old => text.extend_from_slice(new),
            By::Both => {
                conflicts.push(Conflicting { base: group.base, theirs: group.theirs, mine: group.mine });
            }
        }
    }
    text.extend_from_slice(&base[next..]);
    if conflicts.is_empty() { Merged::Clean(text.concat()) } else { Merged::Conflicts(conflicts) }
}

/// The changes of both sides.
struct Both {
    theirs: Vec<Difference>,
    mine: Vec<Difference>,
}

/// Changes that overlap or touch, as the lines from the first to the last of them.
struct Group {
    base: Range<usize>,
    theirs: Range<usize>,
    mine: Range<usize>,
    by: By,
}

/// Who has changed lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Theirs,
    Mine,
    Both,
}

impl Both {
    fn groups(&self) -> Vec<Group> {
        let (mut theirs, mut mine) = (Side::new(&self.theirs), Side::new(&self.mine));
        let mut groups = Vec::new();
        while let Some(start) = theirs.next_start().into_iter().chain(mine.next_start()).min() {
            let mut end = start;
            // One that begins where the group ends so far belongs to it.
            while theirs.take(&mut end) || mine.take(&mut end) {}
            let by = match (theirs.is_changed(), mine.is_changed()) {
                (true, false) => By::Theirs,
                (false, true) => By::Mine,
                _ => By::Both,
            };
            let base = start..end;
            groups.push(Group { theirs: theirs.finish(&base), mine: mine.finish(&base), base, by });
        }
        groups
    }
}

/// How far one side has been gone through.
struct Side<'a> {
    rest: &'a [Difference],
    /// How many lines it has more than the base by now, and had before the group.
    now: isize,
    before: isize,
    changed: bool,
}

impl<'a> Side<'a> {
    fn new(rest: &'a [Difference]) -> Self {
        Self { rest, now: 0, before: 0, changed: false }
    }

    fn next_start(&self) -> Option<usize> {
        self.rest.first().map(|next| next.old.start)
    }

    /// Takes the next change if it begins within the group, which then ends no earlier than the change.
    fn take(&mut self, end: &mut usize) -> bool {
        let Some((next, rest)) = self.rest.split_first() else { return false };
        if next.old.start > *end {
            return false;
        }
        *end = (*end).max(next.old.end);
        self.now += next.new.len().cast_signed() - next.old.len().cast_signed();
        self.changed = true;
        self.rest = rest;
        true
    }

    fn is_changed(&self) -> bool {
        self.changed
    }

    /// The lines of this side that stand where those of the base stood.
    fn finish(&mut self, base: &Range<usize>) -> Range<usize> {
        let moved = |line: usize, by: isize| line.saturating_add_signed(by);
        let lines = moved(base.start, self.before)..moved(base.end, self.now);
        self.before = self.now;
        self.changed = false;
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(base: &str, theirs: &str, mine: &str) -> Option<String> {
        match merge(base.as_bytes(), theirs.as_bytes(), mine.as_bytes()) {
            Merged::Clean(text) => Some(String::from_utf8(text).unwrap()),
            Merged::Conflicts(_) => None,
        }
    }

    #[test]
    fn changes_apart_from_each_other_are_both_made() {
        assert_eq!(clean("1\n2\n3\n", "0\n1\n2\n3\n", "1\n2\n3\n4"), Some("0\n1\n2\n3\n4".into()));
        assert_eq!(clean("1\r\n2\r\n3\r\n", "x\r\n2\r\n3\r\n", "1\r\n2\r\n"), Some("x\r\n2\r\n".into()));
    }

    #[test]
    fn the_same_change_is_made_once() {
        assert_eq!(clean("1\n2\n3\n", "1\nx\n3\n", "1\nx\n3\n"), Some("1\nx\n3\n".into()));
    }

    #[test]
    fn changes_that_meet_are_conflicts() {
        assert_eq!(clean("1\n2\n3\n", "1\nx\n3\n", "1\ny\n3\n"), None);
        assert_eq!(clean("1\n2\n3\n", "x\n2\n3\n", "1\ny\n3\n"), None);
        let merged = merge(b"1\n2\n3\n", b"0\n1\nx\n3\n", b"1\ny\ny\n3\n");
        let conflict = Conflicting { base: 1..2, theirs: 2..3, mine: 1..3 };
        assert!(matches!(merged, Merged::Conflicts(found) if found == [conflict]));
    }
}
