//! Moving through the tree and through a diff.

use super::layout::Pane;
use super::page::Page;
use crate::keys::Key;

/// How far a diff moves to the side at once.
const ASIDE: usize = 8;

/// Where keys go.
#[derive(Debug)]
pub(super) struct Focus {
    pub(super) pane: Pane,
    /// The node that is looked at, and the first row that is shown, counted in visible ones.
    pub(super) node: usize,
    pub(super) top: usize,
    /// The line of its diff, the first that is shown, and how far that is moved to the side.
    pub(super) line: usize,
    pub(super) first: usize,
    pub(super) aside: usize,
}

impl Default for Focus {
    fn default() -> Self {
        Self { pane: Pane::Tree, node: 0, top: 0, line: 0, first: 0, aside: 0 }
    }
}

impl Page {
    pub(super) fn turn(&mut self) {
        self.focus.pane = match self.focus.pane {
            Pane::Tree => Pane::Diff,
            Pane::Diff => Pane::Tree,
        };
    }

    pub(super) fn press_in_tree(&mut self, key: Key) {
        let page = self.layout().height(Pane::Tree).max(2) - 1;
        match key {
            Key::Up | Key::Letter('k') => self.go(|at, _| at.saturating_sub(1)),
            Key::Down | Key::Letter('j') => self.go(|at, _| at + 1),
            Key::PageUp => self.go(|at, _| at.saturating_sub(page)),
            Key::PageDown => self.go(|at, _| at + page),
            Key::Home | Key::Letter('g') => self.go(|_, _| 0),
            Key::End | Key::Letter('G') => self.go(|_, count| count),
            Key::Right | Key::Letter('l') => {
                let is_open = self.node().is_some_and(|node| node.is_folder && !node.folded);
                if is_open {
                    self.go(|at, _| at + 1);
                } else if !self.tree.fold(self.focus.node, false) {
                    self.focus.pane = Pane::Diff;
                }
            }
            Key::Left | Key::Letter('h') => {
                if !self.tree.fold(self.focus.node, true)
                    && let Some(above) = self.tree.above(self.focus.node)
                {
                    self.look_at(above);
                }
            }
            _ => {}
        }
    }

    pub(super) fn press_in_diff(&mut self, key: Key) {
        let page = self.layout().height(Pane::Diff).max(2) - 1;
        let last = self.view().map_or(0, |view| view.lines.len().saturating_sub(1));
        let hunks: Vec<usize> = self.view().map_or(vec![], |view| view.hunks.iter().map(|hunk| hunk.start).collect());
        let focus = &mut self.focus;
        match key {
            Key::Up | Key::Letter('k') => focus.line = focus.line.saturating_sub(1),
            Key::Down | Key::Letter('j') => focus.line += 1,
            Key::PageUp => focus.line = focus.line.saturating_sub(page),
            Key::PageDown => focus.line += page,
            Key::Home | Key::Letter('g') => focus.line = 0,
            Key::End | Key::Letter('G') => focus.line = last,
            Key::Letter('n') => {
                focus.line = hunks.into_iter().find(|start| *start > focus.line).unwrap_or(focus.line);
                focus.first = focus.line;
            }
            Key::Letter('p') => {
                focus.line = hunks.into_iter().rev().find(|start| *start < focus.line).unwrap_or(focus.line);
            }
            Key::Letter('J') => return self.go_on(true),
            Key::Letter('K') => return self.go_on(false),
            Key::Right | Key::Letter('l') => focus.aside += ASIDE,
            Key::Left | Key::Letter('h') if focus.aside > 0 => focus.aside = focus.aside.saturating_sub(ASIDE),
            Key::Left | Key::Letter('h') | Key::Escape => focus.pane = Pane::Tree,
            _ => {}
        }
        self.focus.line = self.focus.line.min(last);
    }

    /// Goes to another visible row of the tree, by where it is now and how many there are.
    fn go(&mut self, to: impl Fn(usize, usize) -> usize) {
        let visible = self.tree.visible();
        let at = visible.partition_point(|node| *node < self.focus.node);
        let to = to(at, visible.len()).min(visible.len().saturating_sub(1));
        if let Some(node) = visible.get(to) {
            self.look_at(*node);
        }
    }

    /// To the next diff, or the last one.
    fn go_on(&mut self, down: bool) {
        let visible = self.tree.visible();
        let has_diff =
            |node: &&usize| self.tree.node(**node).is_some_and(|node| node.entry.is_some() && !node.is_folder);
        let next = match down {
            true => visible.iter().find(|node| **node > self.focus.node && has_diff(node)),
            false => visible.iter().rev().find(|node| **node < self.focus.node && has_diff(node)),
        };
        if let Some(node) = next {
            self.look_at(*node);
            self.focus.pane = Pane::Diff;
        }
    }

    fn look_at(&mut self, node: usize) {
        if node != self.focus.node {
            self.focus = Focus { node, top: self.focus.top, ..Focus::default() };
        }
    }

    /// Keeps what is looked at on the screen.
    pub(super) fn scroll(&mut self) {
        let layout = self.layout();
        let visible = self.tree.visible();
        let at = visible.partition_point(|node| *node < self.focus.node);
        let rows = layout.height(Pane::Tree);
        let lines = self.view().map_or(0, |view| view.lines.len());
        let focus = &mut self.focus;
        if rows > 0 {
            let last = visible.len().saturating_sub(rows);
            focus.top = focus.top.clamp((at + 1).saturating_sub(rows), at).min(last);
        }
        let height = layout.height(Pane::Diff);
        if height > 0 {
            let last = lines.saturating_sub(height);
            focus.first = focus.first.clamp((focus.line + 1).saturating_sub(height), focus.line).min(last);
        }
    }
}
