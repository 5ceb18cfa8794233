//! What the log of sessions says about each.

use std::collections::BTreeMap;

use super::Mark;
use crate::flaw::What;
use crate::head::Head;

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) sessions: BTreeMap<String, Known>,
}

/// One session.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// What its log must agree with.
    pub(crate) marks: Vec<Mark>,
    ended: bool,
    /// How many lines its writer had not signed, and how many bytes were cut off.
    pub(super) broken_off: Option<(u64, u64)>,
    pub(super) pruned: bool,
    /// It was lost from the log of sessions, and found again.
    pub(super) found: bool,
}

impl Index {
    /// Adds a record of the log of sessions.
    pub(super) fn add(&mut self, head: Head) -> Result<(), What> {
        let id = head.session();
        if let Head::Begun { session, found } = head {
            let before = self.sessions.insert(session, Known { found, ..Known::default() });
            return if before.is_none() { Ok(()) } else { Err(What::Contradiction) };
        }
        self.sessions.get_mut(id).ok_or(What::Contradiction)?.add(&head)
    }
}

impl Known {
    /// The last mark is the whole length.
    pub(crate) fn is_closed(&self) -> bool {
        self.ended || self.broken_off.is_some()
    }

    fn add(&mut self, head: &Head) -> Result<(), What> {
        let closed = self.is_closed();
        match head {
            Head::Pruned { .. } if closed => self.pruned = true,
            Head::Begun { .. } | Head::Pruned { .. } => return Err(What::Contradiction),
            Head::Running { .. } => {}
            Head::Ended { .. } if !closed => self.ended = true,
            Head::BrokenOff { size, signed, cut_bytes, .. } if !closed => {
                // The last line is the checkpoint with which it was closed.
                self.broken_off = Some((size.saturating_sub(*signed + 1), *cut_bytes));
            }
            Head::Ended { .. } | Head::BrokenOff { .. } => return Err(What::Contradiction),
        }
        if let Some((size, root)) = head.tree() {
            self.marks.push(Mark { size, root });
            // A look at a running session may be written down after its end.
            self.marks.sort_unstable();
        }
        Ok(())
    }
}
