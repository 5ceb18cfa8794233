//! Bytes of the kernel, such as paths and arguments, as text that loses nothing.

use std::ffi::OsStr;
use std::fmt;
use std::path::{MAIN_SEPARATOR, Path};

use serde::{Deserialize, Serialize};

/// Bytes as text: what is UTF-8 stays as it is, any other byte is `\xNN`, and a backslash is `\\`.
///
/// So a path is found by `grep` and shown by `jq` as it is typed, and one of strange bytes keeps every one of them. A path
/// has `/` between its names on every platform. What is no Unicode on Windows is three bytes for each half of a pair.
/// Control characters are not escaped: whoever shows the text makes it plain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// The text for some bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            for letter in chunk.valid().split_inclusive('\\') {
                text.push_str(letter);
                if letter.ends_with('\\') {
                    text.push('\\');
                }
            }
            for byte in chunk.invalid() {
                text.push_str(&format!("\\x{byte:02x}"));
            }
        }
        Self(text)
    }

    /// The bytes again. An escape that [`from_bytes`](Self::from_bytes) does not write stands for itself.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some((plain, escape)) = rest.split_once('\\') {
            bytes.extend_from_slice(plain.as_bytes());
            let digit = |at| escape.chars().nth(at)?.to_digit(16);
            let byte = escape.strip_prefix('x').and_then(|_| u8::try_from(digit(1)? << 4 | digit(2)?).ok());
            rest = match byte {
                Some(byte) => {
                    bytes.push(byte);
                    escape.get(3..).unwrap_or_default()
                }
                None => {
                    bytes.push(b'\\');
                    escape.strip_prefix('\\').unwrap_or(escape)
                }
            };
        }
        bytes.extend_from_slice(rest.as_bytes());
        bytes
    }

    /// The text with its escapes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text as people read it: a backslash is one, as in paths of Windows. What it is exactly, [`Text::as_str`] tells.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace(r"\\", r"\"))
    }
}

impl From<&OsStr> for Text {
    fn from(bytes: &OsStr) -> Self {
        Self::from_bytes(bytes.as_encoded_bytes())
    }
}

impl From<&Path> for Text {
    fn from(path: &Path) -> Self {
        let bytes = path.as_os_str().as_encoded_bytes();
        if MAIN_SEPARATOR == '/' {
            return Self::from_bytes(bytes);
        }
        // Windows takes both, and no name has either in it.
        let own = |byte: &u8| if char::from(*byte) == MAIN_SEPARATOR { b'/' } else { *byte };
        Self::from_bytes(&bytes.iter().map(own).collect::<Vec<u8>>())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

/// Is this a character that changes how its neighbours are shown, or that nobody sees?
pub fn deceives(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The text with such characters as escapes: `\n`, `\u{1b}`.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if deceives(letter) { plain.extend(letter.escape_default()) } else { plain.push(letter) }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_byte_survives_the_journey(bytes: Vec<u8>, odd in r"[\\x0-9a-fé]{0,12}") {
            prop_assert_eq!(Text::from_bytes(&bytes).to_bytes(), bytes);
            prop_assert_eq!(Text::from(odd.as_str()).to_bytes(), odd.as_bytes());
        }

        #[test]
        fn any_text_can_be_read(odd in r"[\\x0-9a-fé]{0,12}") {
            let _ = Text(odd).to_bytes();
        }
    }

    #[test]
    fn plain_names_are_themselves() {
        assert_eq!(Text::from(Path::new("/home/a/Übung")).as_str(), "/home/a/Übung");
        assert_eq!(Text::from_bytes(b"caf\xe9\\x").as_str(), r"caf\xe9\\x");
        assert_eq!(Text::from(r"C:\work\\x").to_string(), r"C:\work\\x");
    }

    #[test]
    fn what_hides_or_turns_letters_is_shown() {
        assert_eq!(plain("a\u{1b}[0m\u{202e}b\n\u{ad}"), r"a\u{1b}[0m\u{202e}b\n\u{ad}");
    }
}
