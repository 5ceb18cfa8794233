//! What the page shows, and what keys do; without a terminal, a stage or a clock.

use std::collections::BTreeMap;

use super::choose::Chosen;
use super::diffs::Diffs;
use super::entry::Entry;
use super::help;
use super::layout::{Layout, Pane};
use super::moves::Focus;
use super::question::{Answers, Question};
use super::text::wrapped;
use super::tree::{Node, Tree};
use super::view::View;
use crate::keys::Key;

/// What is to be done outside of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing, and the page is left.
    Leave,
    /// Find out what taking over would mean, and ask.
    Weigh,
    /// Take over what was chosen.
    TakeOver,
    /// Throw the stage away.
    Discard,
    /// Read the stage again.
    LookAgain,
}

/// The page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) stage: String,
    pub(super) entries: Vec<Entry>,
    pub(super) tree: Tree,
    pub(super) chosen: BTreeMap<usize, Chosen>,
    pub(super) answers: Answers,
    pub(super) question: Option<Question>,
    /// What is said once, until the next key.
    pub(super) notice: Option<String>,
    /// The first line of what is told of keys, where that is shown.
    pub(super) helps: Option<usize>,
    pub(super) focus: Focus,
    pub(super) diffs: Diffs,
    size: (u16, u16),
}

impl Page {
    /// A page about a stage; `roots` are the names of its places, `entries` sorted by place and path.
    pub(super) fn new(stage: &str, roots: &[String], entries: Vec<Entry>) -> Self {
        Self { stage: stage.to_owned(), tree: Tree::of(roots, &entries), entries, ..Self::default() }
    }

    /// The screen has that many columns and rows.
    pub(super) fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        self.scroll();
    }

    /// How the screen is parted.
    pub(super) fn layout(&self) -> Layout {
        Layout::of(self.size, self.focus.pane, Layout::words(self.size, self.words().len()))
    }

    /// What is asked or said, in lines of the screen.
    pub(super) fn words(&self) -> Vec<String> {
        let text = self.question.as_ref().map(Question::text).or(self.notice.as_deref());
        text.map_or_else(Vec::new, |text| wrapped(text, self.size.0.into()))
    }

    /// The node that is looked at.
    pub(super) fn node(&self) -> Option<&Node> {
        self.tree.node(self.focus.node)
    }

    /// The entry that is looked at.
    pub(super) fn entry(&self) -> Option<usize> {
        self.node()?.entry
    }

    /// Its diff, if it was read.
    pub(super) fn view(&self) -> Option<&View> {
        self.diffs.get(self.entry()?)
    }

    /// Entries whose diffs are wanted: the one that is looked at, and those on the screen of which
    /// nobody knows yet how much changes, if they are not too large.
    pub(super) fn wanted(&self) -> Vec<usize> {
        let first = self.entry().filter(|entry| self.diffs.get(*entry).is_none());
        let visible = self.tree.visible();
        let on_screen = visible.iter().skip(self.focus.top).take(self.layout().height(Pane::Tree));
        let entries = on_screen.filter_map(|node| self.tree.node(*node)?.entry);
        let is_wanted = |entry: &usize| self.diffs.amount(*entry).is_none() && self.entries[*entry].large.is_none();
        first.into_iter().chain(entries.filter(is_wanted)).collect()
    }

    /// A diff was read.
    pub(super) fn take(&mut self, entry: usize, view: View) {
        let (looked_at, chosen) = (self.entry(), &self.chosen);
        let is_held = |one| Some(one) == looked_at || matches!(chosen.get(&one), Some(Chosen::Hunks(_)));
        self.diffs.take(entry, view, is_held);
        self.scroll();
    }

    /// Asks something, or says that the answers so far have left nothing to ask about.
    pub(super) fn ask(&mut self, question: Option<Question>) {
        if question.is_none() {
            self.notice = Some("nothing is left to be taken over".to_owned());
        }
        self.question = question;
    }

    /// How many changes are not chosen, or in parts only.
    pub(super) fn left(&self) -> usize {
        let is_left = |(number, _): &(usize, &Entry)| matches!(self.chosen.get(number), None | Some(Chosen::Hunks(_)));
        self.entries.iter().enumerate().filter(is_left).map(|(_, entry)| entry.members.len()).sum()
    }

    /// Does what a key says.
    pub(super) fn press(&mut self, key: Key) -> Option<Effect> {
        self.notice = None;
        if key == Key::Interrupt {
            return Some(Effect::Leave);
        }
        if self.layout() == Layout::default() {
            // Nobody sees what it would be about.
            return (key == Key::Letter('q')).then_some(Effect::Leave);
        }
        if let Some(first) = self.helps {
            self.helps = help::next(first, self.size.1);
            return None;
        }
        if let Some(question) = self.question.take() {
            return self.answer(question, key);
        }
        match key {
            Key::Letter('q') => return Some(Effect::Leave),
            Key::Letter('?') => self.helps = Some(0),
            Key::Letter('r') => return Some(Effect::LookAgain),
            Key::Letter('d') => self.ask_to_discard(),
            Key::Letter('a') | Key::Enter => return self.weigh(),
            Key::Letter(' ') => self.choose(),
            Key::Letter('t') => self.decide(Chosen::Theirs),
            Key::Letter('m') => self.decide(Chosen::Mine),
            Key::Tab => self.turn(),
            key => match self.focus.pane {
                Pane::Tree => self.press_in_tree(key),
                Pane::Diff => self.press_in_diff(key),
            },
        }
        self.scroll();
        None
    }

    fn answer(&mut self, question: Question, key: Key) -> Option<Effect> {
        let yes = match key {
            Key::Letter('y') => true,
            Key::Letter('n') => false,
            Key::Escape | Key::Letter('q') => {
                self.notice = Some("nothing was changed".to_owned());
                return None;
            }
            // Nothing else is an answer.
            _ => {
                self.question = Some(question);
                return None;
            }
        };
        match (question, yes) {
            (Question::Trap { path, .. }, yes) => {
                self.answers.insert(path, yes);
                Some(Effect::Weigh)
            }
            (Question::TakeOver { .. }, true) => Some(Effect::TakeOver),
            (Question::Discard { .. }, true) => Some(Effect::Discard),
            (_, false) => {
                self.notice = Some("nothing was changed".to_owned());
                None
            }
        }
    }

    fn ask_to_discard(&mut self) {
        let shown = format!("Throw away the stage {} with all that waits in it, for good?", self.stage);
        self.question = Some(Question::Discard { shown });
    }

    fn weigh(&mut self) -> Option<Effect> {
        if self.chosen.is_empty() {
            self.notice = Some("nothing is chosen yet: space chooses what you are at".to_owned());
            return None;
        }
        // Who has seen more since is asked anew.
        self.answers.clear();
        Some(Effect::Weigh)
    }
}
