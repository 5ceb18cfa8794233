//! The page on a terminal.

use std::io;
use std::path::Path;

use super::page::{Page, Row};
use super::sessions::Sessions;
use crate::keys::Key;
use crate::platform::Seat;
use crate::screen::{Screen, write};

/// What comes between is shown at once (xterm's control sequences).
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
/// How a row is written (ECMA-48, SGR): that which keys are about, and others.
const REVERSE: &str = "\x1b[7m";
const PLAIN: &str = "\x1b[0m";
/// Nothing to the end of the row.
const REST: &str = "\x1b[K";

/// Shows the page until the user quits, or somebody ends this process.
pub(super) fn show(mut sessions: Sessions, seat: Seat, home: &Path) -> io::Result<()> {
    let home = format!("{}/", home.display());
    let mut screen = Screen::enter(seat)?;
    let mut page = Page::default();
    loop {
        sessions.news().into_iter().for_each(|(id, news)| page.take(id, news));
        draw(&screen, &mut page, &home)?;
        if !sessions.wait(Some(&mut screen.seat))? {
            return Ok(());
        }
        while let Some(key) = screen.seat.typed()? {
            if matches!(key, Key::Interrupt | Key::Letter('q')) {
                return Ok(());
            }
            if let Some(act) = page.press(key) {
                sessions.act(act);
            }
        }
    }
}

fn draw(screen: &Screen, page: &mut Page, home: &str) -> io::Result<()> {
    let (columns, height) = screen.seat.size()?;
    let mut rows = page.rows(height.into());
    rows.iter_mut().for_each(|row| row.text = row.text.replace(home, "~/"));
    write(&shown(rows, columns.into(), height.into()))
}

/// Rows from the top of a screen to its end.
fn shown(rows: Vec<Row>, columns: usize, height: usize) -> String {
    let mut text = BEGIN.to_owned();
    let blank = (rows.len()..height).map(|_| Row { text: String::new(), chosen: false, ends: false });
    for (y, row) in (1..).zip(rows.into_iter().chain(blank)) {
        let attribute = if row.chosen { REVERSE } else { PLAIN };
        let fits = if row.ends { shortened(&row.text, columns) } else { row.text.chars().take(columns).collect() };
        text += &format!("\x1b[{y};1H{attribute}{fits}{PLAIN}{REST}");
    }
    text + END
}

/// A text without its middle, where it does not fit: paths and reasons tell most at their end.
fn shortened(text: &str, columns: usize) -> String {
    let length = text.chars().count();
    if length <= columns {
        return text.to_owned();
    }
    let end = columns.saturating_sub(1) / 2;
    let begin = columns.saturating_sub(1) - end;
    let mark = if columns > 0 { "…" } else { "" };
    text.chars().take(begin).chain(mark.chars()).chain(text.chars().skip(length - end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_fills_the_screen_and_no_more() {
        let row = |text: &str, chosen, ends| Row { text: text.into(), chosen, ends };
        let rows = vec![row("abcdef", true, true), row("abcdef", false, false)];
        let first = "\x1b[1;1H\x1b[7mab…f\x1b[0m\x1b[K";
        let others = "\x1b[2;1H\x1b[0mabcd\x1b[0m\x1b[K\x1b[3;1H\x1b[0m\x1b[0m\x1b[K";
        assert_eq!(shown(rows, 4, 3), format!("{BEGIN}{first}{others}{END}"));
    }
}
