//! Keys from what a terminal sends, or a console of Windows that was asked for the same (ECMA-48 and xterm's control sequences).

/// A key, as far as any page knows keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Tab,
    Enter,
    Escape,
    Interrupt,
    Letter(char),
}

/// What begins a sequence, or is the escape key.
const ESCAPE: u8 = 0x1b;
/// No sequence of a key is as long.
const SEQUENCE_MAX: usize = 32;

/// What a terminal sends before and after what is pasted.
const PASTE: &[u8] = b"\x1b[200~";
const PASTED: &[u8] = b"\x1b[201~";

/// What was sent and is no key yet.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    /// Whether it is pasted, and so no keys.
    is_pasted: bool,
}

/// What stands at the beginning.
enum Found {
    /// So many bytes, and the key that they are, if it is one that a page knows.
    Bytes(usize, Option<Key>),
    /// The rest of it has not come yet.
    Part,
}

impl Keys {
    /// More was sent.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next key that is whole.
    pub(crate) fn next(&mut self) -> Option<Key> {
        while !self.bytes.is_empty() {
            if self.is_pasted && !self.leave_paste() {
                return None;
            }
            if self.bytes.starts_with(PASTE) {
                self.is_pasted = true;
                self.bytes.drain(..PASTE.len());
                continue;
            }
            let Found::Bytes(length, key) = found(&self.bytes) else { return None };
            self.bytes.drain(..length);
            if key.is_some() {
                return key;
            }
        }
        None
    }

    /// Drops what is pasted. False while there is more to come.
    fn leave_paste(&mut self) -> bool {
        let end = self.bytes.windows(PASTED.len()).position(|window| window == PASTED);
        let length = end.map_or(self.bytes.len().saturating_sub(PASTED.len() - 1), |end| end + PASTED.len());
        self.bytes.drain(..length);
        self.is_pasted = end.is_none();
        !self.is_pasted
    }
}

/// What is typed over time.
#[cfg_attr(all(windows, not(test)), expect(dead_code, reason = "no page of there waits for the escape key"))]
impl Keys {
    /// Forgets what was sent so far.
    pub(crate) fn forget(&mut self) {
        self.bytes.clear();
    }

    /// Whether what is left is the escape key, or the beginning of another.
    pub(crate) fn is_open(&self) -> bool {
        !self.bytes.is_empty() && !self.is_pasted
    }

    /// Nothing more has come for a while: then it was the escape key, or nothing.
    pub(crate) fn end(&mut self) -> Option<Key> {
        let was_escape = self.bytes == [ESCAPE];
        self.forget();
        was_escape.then_some(Key::Escape)
    }
}

fn found(bytes: &[u8]) -> Found {
    match bytes {
        [] | [ESCAPE] => Found::Part,
        [ESCAPE, b'[', rest @ ..] => sequence(rest),
        [ESCAPE, b'O'] => Found::Part,
        [ESCAPE, b'O', letter, ..] => Found::Bytes(3, by_letter(*letter)),
        // Two times the same key, or one that was pressed together with another.
        [ESCAPE, ESCAPE, ..] => Found::Bytes(1, Some(Key::Escape)),
        [ESCAPE, ..] => Found::Bytes(2, None),
        [byte, ..] if *byte < 0x20 || *byte == 0x7f => Found::Bytes(1, control(*byte)),
        _ => letter(bytes),
    }
}

/// After ESC [: numbers, and one letter that ends it.
fn sequence(bytes: &[u8]) -> Found {
    let Some(end) = bytes.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
        return if bytes.len() > SEQUENCE_MAX { Found::Bytes(2 + bytes.len(), None) } else { Found::Part };
    };
    let number = bytes[..end].split(|byte| *byte == b';').next().unwrap_or_default();
    let key = match (bytes[end], number) {
        (b'~', b"1" | b"7") => Some(Key::Home),
        (b'~', b"4" | b"8") => Some(Key::End),
        (b'~', b"5") => Some(Key::PageUp),
        (b'~', b"6") => Some(Key::PageDown),
        (b'~', _) => None,
        (letter, _) => by_letter(letter),
    };
    Found::Bytes(2 + end + 1, key)
}

fn by_letter(letter: u8) -> Option<Key> {
    Some(match letter {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'M' => Key::Enter,
        b'Z' => Key::Tab,
        _ => return None,
    })
}

fn control(byte: u8) -> Option<Key> {
    Some(match byte {
        0x03 => Key::Interrupt,
        0x06 => Key::PageDown,
        0x02 => Key::PageUp,
        b'\t' => Key::Tab,
        b'\r' | b'\n' => Key::Enter,
        _ => return None,
    })
}

fn letter(bytes: &[u8]) -> Found {
    let length = match bytes[0] {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    let Some(bytes) = bytes.get(..length) else { return Found::Part };
    let letter = std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next());
    Found::Bytes(length, letter.map(Key::Letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        keys.add(bytes);
        std::iter::from_fn(|| keys.next()).collect()
    }

    #[test]
    fn what_terminals_send_are_keys() {
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[1;2A\x1b[1;5C\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1b[Z"),
            [Key::Up, Key::Down, Key::Up, Key::Right, Key::PageUp, Key::PageDown, Key::Home, Key::End, Key::Tab,]
        );
        assert_eq!(
            keys("a é\r\t\u{3}".as_bytes()),
            [Key::Letter('a'), Key::Letter(' '), Key::Letter('é'), Key::Enter, Key::Tab, Key::Interrupt,]
        );
    }

    #[test]
    fn what_no_page_knows_is_no_key_and_hides_none() {
        assert_eq!(keys(b"\x1b[15~\x1b[3~\x1bx\x00\x7f\xffq"), [Key::Letter('q')]);
        let long = [b"\x1b[".as_slice(), &[b'1'; 100], b"q"].concat();
        assert!(keys(&long).len() <= 1);
    }

    #[test]
    fn what_is_pasted_is_no_key() {
        let mut pasted = Keys::default();
        for byte in b"j\x1b[200~ay\x1b[201y\x1b[201~" {
            pasted.add(&[*byte]);
            assert_eq!(pasted.next(), (*byte == b'j').then_some(Key::Letter('j')));
        }
        assert!(!pasted.is_open());
        pasted.add(b"k");
        assert_eq!(pasted.next(), Some(Key::Letter('k')));
    }

    #[test]
    fn a_key_that_comes_in_parts_is_one() {
        let mut parts = Keys::default();
        for byte in b"\x1b[1;2" {
            parts.add(&[*byte]);
            assert_eq!(parts.next(), None);
        }
        parts.add(b"D");
        assert_eq!(parts.next(), Some(Key::Left));
        parts.add(&[0x1b]);
        assert_eq!((parts.next(), parts.end(), parts.end()), (None, Some(Key::Escape), None));
    }
}
