//! The diff of what is looked at.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::draw::{Look, put};
use super::entry::Standing;
use super::layout::Pane;
use super::page::Page;
use super::text::{cut, right_of, width, without};
use super::tree::Node;
use super::view::{Kind, View};

/// Draws its name, and as many lines as there is room for.
pub(super) fn draw(frame: &mut Frame<'_>, page: &Page, area: Rect, look: Look) {
    let Some(node) = page.node() else { return };
    let Some(entry) = node.entry else {
        head(frame, area, &node.name, "");
        return summary(frame, page, node, area);
    };
    let name = page.entries[entry].name();
    let Some(view) = page.view() else {
        head(frame, area, &name, "");
        return put(frame, (area.x, area.y + 1), " reading…", area.width, Style::new());
    };
    head(frame, area, &name, &place(page, view));
    let rows = area.y + 1..area.bottom();
    for (y, number) in rows.zip(page.focus.first..view.lines.len()) {
        let row = Rect { y, height: 1, ..area };
        draw_line(frame, page, view, (entry, number), row, look);
        if number == page.focus.line && page.focus.pane == Pane::Diff {
            frame.buffer_mut().set_style(row, look.cursor(true));
        }
    }
}

fn head(frame: &mut Frame<'_>, area: Rect, name: &str, right: &str) {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let room = usize::from(area.width).saturating_sub(width(right) + 2);
    put(frame, (area.x + 1, area.y), &cut(name, room), area.width.saturating_sub(1), bold);
    put(frame, (right_of(area, right), area.y), right, area.width, bold);
}

/// Which hunk one is at.
fn place(page: &Page, view: &View) -> String {
    match (view.hunk_at(page.focus.line), view.hunks.len()) {
        (Some(hunk), count @ 2..) => format!("hunk {} of {count}", hunk + 1),
        (None, count @ 2..) => format!("{count} hunks"),
        _ => String::new(),
    }
}

fn draw_line(frame: &mut Frame<'_>, page: &Page, view: &View, (entry, number): (usize, usize), row: Rect, look: Look) {
    let line = &view.lines[number];
    let style = match line.kind {
        Kind::About | Kind::Context => Style::new(),
        Kind::Warning => look.warning(),
        Kind::Heading => look.in_colour(Color::Cyan).add_modifier(Modifier::BOLD),
        Kind::Added => look.in_colour(Color::Green),
        Kind::Removed => look.in_colour(Color::Red),
    };
    let hunk = view.hunk_at(number).filter(|hunk| view.hunks[*hunk].contains(&number));
    let is_chosen = hunk.is_some_and(|hunk| page.has_hunk(entry, hunk));
    put(frame, (row.x, row.y), if is_chosen { "|" } else { " " }, 1, look.in_colour(Color::Cyan));
    let room = row.width.saturating_sub(1);
    match line.kind {
        Kind::Heading if view.parts.len() > 1 => {
            let text = format!("{} {}", if is_chosen { "[x]" } else { "[ ]" }, line.text);
            put(frame, (row.x + 1, row.y), &cut(&text, room.into()), room, style);
        }
        Kind::Heading => {
            put(frame, (row.x + 1, row.y), &cut(&line.text, room.into()), room, style);
        }
        _ => {
            let text = cut(without(&line.text, page.focus.aside), room.into());
            put(frame, (row.x + 1, row.y), &text, room, style);
        }
    }
}

/// What there is to say of a directory that is only on the way.
fn summary(frame: &mut Frame<'_>, page: &Page, node: &Node, area: Rect) {
    let entries = &page.entries[node.entries.clone()];
    let chosen = page.chosen.range(node.entries.clone()).count();
    let traps = entries.iter().filter(|entry| entry.trap.is_some()).count();
    let conflicts = entries.iter().filter(|entry| matches!(entry.standing, Standing::Conflicts { .. })).count();
    let mut lines = vec![format!("{} below, {chosen} chosen", entries.len())];
    lines.extend((traps > 0).then(|| format!("! {traps} would execute outside")));
    lines.extend((conflicts > 0).then(|| format!("x {conflicts} in conflict with the workspace")));
    for (y, line) in (area.y + 1..area.bottom()).zip(lines) {
        put(frame, (area.x + 1, y), &line, area.width.saturating_sub(1), Style::new());
    }
}
