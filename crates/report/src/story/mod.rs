//! What is told of a session, gathered in one pass over its events and of a limited size.

mod changes;
mod described;
mod network;
mod refusals;
mod timeline;

use pinfold_ledger::event::{End, Severity, Start};
use pinfold_ledger::{Event, Record, Timestamp};

pub(crate) use changes::{Changes, Node};
pub(crate) use network::{Host, Network};
pub(crate) use refusals::Refusals;
pub(crate) use timeline::{Row, Slice, Timeline, Tone};

use crate::limits::ITEMS_MAX;

/// A session as the page tells it.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) start: Option<Box<Start>>,
    pub(crate) end: Option<End>,
    pub(crate) events: u64,
    /// The times of the first and the last event.
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
    pub(crate) commands: u64,
    pub(crate) changes: Changes,
    pub(crate) network: Network,
    pub(crate) refusals: Refusals,
    pub(crate) traps: Kept<Trap>,
    pub(crate) quarantined: Kept<(String, String)>,
    pub(crate) notes: Kept<String>,
    pub(crate) timeline: Timeline,
}

/// A file that something outside would execute.
#[derive(Debug)]
pub(crate) struct Trap {
    pub(crate) path: String,
    pub(crate) line: Option<u64>,
    pub(crate) rule: String,
    pub(crate) severity: Severity,
    pub(crate) when: String,
    pub(crate) text: String,
}

/// A list of the first things, and how many more there were.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    pub(crate) items: Vec<T>,
    pub(crate) more: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { items: Vec::new(), more: 0 }
    }
}

impl<T> Kept<T> {
    fn push(&mut self, item: T, most: usize) {
        if self.items.len() < most {
            self.items.push(item);
        } else {
            self.more += 1;
        }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.items.len() as u64 + self.more
    }
}

impl Story {
    /// Gathers what is told of some events, which come in their order.
    pub(crate) fn of(records: impl IntoIterator<Item = Record>) -> Self {
        let mut story = Self::default();
        for record in records {
            story.add(record);
        }
        story.traps.items.sort_by_key(|trap| std::cmp::Reverse(trap.severity));
        story
    }

    fn add(&mut self, Record { seq: _, time, cut: _, event }: Record) {
        self.events += 1;
        self.first.get_or_insert(time);
        self.last = Some(time);
        self.timeline.add(time, &event);
        self.refusals.add(&event);
        self.network.add(&event);
        match event {
            Event::Start(start) => self.start = Some(start),
            Event::End(end) => self.end = Some(end),
            Event::Exec { .. } => self.commands += 1,
            Event::Change { path, what, from, size, sha256: _ } => self.changes.add(path, what, from, size),
            Event::Trap { path, line, rule, severity, when, text } => {
                let (path, text) = (path.to_string(), text.to_string());
                self.traps.push(Trap { path, line, rule, severity, when, text }, ITEMS_MAX);
            }
            Event::Quarantined { path, moved_to } => {
                self.quarantined.push((path.to_string(), moved_to.to_string()), ITEMS_MAX);
            }
            Event::Note { text } => self.notes.push(text, ITEMS_MAX),
            _ => {}
        }
    }

    /// How long it was, in milliseconds.
    pub(crate) fn duration_ms(&self) -> u64 {
        let between =
            |(first, last): (Timestamp, Timestamp)| last.nanoseconds().saturating_sub(first.nanoseconds()) / 1_000_000;
        let seen = self.first.zip(self.last).map_or(0, between);
        self.end.as_ref().map_or(seen, |end| end.duration_ms)
    }
}
