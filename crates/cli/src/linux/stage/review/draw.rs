//! The page on a screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::choose::Chosen;
use super::entry::Standing;
use super::layout::{COLUMNS_MIN, Layout, Pane, ROWS_MIN};
use super::page::Page;
use super::question::Question;
use super::text::{cut, right_of, width, wrapped};
use super::{draw_diff, draw_tree, help};

/// How things look: in colours, or by weight alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    coloured: bool,
}

impl Look {
    pub(super) fn new(coloured: bool) -> Self {
        Self { coloured }
    }

    /// In a colour, where there are any.
    pub(super) fn in_colour(self, colour: Color) -> Style {
        if self.coloured { Style::new().fg(colour) } else { Style::new() }
    }

    /// What must not be overlooked.
    pub(super) fn warning(self) -> Style {
        self.in_colour(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// Where keys go, and where they would go.
    pub(super) fn cursor(self, is_focus: bool) -> Style {
        let modifier = if is_focus { Modifier::REVERSED } else { Modifier::UNDERLINED };
        Style::new().add_modifier(modifier)
    }
}

/// Draws the page as it is.
pub(super) fn draw(frame: &mut Frame<'_>, page: &Page, look: Look) {
    let area = frame.area();
    let layout = page.layout();
    if layout == Layout::default() {
        return too_small(frame, area);
    }
    if let Some(first) = page.helps {
        return help(frame, area, first, look);
    }
    title(frame, page, area);
    if let Some(tree) = layout.tree {
        draw_tree::draw(frame, page, tree, look);
        if layout.diff.is_some() {
            (tree.y..tree.bottom()).for_each(|y| put(frame, (tree.right(), y), "│", 1, Style::new()));
        }
    }
    if let Some(diff) = layout.diff {
        draw_diff::draw(frame, page, diff, look);
    }
    foot(frame, page, area, look);
}

/// Puts words somewhere, as far as they fit.
pub(super) fn put(frame: &mut Frame<'_>, (x, y): (u16, u16), text: &str, width: u16, style: Style) {
    if y < frame.area().bottom() && x < frame.area().right() {
        frame.buffer_mut().set_stringn(x, y, text, width.into(), style);
    }
}

fn too_small(frame: &mut Frame<'_>, area: Rect) {
    let words = format!("This terminal is too small: the page needs {COLUMNS_MIN} by {ROWS_MIN}. q leaves.");
    for (y, line) in (area.y..area.bottom()).zip(wrapped(&words, area.width.into())) {
        put(frame, (area.x, y), &line, area.width, Style::new());
    }
}

fn help(frame: &mut Frame<'_>, area: Rect, first: usize, look: Look) {
    for (y, line) in (area.y..area.bottom() - 1).zip(help::LINES.lines().skip(first)) {
        put(frame, (area.x, y), line, area.width, Style::new());
    }
    put(frame, (area.x, area.bottom() - 1), "any key goes on", area.width, look.warning());
}

fn title(frame: &mut Frame<'_>, page: &Page, area: Rect) {
    let style = Style::new().add_modifier(Modifier::REVERSED);
    put(frame, (0, area.y), &" ".repeat(area.width.into()), area.width, style);
    let right = format!("{} of {} chosen ", page.chosen.len(), page.entries.len());
    let left =
        cut(&format!(" pinfold review  {}", page.stage), usize::from(area.width).saturating_sub(width(&right) + 1));
    put(frame, (0, area.y), &left, area.width, style);
    put(frame, (right_of(area, &right), area.y), &right, area.width, style);
}

/// A question, a message, or what keys there are.
fn foot(frame: &mut Frame<'_>, page: &Page, area: Rect, look: Look) {
    let columns = usize::from(area.width);
    let words = page.words();
    let rows = Layout::words((area.width, area.height), words.len());
    let top = area.bottom() - 1 - rows;
    match words.is_empty() {
        true => put(frame, (0, top), &cut(&detail(page), columns), area.width, Style::new()),
        false => {
            for (y, line) in (top..area.bottom() - 1).zip(&words) {
                put(frame, (0, y), line, area.width, look.warning());
            }
        }
    }
    let keys = page.question.as_ref().map_or_else(|| keys(page), Question::keys);
    put(frame, (0, area.bottom() - 1), &cut(keys, columns), area.width, look.in_colour(Color::Cyan));
}

fn keys(page: &Page) -> &'static str {
    match (page.focus.pane, page.entry().map(|entry| &page.entries[entry].standing)) {
        (_, Some(Standing::Conflicts { theirs: true, .. })) => "t theirs  m yours  a apply  ? help  q leave",
        (_, Some(Standing::Conflicts { .. })) => "m yours  a apply  ? help  q leave",
        (Pane::Tree, _) => "space choose  a apply  ? help  q leave  right diff  d discard",
        (Pane::Diff, _) => "space choose  n p hunks  ? help  left back  a apply  q leave",
    }
}

/// What is worth knowing of what is looked at.
fn detail(page: &Page) -> String {
    let Some(entry) = page.entry().map(|entry| &page.entries[entry]) else { return String::new() };
    match page.node().and_then(|node| page.decision(node)) {
        Some(Chosen::Mine) => return "m what you have stays, and what the run left waits no more".to_owned(),
        Some(_) => return "t what the run left comes in the place of what you have".to_owned(),
        None => {}
    }
    match (&entry.trap, &entry.standing, &entry.from) {
        (_, Standing::Conflicts { why, .. }, _) => format!("x it conflicts with the workspace: {why}"),
        (_, Standing::Stays(_), _) => format!("x {}", entry.refusal().unwrap_or_default()),
        (Some(why), ..) => format!("! would execute outside: {why}"),
        (None, Standing::Merges(how), _) => format!("~ {how}"),
        (None, Standing::Free, Some(from)) => format!("was {from}"),
        (None, Standing::Free, None) if entry.ignored => "i git ignores it: it is chosen only by itself".to_owned(),
        (None, Standing::Free, None) => String::new(),
    }
}
