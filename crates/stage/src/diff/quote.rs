//! Paths as git shows them: what would confuse a reader or a terminal is written with backslashes.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A path, in quotes where it has control characters, quotes, backslashes, or bytes that are no text.
pub fn quoted(path: &Path) -> String {
    quoted_bytes(path.as_os_str().as_bytes())
}

/// The same with `a/` or `b/` before it.
pub(super) fn quoted_below(above: &str, path: &Path) -> String {
    quoted_bytes(&[above.as_bytes(), path.as_os_str().as_bytes()].concat())
}

fn quoted_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            add(&mut text, character);
        }
        chunk.invalid().iter().for_each(|byte| add_byte(&mut text, *byte));
    }
    if text.as_bytes() == bytes { text } else { format!("\"{text}\"") }
}

fn add(text: &mut String, character: char) {
    let short = match character {
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '"' | '\\' => character,
        _ if is_unseen(character) => {
            return character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| add_byte(text, byte));
        }
        _ => return text.push(character),
    };
    text.push('\\');
    text.push(short);
}

/// Control characters, and those that change the direction or the look of what follows without being seen.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn add_byte(text: &mut String, byte: u8) {
    text.push_str(&format!("\\{byte:03o}"));
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn what_would_confuse_is_written_with_backslashes() {
        let quoted = |bytes: &[u8]| quoted(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(quoted(b"a b/c"), "a b/c");
        assert_eq!(quoted("gr\u{fc}n".as_bytes()), "gr\u{fc}n");
        assert_eq!(quoted(b"a\nb\t\"\\\x1b\xff"), r#""a\nb\t\"\\\033\377""#);
        assert_eq!(quoted("a\u{202e}b".as_bytes()), r#""a\342\200\256b""#);
    }
}
