//! One pass over a log: places, tree, and the roots that were signed. As fast as hashing goes.

use std::path::PathBuf;
use std::sync::Arc;

use crate::checkpoint::{self, Checkpoint, origin};
use crate::flaw::What;
use crate::key::{PrivateKey, PublicKey};
use crate::line::{Line, genuine};
use crate::lines::Lines;
use crate::merkle::{Frontier, Hash, leaf};
use crate::{LedgerError, Timestamp};

/// A log, and what it is verified by.
pub(crate) struct Log<'a> {
    /// Nothing for the log of sessions.
    pub(crate) session: Option<&'a str>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) public: &'a PublicKey,
    /// With it, the very line that is wrong can be named.
    pub(crate) private: Option<&'a Arc<PrivateKey>>,
    /// What the log must agree with, the shortest first.
    pub(crate) marks: Vec<Mark>,
    /// Is the last mark its whole length?
    pub(crate) closed: bool,
    /// The names of sessions whose lines may have got here.
    pub(crate) others: &'a [String],
}

/// The log once was so long, with this root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

/// What a log is that has no flaw.
#[derive(Debug, Default)]
pub(crate) struct Extent {
    /// The tree of all whole lines.
    pub(crate) tree: Frontier,
    /// How many of them are signed.
    pub(crate) signed: u64,
    /// How many of them are events.
    pub(crate) events: u64,
    /// Bytes of a last line that was not finished.
    pub(crate) torn_bytes: u64,
    /// Is the last event the end of the session?
    pub(crate) ended: bool,
    /// The first line whose moment is before that of the line before.
    pub(crate) clock_back: Option<u64>,
}

/// Where something does not fit, which is not always where it is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspicion {
    pub(crate) seq: u64,
    pub(crate) what: What,
}

/// Lines of several threads may be written in another order than they were made, a moment later. No clock is set back for
/// that.
fn was_set_back(before: &[u8], now: &[u8]) -> bool {
    const A_MOMENT_NS: u64 = 1_000_000_000;
    let nanoseconds = |text| Some(Timestamp::parse(std::str::from_utf8(text).ok()?)?.nanoseconds());
    let (before, now) = (nanoseconds(before).unwrap_or_default(), nanoseconds(now).unwrap_or_default());
    before.saturating_sub(now) > A_MOMENT_NS
}

impl Log<'_> {
    /// Goes over the log once, and tells each whole line.
    pub(super) fn pass(
        &self,
        mut each: impl FnMut(&[u8]) -> Result<(), What>,
    ) -> Result<Result<Extent, Suspicion>, LedgerError> {
        let origin = origin(self.session);
        let mut lines = Lines::new(self.files.clone());
        let mut marks = self.marks.iter().peekable();
        let mut extent = Extent::default();
        let mut last: Option<(Checkpoint, Vec<u8>)> = None;
        let mut time = Vec::new();
        loop {
            let seq = extent.tree.size();
            let wrong = |what| Ok(Err(Suspicion { seq, what }));
            while let Some(mark) = marks.next_if(|mark| mark.size == seq) {
                if mark.root != extent.tree.root() {
                    return wrong(What::Other);
                }
            }
            let Some(piece) = lines.next()? else { break };
            if self.closed && marks.peek().is_none() {
                return wrong(What::Added);
            }
            if !piece.whole {
                extent.torn_bytes = piece.bytes.len() as u64;
                if lines.next()?.is_some() {
                    return wrong(What::Changed);
                }
                break;
            }
            let Some(line) = Line::parse(piece.bytes) else { return wrong(What::Changed) };
            if line.seq != seq {
                return wrong(What::Missing);
            }
            if line.is_checkpoint() {
                match checkpoint::from_line(piece.bytes, &origin, self.public) {
                    Some((checkpoint, _)) if checkpoint.root == extent.tree.root() => {
                        last = Some((checkpoint, piece.bytes.to_vec()));
                    }
                    Some(_) => return wrong(What::Other),
                    None => return wrong(What::Changed),
                }
                extent.signed = seq + 1;
            } else {
                extent.events += 1;
                extent.ended = line.is_end();
            }
            let earlier = line.time < time.as_slice();
            if earlier && was_set_back(&time, line.time) {
                extent.clock_back.get_or_insert(seq);
            }
            if !earlier || extent.clock_back == Some(seq) {
                time.clear();
                time.extend_from_slice(line.time);
            }
            if let Err(what) = each(piece.bytes) {
                return wrong(what);
            }
            extent.tree.push(leaf(piece.bytes));
        }
        let seq = extent.tree.size();
        if marks.peek().is_some() {
            return Ok(Err(Suspicion { seq, what: What::CutOff }));
        }
        // Where everything is covered by a mark, that is signed elsewhere.
        match last.filter(|_| !self.closed) {
            Some((last, _)) if !last.is_of(&origin, self.public) => {
                Ok(Err(Suspicion { seq: last.size, what: What::Signature }))
            }
            // Its sum is covered by nothing yet.
            Some((last, line)) if self.private.is_some_and(|key| !genuine(&line, &key.sums(&origin))) => {
                Ok(Err(Suspicion { seq: last.size, what: What::Changed }))
            }
            _ => Ok(Ok(extent)),
        }
    }
}
