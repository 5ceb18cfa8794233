//! Questions at the terminal of a run that has none for its command.
//!
//! Only where no standard descriptor of the command is a terminal: else it could write a question of its own there, and
//! read what was meant as an answer.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use pinfold_gate::link::Answer;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{QueueSelector, isatty, tcflush, tcgetpgrp};

use crate::control::{Question, answer};
use crate::linux::output::write_all;

/// Longest answer, in bytes.
const LINE_BYTES_MAX: usize = 64;

/// The caller's terminal, of which the command knows nothing.
#[derive(Debug)]
pub(super) struct Here {
    tty: OwnedFd,
    /// The question that stands there.
    asked: Option<u64>,
    hung_up: bool,
}

impl Here {
    /// The terminal, if somebody sits there and the command has no descriptor of it.
    pub(super) fn of_caller() -> Option<Self> {
        if [isatty(stdin()), isatty(stdout()), isatty(stderr())].contains(&true) {
            return None;
        }
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let tty = rustix::fs::openat(CWD, "/dev/tty", flags, Mode::empty()).ok()?;
        Some(Self { tty, asked: None, hung_up: false })
    }

    /// What becomes readable when a question was answered.
    pub(super) fn input(&self) -> Option<BorrowedFd<'_>> {
        self.asked.filter(|_| self.is_in_front()).map(|_| self.tty.as_fd())
    }

    /// Asks, unless another question stands there already.
    pub(super) fn ask(&mut self, question: &Question) {
        if self.asked.is_some() || !self.is_in_front() {
            return;
        }
        // What was typed before the question is no answer to it.
        let _ = tcflush(&self.tty, QueueSelector::IFlush);
        let seconds = question.left_ms.div_ceil(1000);
        self.say(&format!(
            "pinfold: {}; o = once, s = session, a = always, d = deny ({seconds} s): ",
            question.sentence()
        ));
        self.asked = Some(question.id);
    }

    /// The answer that was typed.
    pub(super) fn hear(&mut self) -> Option<(u64, Answer)> {
        let mut line = [0; LINE_BYTES_MAX];
        let length = match rustix::io::read(&self.tty, &mut line[..]) {
            Err(Errno::AGAIN | Errno::INTR) => return None,
            Ok(length) if length > 0 => length,
            _ => {
                self.hung_up = true;
                return None;
            }
        };
        let typed = std::str::from_utf8(line.get(..length)?).ok()?.trim();
        let mut letters = typed.chars();
        match (letters.next().and_then(answer), letters.next()) {
            (Some(answer), None) => Some((self.asked.take()?, answer)),
            _ => {
                self.say("pinfold: o, s, a or d: ");
                None
            }
        }
    }

    /// A question is over, here or elsewhere.
    pub(super) fn is_over(&mut self, id: u64) {
        if self.asked.take_if(|asked| *asked == id).is_some() {
            self.say("\npinfold: that question is over\n");
        }
    }

    /// In the background the terminal is somebody else's.
    fn is_in_front(&self) -> bool {
        !self.hung_up && tcgetpgrp(&self.tty).is_ok_and(|group| group == rustix::process::getpgrp())
    }

    fn say(&self, text: &str) {
        write_all(self.tty.as_fd(), text.as_bytes());
    }
}
