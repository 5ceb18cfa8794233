//! Which lines of two texts differ.

use std::collections::HashMap;
use std::ops::Range;

use gix_imara_diff::sources::byte_lines;
use gix_imara_diff::{Algorithm, Diff, InternedInput};

use crate::limits;

/// Lines of one text that stand where others stand in the other. Counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) old: Range<usize>,
    pub(crate) new: Range<usize>,
}

/// How lines are matched that could be matched in several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    /// As a person reads: rare lines first, and whole blocks.
    Readable,
    /// As git merges: as few lines as possible.
    Shortest,
}

/// A text in lines, each with what ends it.
pub(crate) fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// What differs, in order. There is always a line between two of them.
///
/// To match lines that are there many times takes as long as the square of their number. So long texts are matched piece by
/// piece, between lines that are there once, and a long piece without any is told as another one.
pub(crate) fn differences(old: &[u8], new: &[u8], matching: Matching) -> Vec<Difference> {
    let (old, new) = (Text::new(old), Text::new(new));
    if old.count() + new.count() <= limits::MATCHED_LINES {
        return matched(&old, &new, &Difference { old: 0..old.count(), new: 0..new.count() }, matching);
    }
    let mut all = Vec::new();
    for piece in pieces(&old, &new) {
        if piece.old.len() + piece.new.len() <= limits::MATCHED_LINES {
            all.extend(matched(&old, &new, &piece, matching));
        } else {
            all.push(piece);
        }
    }
    all
}

/// A text, and where its lines begin and the last one ends.
struct Text<'a> {
    bytes: &'a [u8],
    starts: Vec<usize>,
}

impl<'a> Text<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let ends = lines(bytes).into_iter().scan(0, |end, line| {
            *end += line.len();
            Some(*end)
        });
        Self { bytes, starts: std::iter::once(0).chain(ends).collect() }
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn part(&self, lines: &Range<usize>) -> &'a [u8] {
        &self.bytes[self.starts[lines.start]..self.starts[lines.end]]
    }

    fn line(&self, number: usize) -> &'a [u8] {
        self.part(&(number..number + 1))
    }
}

fn matched(old: &Text<'_>, new: &Text<'_>, piece: &Difference, matching: Matching) -> Vec<Difference> {
    let input = InternedInput::new(byte_lines(old.part(&piece.old)), byte_lines(new.part(&piece.new)));
    let diff = match matching {
        Matching::Readable => {
            let mut diff = Diff::compute(Algorithm::Histogram, &input);
            diff.postprocess_lines(&input);
            diff
        }
        Matching::Shortest => {
            let mut diff = Diff::compute(Algorithm::Myers, &input);
            diff.postprocess_no_heuristic(&input);
            diff
        }
    };
    let range = |range: Range<u32>, start: usize| range.start as usize + start..range.end as usize + start;
    let moved = |hunk: gix_imara_diff::Hunk| Difference {
        old: range(hunk.before, piece.old.start),
        new: range(hunk.after, piece.new.start),
    };
    diff.hunks().map(moved).collect()
}

/// The pieces between lines that both texts have once, as long as they may be, without the same at the beginning and end.
fn pieces(old: &Text<'_>, new: &Text<'_>) -> Vec<Difference> {
    let shorter = old.count().min(new.count());
    let before = (0..shorter).take_while(|number| old.line(*number) == new.line(*number)).count();
    let ends = |number: &usize| old.line(old.count() - 1 - number) == new.line(new.count() - 1 - number);
    let after = (0..shorter - before).take_while(ends).count();
    let middle = Difference { old: before..old.count() - after, new: before..new.count() - after };
    let mut pieces = Vec::new();
    let (mut start, mut last) = ((before, before), None);
    let end = (middle.old.end, middle.new.end);
    for anchor in anchors(old, new, &middle).into_iter().chain([end]) {
        let length = anchor.0 - start.0 + anchor.1 - start.1;
        if let Some((one, other)) = last.filter(|_| length > limits::MATCHED_LINES) {
            pieces.push(Difference { old: start.0..one, new: start.1..other });
            start = (one + 1, other + 1);
        }
        last = Some(anchor);
    }
    pieces.push(Difference { old: start.0..end.0, new: start.1..end.1 });
    pieces.retain(|piece| !piece.old.is_empty() || !piece.new.is_empty());
    pieces
}

/// Lines that both texts have once in a piece, as many as stand in the same order in both.
fn anchors(old: &Text<'_>, new: &Text<'_>, piece: &Difference) -> Vec<(usize, usize)> {
    let mut once: HashMap<&[u8], [Count; 2]> = HashMap::new();
    for (side, text, range) in [(0, old, &piece.old), (1, new, &piece.new)] {
        for number in range.clone() {
            once.entry(text.line(number)).or_default()[side].see(number);
        }
    }
    let pairs = piece.old.clone().filter_map(|number| match once.get(old.line(number)) {
        Some([Count::Once(one), Count::Once(other)]) => Some((*one, *other)),
        _ => None,
    });
    rising(&pairs.collect::<Vec<_>>())
}

/// How often a line is there.
#[derive(Clone, Copy, Default)]
enum Count {
    #[default]
    Never,
    Once(usize),
    Often,
}

impl Count {
    fn see(&mut self, number: usize) {
        *self = if matches!(self, Self::Never) { Self::Once(number) } else { Self::Often };
    }
}

/// The longest list in which both numbers rise, of one in which the first do.
fn rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length the pair with which such a list ends lowest, and for each pair the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous = vec![None; pairs.len()];
    for (index, (_, number)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *number);
        previous[index] = length.checked_sub(1).map(|before| ends[before]);
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let last = ends.last().copied();
    let mut list: Vec<_> = std::iter::successors(last, |index| previous[*index]).map(|index| pairs[index]).collect();
    list.reverse();
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The old text with the differences made.
    fn made(old: &[u8], new: &[u8]) -> Vec<u8> {
        let differences = differences(old, new, Matching::Readable);
        let (old, new) = (lines(old), lines(new));
        let mut text = Vec::new();
        let mut next = 0;
        for difference in &differences {
            assert!(next == 0 || difference.old.start > next, "no line between two");
            text.extend(old[next..difference.old.start].concat());
            text.extend(new[difference.new.clone()].concat());
            next = difference.old.end;
        }
        text.extend(old[next..].concat());
        text
    }

    #[test]
    fn long_texts_are_matched_between_lines_that_are_there_once() {
        let numbered = |from: usize| (from..from + limits::MATCHED_LINES).flat_map(|n| format!("{n}\n").into_bytes());
        let old: Vec<u8> = numbered(0).collect();
        let mut new: Vec<u8> = b"first\n".iter().copied().chain(numbered(1)).collect();
        new.extend(b"70000\nlast");
        let differences = differences(&old, &new, Matching::Readable);
        assert_eq!(differences.len(), 2);
        assert_eq!(made(&old, &new), new);
        assert_eq!(made(&new, &old), old);
    }

    #[test]
    fn very_many_equal_lines_are_told_as_a_whole() {
        let old = b"a\n".repeat(limits::MATCHED_LINES);
        let new: Vec<u8> =
            (0..limits::MATCHED_LINES).flat_map(|n| if n % 3 == 1 { *b"b\n" } else { *b"a\n" }).collect();
        let differences = differences(&old, &new, Matching::Shortest);
        assert_eq!(differences.len(), 1);
        assert_eq!(made(&old, &new), new);
    }
}
