//! The terminal that the page is on, which gets back what it had however it ends.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::page::{Key, Page, Row};
use super::sessions::Sessions;
use crate::platform::{Seat, give_terminal_back};

/// Another screen than the shell's, no cursor, and nothing beyond the right margin (xterm's control sequences).
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
/// Everything as it was.
const LEAVE: &str = "\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l";
/// What comes between is shown at once.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
/// How a row is written (ECMA-48, SGR): that which keys are about, and others.
const REVERSE: &str = "\x1b[7m";
const PLAIN: &str = "\x1b[0m";
/// Nothing to the end of the row.
const REST: &str = "\x1b[K";

/// Whether there is a page. To leave it a second time would move the cursor back to where it was before the page.
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// What was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    Quit,
    Key(Key),
}

/// Shows the page until the user quits, or somebody ends this process.
pub(super) fn show(mut sessions: Sessions, seat: Seat) -> io::Result<()> {
    let screen = Screen::enter(seat)?;
    let mut page = Page::default();
    loop {
        sessions.news().into_iter().for_each(|(id, news)| page.take(id, news));
        screen.draw(&page)?;
        if !sessions.wait(Some(&screen.seat))? {
            return Ok(());
        }
        while let Some(typed) = screen.seat.typed()? {
            match typed {
                Typed::Quit => return Ok(()),
                Typed::Key(key) => {
                    if let Some(act) = page.press(key) {
                        sessions.act(act);
                    }
                }
            }
        }
    }
}

/// A terminal that shows a page.
struct Screen {
    seat: Seat,
}

impl Screen {
    fn enter(seat: Seat) -> io::Result<Self> {
        let screen = Self { seat };
        enter_page()?;
        Ok(screen)
    }

    fn draw(&self, page: &Page) -> io::Result<()> {
        let (columns, height) = self.seat.size()?;
        write(&shown(page.rows(height.into()), columns.into(), height.into()))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave_page();
    }
}

/// Rows from the top of a screen to its end.
fn shown(rows: Vec<Row>, columns: usize, height: usize) -> String {
    let mut text = BEGIN.to_owned();
    let blank = (rows.len()..height).map(|_| Row { text: String::new(), chosen: false });
    for (y, row) in (1..).zip(rows.into_iter().chain(blank)) {
        let attribute = if row.chosen { REVERSE } else { PLAIN };
        let fits: String = row.text.chars().take(columns).collect();
        text += &format!("\x1b[{y};1H{attribute}{fits}{PLAIN}{REST}");
    }
    text + END
}

/// Begins a page on the terminal. Whatever goes wrong from now on, it ends before that is told.
pub(crate) fn enter_page() -> io::Result<()> {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // Else its words would go with the page.
        leave_page();
        give_terminal_back();
        report(panic);
    }));
    IS_SHOWN.store(true, Ordering::SeqCst);
    write(ENTER)
}

/// Asks the terminal to mark what is pasted, until the page ends (xterm's bracketed paste).
#[cfg(target_os = "linux")]
pub(crate) fn mark_pastes() -> io::Result<()> {
    write("\x1b[?2004h")
}

/// Ends it.
pub(crate) fn leave_page() {
    if IS_SHOWN.swap(false, Ordering::SeqCst) {
        let _ = write(LEAVE);
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_fills_the_screen_and_no_more() {
        let rows = vec![Row { text: "abcdef".into(), chosen: true }, Row { text: "x".into(), chosen: false }];
        let first = "\x1b[1;1H\x1b[7mabcd\x1b[0m\x1b[K";
        let others = "\x1b[2;1H\x1b[0mx\x1b[0m\x1b[K\x1b[3;1H\x1b[0m\x1b[0m\x1b[K";
        assert_eq!(shown(rows, 4, 3), format!("{BEGIN}{first}{others}{END}"));
    }
}
