//! The disguises that programs put a value in without meaning to hide it: base64 and the escapes of addresses.

use std::ops::Range;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

/// What base64 makes of a text that stands somewhere in other bytes, in both alphabets and at all three alignments
/// (RFC 4648, sections 4 and 5): those of its letters that depend on the text alone.
pub fn within_base64(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..3).flat_map(move |offset| {
        let padded = [&vec![0; offset][..], text].concat();
        let (first, last) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
        [&BASE64_STANDARD, &BASE64_URL_SAFE].map(|alphabet| {
            let letters = alphabet.encode(&padded).into_bytes();
            letters.get(first..last).unwrap_or_default().to_vec()
        })
    })
}

/// The text as a part of an address (RFC 3986, section 2.1).
pub fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

/// Bytes of an address with its escapes resolved, as a server reads them, each with the place where it stood.
pub fn unescaped(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, u8)> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut at = 0;
    std::iter::from_fn(move || {
        let (start, byte) = (at, *bytes.get(at)?);
        let escape = (byte == b'%').then(|| Some((digit(at + 1)?, digit(at + 2)?))).flatten();
        let (length, byte) = escape.map_or((1, byte), |(high, low)| (3, high << 4 | low));
        at += length;
        Some((start..at, byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_it_stands_in_base64() {
        let text = b"pinfold-placeholder-1?>";
        for before in ["", "u", "us", "user:", "\u{e9}"] {
            for after in ["", "x", "yz", "\n"] {
                let whole = [before.as_bytes(), text, after.as_bytes()].concat();
                for alphabet in [&BASE64_STANDARD, &BASE64_URL_SAFE] {
                    let encoded = alphabet.encode(&whole);
                    let found =
                        within_base64(text).any(|letters| encoded.contains(&*String::from_utf8_lossy(&letters)));
                    assert!(found, "{before:?} {after:?}");
                }
            }
        }
    }

    #[test]
    fn escapes_are_resolved_where_they_are_some() {
        let read = |text: &str| unescaped(text.as_bytes()).map(|(_, byte)| char::from(byte)).collect::<String>();
        assert_eq!(read(&percent("a/b c&d=%")), "a/b c&d=%");
        assert_eq!(read("%61%6c%6C%zz%4"), "all%zz%4");
        assert_eq!(unescaped(b"a%41b").map(|(place, _)| place).collect::<Vec<_>>(), [0..1, 1..4, 4..5]);
    }
}
