//! Where what is on a screen of some size.

use ratatui::layout::Rect;

/// The smallest screen that there is a page for.
pub(super) const COLUMNS_MIN: u16 = 40;
pub(super) const ROWS_MIN: u16 = 10;

/// From here on tree and diff are side by side.
const BESIDE: u16 = 72;
/// How wide the tree is at most where both are.
const TREE_MAX: u16 = 56;
/// The title above, and the keys below.
const AROUND: u16 = 2;
/// How many rows the panes keep, whatever there is to say.
const PANES_MIN: u16 = 4;
/// How many rows there are at most for what is to say.
const WORDS_MAX: u16 = 7;

/// The two parts of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    Tree,
    Diff,
}

/// Where they are; nothing: one at a time is shown, or the screen is too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Layout {
    pub(super) tree: Option<Rect>,
    pub(super) diff: Option<Rect>,
}

impl Layout {
    /// On a screen of that size, with keys going to one of them, and so many rows of words below.
    pub(super) fn of((columns, rows): (u16, u16), focus: Pane, words: u16) -> Self {
        if columns < COLUMNS_MIN || rows < ROWS_MIN {
            return Self::default();
        }
        let all = Rect { x: 0, y: 1, width: columns, height: rows - AROUND - words };
        if columns >= BESIDE {
            let width = (columns * 2 / 5).min(TREE_MAX);
            let tree = Rect { width, ..all };
            // A line is between them.
            let diff = Rect { x: width + 1, width: columns - width - 1, ..all };
            return Self { tree: Some(tree), diff: Some(diff) };
        }
        match focus {
            Pane::Tree => Self { tree: Some(all), diff: None },
            Pane::Diff => Self { tree: None, diff: Some(all) },
        }
    }

    /// How many rows there are on such a screen for words that would fill so many.
    pub(super) fn words((_, rows): (u16, u16), words: usize) -> u16 {
        let most = rows.saturating_sub(AROUND + PANES_MIN).min(WORDS_MAX);
        u16::try_from(words).unwrap_or(u16::MAX).clamp(1, most.max(1))
    }

    /// How many rows a pane has for what scrolls; the diff has its file's name above.
    pub(super) fn height(&self, pane: Pane) -> usize {
        match pane {
            Pane::Tree => self.tree.map_or(0, |area| area.height.into()),
            Pane::Diff => self.diff.map_or(0, |area| area.height.saturating_sub(1).into()),
        }
    }
}
