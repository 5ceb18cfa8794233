//! The tree of what has changed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::choose::{Chosen, Share};
use super::draw::{Look, put};
use super::entry::{Entry, Standing};
use super::layout::Pane;
use super::page::Page;
use super::text::{cut, right_of, width};
use super::tree::Node;
use super::view::Amount;
use crate::linux::stage::points::size;

/// How far names move to the right at most, for their depth.
const INDENT_MAX: usize = 16;

/// Draws as many of its rows as there is room for.
pub(super) fn draw(frame: &mut Frame<'_>, page: &Page, area: Rect, look: Look) {
    let visible = page.tree.visible();
    for (y, number) in (area.y..area.bottom()).zip(visible.iter().skip(page.focus.top)) {
        let Some(node) = page.tree.node(*number) else { return };
        let row = Rect { y, height: 1, ..area };
        draw_node(frame, page, node, row, look);
        if *number == page.focus.node {
            frame.buffer_mut().set_style(row, look.cursor(page.focus.pane == Pane::Tree));
        }
    }
}

fn draw_node(frame: &mut Frame<'_>, page: &Page, node: &Node, row: Rect, look: Look) {
    let entry = node.entry.map(|entry| &page.entries[entry]);
    let marks = marks(page, node);
    let counts = node.entry.map_or_else(String::new, |entry| amount(page, entry));
    let right = format!("{counts}{}{marks}", if marks.is_empty() || counts.is_empty() { "" } else { " " });
    let chosen = match (page.decision(node), page.share(node.entries.clone())) {
        (Some(Chosen::Mine), _) => "[m] ",
        (Some(_), _) => "[t] ",
        (None, Share::All) => "[x] ",
        (None, Share::Some) => "[-] ",
        (None, Share::None) => "[ ] ",
        (None, Share::Never) => "    ",
    };
    let indent = (2 * node.depth.saturating_sub(1)).min(INDENT_MAX);
    let fold = match (node.is_folder, node.folded) {
        (true, true) => "> ",
        (true, false) => "v ",
        (false, _) => "  ",
    };
    let letter = entry.map_or_else(String::new, |entry| format!("{} ", entry.letter));
    let left = format!("{chosen}{}{fold}{letter}", " ".repeat(indent));
    let room = usize::from(row.width).saturating_sub(width(&left) + width(&right) + 1);
    put(frame, (row.x, row.y), &left, row.width, entry.map_or(Style::new(), |entry| look.in_colour(colour(entry))));
    let x = row.x + u16::try_from(width(&left)).unwrap_or(u16::MAX);
    let weight = if entry.is_none() { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
    put(frame, (x, row.y), &cut(&node.name, room), row.right().saturating_sub(x), weight);
    put(frame, (right_of(row, &right), row.y), &right, row.width, look.in_colour(Color::Cyan));
    put(frame, (right_of(row, &marks), row.y), &marks, row.width, look.warning());
}

fn colour(entry: &Entry) -> Color {
    match entry.letter {
        'A' => Color::Green,
        'D' => Color::Red,
        _ => Color::Reset,
    }
}

/// How much of an entry changes.
fn amount(page: &Page, entry: usize) -> String {
    if let Some(bytes) = page.entries[entry].large {
        return size(bytes);
    }
    match page.diffs.amount(entry) {
        None | Some(Amount::Unsaid | Amount::Lines { added: 0, removed: 0 }) => String::new(),
        Some(Amount::Binary) => "binary".to_owned(),
        Some(Amount::Lines { added, removed: 0 }) => format!("+{added}"),
        Some(Amount::Lines { added: 0, removed }) => format!("-{removed}"),
        Some(Amount::Lines { added, removed }) => format!("+{added} -{removed}"),
    }
}

/// What must not be overlooked: of a folded directory, whatever is in it.
fn marks(page: &Page, node: &Node) -> String {
    let range = match node.entry {
        _ if node.folded => node.entries.clone(),
        Some(entry) => entry..entry + 1,
        None => return String::new(),
    };
    let entries = &page.entries[range];
    let has = |is: &dyn Fn(&Entry) -> bool, mark| if entries.iter().any(is) { mark } else { "" };
    let conflicts = |entry: &Entry| matches!(entry.standing, Standing::Conflicts { .. });
    let merges = |entry: &Entry| matches!(entry.standing, Standing::Merges(_));
    let traps = |entry: &Entry| entry.trap.is_some();
    let ignored = if entries.iter().all(|entry| entry.ignored) { "i" } else { "" };
    [ignored, has(&traps, "!"), has(&conflicts, "x"), has(&merges, "~")].concat()
}
