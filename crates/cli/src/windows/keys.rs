//! Keys, as a console sends them that was asked for sequences: those of ECMA-48 and xterm.

use crate::watch::{Key, Typed};

const ESCAPE: u8 = 0x1b;
const CONTROL_C: u8 = 3;

/// Reads them byte by byte.
#[derive(Debug, Default)]
pub(super) struct Keys(Stage);

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Key,
    /// What begins a sequence has come.
    Escape,
    /// Within one.
    Sequence,
}

impl Keys {
    /// The key that a byte ends, if it does and means anything here.
    pub(super) fn take(&mut self, byte: u8) -> Option<Typed> {
        let (next, typed) = match (&self.0, byte) {
            (Stage::Key | Stage::Escape, ESCAPE) => (Stage::Escape, None),
            (Stage::Key, CONTROL_C | b'q') => (Stage::Key, Some(Typed::Quit)),
            (Stage::Key, b' '..=b'~') => (Stage::Key, Some(Typed::Key(Key::Letter(byte.into())))),
            (Stage::Escape, b'[' | b'O') => (Stage::Sequence, None),
            (Stage::Sequence, b'A') => (Stage::Key, Some(Typed::Key(Key::Up))),
            (Stage::Sequence, b'B') => (Stage::Key, Some(Typed::Key(Key::Down))),
            // Parameters, such as those for Shift.
            (Stage::Sequence, b' '..=b'?') => (Stage::Sequence, None),
            _ => (Stage::Key, None),
        };
        self.0 = next;
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &str) -> Vec<Typed> {
        let mut keys = Keys::default();
        bytes.bytes().filter_map(|byte| keys.take(byte)).collect()
    }

    #[test]
    fn letters_and_arrows_are_known() {
        let (up, down) = (Typed::Key(Key::Up), Typed::Key(Key::Down));
        assert_eq!(typed("\x1b[A\x1bOB\x1b[1;2A"), [up, down, up]);
        assert_eq!(typed("oq\x03"), [Typed::Key(Key::Letter('o')), Typed::Quit, Typed::Quit]);
    }

    #[test]
    fn what_is_no_answer_gives_none() {
        for other in ["\x1ba", "\x1b[3~", "\x1b[15;5~", "\x1b\x1bo", "\r\n\t\x7f", "é"] {
            assert_eq!(typed(other), [], "{other:?}");
        }
    }
}
