//! Lines that change, with those around them.

use std::ops::Range;

use crate::lines::{self, Difference, Matching};

/// How many lines are shown before and after.
const CONTEXT: usize = 3;

/// A part of a file in which lines change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The lines of the old text, counted from 0.
    pub old: Range<usize>,
    /// Those of the new text.
    pub new: Range<usize>,
    /// Both, in the order in which they are shown.
    pub lines: Vec<Line>,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// In which texts it is.
    pub kind: LineKind,
    /// With the line break that ends it; only the last line of a text can be without.
    pub text: Vec<u8>,
}

/// In which texts a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// In both.
    Context,
    /// In the old one.
    Removed,
    /// In the new one.
    Added,
}

/// What differs between two texts.
pub fn hunks(old: &[u8], new: &[u8]) -> Vec<Hunk> {
    let differences = lines::differences(old, new, Matching::Readable);
    let (old, new) = (lines::lines(old), lines::lines(new));
    together(&differences).into_iter().map(|group| hunk(group, &old, &new)).collect()
}

/// Those that are so near to each other that what is shown of both would meet.
fn together(differences: &[Difference]) -> Vec<&[Difference]> {
    differences.chunk_by(|one, next| next.old.start - one.old.end <= 2 * CONTEXT).collect()
}

fn hunk(group: &[Difference], old: &[&[u8]], new: &[&[u8]]) -> Hunk {
    let (first, last) = (&group[0], &group[group.len() - 1]);
    let before = first.old.start.min(CONTEXT);
    let after = (old.len() - last.old.end).min(CONTEXT);
    let ranges = (first.old.start - before..last.old.end + after, first.new.start - before..last.new.end + after);
    let mut lines = Vec::new();
    let mut add = |kind, texts: &[&[u8]]| {
        lines.extend(texts.iter().map(|text| Line { kind, text: text.to_vec() }));
    };
    let mut next = ranges.0.start;
    for difference in group {
        add(LineKind::Context, &old[next..difference.old.start]);
        add(LineKind::Removed, &old[difference.old.clone()]);
        add(LineKind::Added, &new[difference.new.clone()]);
        next = difference.old.end;
    }
    add(LineKind::Context, &old[next..ranges.0.end]);
    Hunk { old: ranges.0, new: ranges.1, lines }
}

/// The old text with only some hunks made, by their place in the list. Of another text than the hunks are about, something is
/// made that means nothing.
pub fn choose(old: &[u8], hunks: &[Hunk], chosen: impl Fn(usize) -> bool) -> Vec<u8> {
    let lines = lines::lines(old);
    let mut text = Vec::with_capacity(old.len());
    let mut next = 0;
    for (index, hunk) in hunks.iter().enumerate() {
        between(&lines, next, hunk.old.start).iter().for_each(|line| text.extend_from_slice(line));
        let dropped = if chosen(index) { LineKind::Removed } else { LineKind::Added };
        hunk.lines.iter().filter(|line| line.kind != dropped).for_each(|line| text.extend_from_slice(&line.text));
        next = hunk.old.end;
    }
    between(&lines, next, lines.len()).iter().for_each(|line| text.extend_from_slice(line));
    text
}

fn between<'a, 'b>(lines: &'b [&'a [u8]], start: usize, end: usize) -> &'b [&'a [u8]] {
    lines.get(start..end).unwrap_or_default()
}
