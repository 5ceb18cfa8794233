//! A real terminal with a shell in it, as tmux shows it.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::desk::Desk;

/// How long the screen may take to show what is expected.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the outer shell begins its lines with.
const PROMPT: &str = "outer$";

/// A terminal.
#[derive(Debug)]
pub(crate) struct Screen<'a> {
    desk: &'a Desk,
}

impl<'a> Screen<'a> {
    /// A terminal of 100 by 30 with a shell in the project.
    pub(crate) fn new(desk: &'a Desk) -> Self {
        let screen = Self { desk };
        screen.tmux(&["new-session", "-d", "-x", "100", "-y", "30", "/bin/bash --norc"]);
        screen.prompts(PROMPT);
        screen.shows(PROMPT);
        screen
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let socket = self.desk.path("tmux");
        let socket = socket.to_str().expect("a path of this test");
        let first = ["-f", "/dev/null", "-S", socket];
        self.desk.call("tmux").arguments(first).arguments(arguments).variable("TERM", "xterm-256color").run().ok()
    }

    /// Types, without the return key.
    pub(crate) fn text(&self, text: &str) {
        self.tmux(&["send-keys", "-l", "--", text]);
    }

    /// Gives the shell a prompt, which what is typed for it does not show.
    pub(crate) fn prompts(&self, prompt: &str) {
        let name = prompt.trim_end_matches('$');
        self.line(&format!("PS1='{name}''$ '; clear"));
    }

    /// Presses a key, by tmux's name for it.
    pub(crate) fn key(&self, name: &str) {
        self.tmux(&["send-keys", name]);
    }

    /// Types a line.
    pub(crate) fn line(&self, text: &str) {
        self.text(text);
        self.key("Enter");
    }

    /// Makes the window larger or smaller.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// What can be read on it.
    pub(crate) fn shown(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Presses a key until it has the effect: nobody may be there yet whom it would reach.
    pub(crate) fn key_until_shown(&self, name: &str, words: &str) {
        self.until(&format!("show {words:?} after {name}"), |shown| {
            let is_shown = shown.contains(words);
            if !is_shown {
                self.key(name);
                std::thread::sleep(Duration::from_millis(500));
            }
            is_shown
        });
    }

    /// Waits for words on it.
    pub(crate) fn shows(&self, words: &str) {
        self.until(&format!("show {words:?}"), |shown| shown.contains(words));
    }

    /// Waits for a line of these words alone.
    pub(crate) fn shows_line(&self, line: &str) {
        self.until(&format!("show a line {line:?}"), |shown| shown.lines().any(|one| one.trim_end() == line));
    }

    /// Waits until the outer shell asks for the next command. What is typed before goes to the run, as in any relay.
    pub(crate) fn is_back(&self) {
        self.until("be back at the prompt", |shown| shown.trim_end().ends_with(PROMPT));
    }

    /// Waits for something on it.
    pub(crate) fn until(&self, what: &str, seen: impl Fn(&str) -> bool) {
        let started = Instant::now();
        loop {
            let shown = self.shown();
            if seen(&shown) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "the screen should {what}:\n{}", shown.trim_end());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        let mut command = Command::new("tmux");
        let _ = command.arg("-S").arg(self.desk.path("tmux")).arg("kill-server").status();
    }
}
