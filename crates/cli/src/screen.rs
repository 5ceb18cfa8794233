//! The terminal while a page is on it, which gets back what it had however that ends.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::platform::{Seat, give_terminal_back};

/// Another screen than the shell's, no cursor, nothing beyond the right margin, and marks around what is pasted (xterm's control
/// sequences).
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h";
/// Everything as it was.
const LEAVE: &str = "\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l";

/// Whether there is a page. To leave it a second time would move the cursor back to where it was before the page.
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// A terminal that shows a page as long as this lives.
pub(crate) struct Screen {
    /// Given back when the page has gone.
    pub(crate) seat: Seat,
}

impl Screen {
    /// Begins a page. Whatever goes wrong from now on, it ends before that is told.
    pub(crate) fn enter(seat: Seat) -> io::Result<Self> {
        let screen = Self { seat };
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Else its words would go with the page.
            leave();
            give_terminal_back();
            report(panic);
        }));
        IS_SHOWN.store(true, Ordering::SeqCst);
        write(ENTER)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn leave() {
    if IS_SHOWN.swap(false, Ordering::SeqCst) {
        let _ = write(LEAVE);
    }
}

/// Writes to the terminal, at once.
pub(crate) fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}
