//! What happened when, in parts of equal length: few enough to be read, however long the session was.

use pinfold_ledger::{Event, Timestamp};

use super::described::described;
use crate::limits::{NOTABLE_MAX, ORDINARY_MAX, SLICES_MAX};
use crate::shown;

const SECOND: u64 = 1_000_000_000;

/// The parts, in their order.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    pub(crate) slices: Vec<Slice>,
    begun: Option<Timestamp>,
    /// How long a part is, in seconds: the double as soon as there are too many.
    seconds: u64,
}

/// What happened in a part of the time.
#[derive(Debug)]
pub(crate) struct Slice {
    /// Its place among parts of that length.
    place: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// How many events of each kind, by the names that rows have.
    pub(crate) counts: Vec<(&'static str, u64)>,
    pub(crate) rows: Vec<Row>,
    /// Events that there was no room for.
    pub(crate) more: u64,
}

/// An event in one line.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) time: Timestamp,
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

/// How an event is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it comes.
    Plain,
    /// Somebody decided something.
    Decided,
    /// It was not let through.
    Refused,
    /// It would have run outside.
    Warning,
}

impl Timeline {
    pub(super) fn add(&mut self, time: Timestamp, event: &Event) {
        let begun = *self.begun.get_or_insert(time);
        self.seconds = self.seconds.max(1);
        // A clock that was set back does not turn the order around.
        let last = self.slices.last().map_or(0, |slice| slice.place);
        let place = |seconds| time.nanoseconds().saturating_sub(begun.nanoseconds()) / (seconds * SECOND);
        if place(self.seconds) > last && self.slices.len() >= SLICES_MAX {
            self.halve();
        }
        let place = place(self.seconds).max(self.slices.last().map_or(0, |slice| slice.place));
        if self.slices.last().is_none_or(|slice| slice.place != place) {
            self.slices.push(Slice { place, first: time, last: time, counts: Vec::new(), rows: Vec::new(), more: 0 });
        }
        let Some(slice) = self.slices.last_mut() else { return };
        slice.last = time;
        let (kind, text, tone) = described(event);
        slice.count(kind, 1);
        slice.keep(Row { time, kind, text: shown::text(&text), tone });
    }

    /// Makes parts of the double length of those there are, until there is room for another.
    fn halve(&mut self) {
        while self.slices.len() >= SLICES_MAX {
            self.seconds = self.seconds.saturating_mul(2);
            let mut joined: Vec<Slice> = Vec::with_capacity(SLICES_MAX);
            for mut slice in self.slices.drain(..) {
                slice.place /= 2;
                match joined.last_mut().filter(|last| last.place == slice.place) {
                    Some(last) => last.join(slice),
                    None => joined.push(slice),
                }
            }
            self.slices = joined;
        }
    }
}

impl Slice {
    fn count(&mut self, kind: &'static str, many: u64) {
        match self.counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += many,
            None => self.counts.push((kind, many)),
        }
    }

    fn keep(&mut self, row: Row) {
        let notable = row.tone != Tone::Plain;
        let alike = self.rows.iter().filter(|kept| (kept.tone != Tone::Plain) == notable).count();
        if alike < if notable { NOTABLE_MAX } else { ORDINARY_MAX } {
            self.rows.push(row);
        } else {
            self.more += 1;
        }
    }

    fn join(&mut self, next: Slice) {
        self.last = next.last;
        self.more += next.more;
        next.counts.into_iter().for_each(|(kind, count)| self.count(kind, count));
        next.rows.into_iter().for_each(|row| self.keep(row));
    }

    /// Is there anything that somebody should see?
    pub(crate) fn notable(&self) -> bool {
        self.rows.iter().any(|row| row.tone != Tone::Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_session_has_as_many_parts_as_a_short_one_and_loses_nothing_notable() {
        let mut timeline = Timeline::default();
        for second in 0..200_000_u64 {
            let event = match second % 5000 {
                7 => Event::Quarantined { path: "/w/.envrc".into(), moved_to: "/q/1".into() },
                _ => Event::Note { text: "so".into() },
            };
            timeline.add(Timestamp::from_nanoseconds(second * SECOND), &event);
        }
        assert!((SLICES_MAX / 2..=SLICES_MAX).contains(&timeline.slices.len()), "{}", timeline.slices.len());
        let total = |slice: &Slice| slice.rows.len() as u64 + slice.more;
        assert_eq!(timeline.slices.iter().map(total).sum::<u64>(), 200_000);
        let notable = timeline.slices.iter().flat_map(|slice| &slice.rows).filter(|row| row.tone == Tone::Warning);
        assert_eq!(notable.count(), 40);
    }

    #[test]
    fn a_clock_that_jumps_does_no_harm() {
        let mut timeline = Timeline::default();
        for time in [u64::MAX / 2, 0, u64::MAX, 5, u64::MAX] {
            timeline.add(Timestamp::from_nanoseconds(time), &Event::Note { text: "so".into() });
        }
        assert_eq!(timeline.slices.iter().map(|slice| slice.rows.len()).sum::<usize>(), 5);
    }
}
