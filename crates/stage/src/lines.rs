//! Which lines of two texts differ.

use std::ops::Range;

use gix_imara_diff::sources::byte_lines;
use gix_imara_diff::{Algorithm, Diff, InternedInput};

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
pub(crate) fn differences(old: &[u8], new: &[u8], matching: Matching) -> Vec<Difference> {
    let input = InternedInput::new(byte_lines(old), byte_lines(new));
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
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks().map(|hunk| Difference { old: range(hunk.before), new: range(hunk.after) }).collect()
}
