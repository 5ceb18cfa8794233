//! Text of others for a terminal, which some characters would deceive.

use pinfold_policy::plain;

/// Without what deceives a terminal, but for tabs.
pub(super) fn visible(line: &[u8]) -> Vec<u8> {
    let line = String::from_utf8_lossy(line);
    line.split('\t').map(plain).collect::<Vec<_>>().join("\t").into_bytes()
}

/// The same for what another program shall compare: two texts that differ still do. Line breaks stay.
pub(super) fn legible(text: &[u8]) -> Vec<u8> {
    let mut legible = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        let mut characters = chunk.valid().chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\n' | '\t' => legible.push(character),
                '\r' if characters.peek() == Some(&'\n') => legible.push(character),
                _ if plain(character.encode_utf8(&mut [0; 4])).contains(character) => legible.push(character),
                _ => legible.push_str(&format!("<U+{:04X}>", u32::from(character))),
            }
        }
        chunk.invalid().iter().for_each(|byte| legible.push_str(&format!("<{byte:02X}>")));
    }
    legible.into_bytes()
}

/// What a program has printed, with its colours (`ECMA-48`, SGR) and nothing else that is no text.
pub(super) fn in_its_colours(printed: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(printed.len());
    let mut rest = printed;
    while let Some(start) = rest.iter().position(|byte| *byte == b'\x1b' || *byte == b'\n') {
        let (text, after) = rest.split_at(start);
        shown.extend(visible(text.strip_suffix(b"\r").unwrap_or(text)));
        let length = if after.starts_with(b"\n") { 1 } else { colour(after).unwrap_or(0) };
        shown.extend_from_slice(&after[..length]);
        // An escape that begins something else loses its meaning.
        rest = if length == 0 { after.get(1..).unwrap_or_default() } else { &after[length..] };
    }
    shown.extend(visible(rest));
    // Whatever colour it leaves behind.
    shown.extend_from_slice(b"\x1b[m");
    shown
}

/// The length of a sequence that sets a colour, if one begins a text.
fn colour(text: &[u8]) -> Option<usize> {
    let parameters = text.strip_prefix(b"\x1b[")?;
    let length = parameters.iter().position(|byte| !byte.is_ascii_digit() && !b";:".contains(byte))?;
    (parameters[length] == b'm').then_some(length + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_a_program_prints_only_text_and_colours_remain() {
        let printed = b"\x1b[1;38:5:4mbold\x1b[0m\r\n\x1b]8;;http://x\x07link\x1b[2J\x1b[1Aup\x9b\x1b";
        let shown = String::from_utf8(in_its_colours(printed)).unwrap();
        assert_eq!(shown, "\x1b[1;38:5:4mbold\x1b[0m\n]8;;http://x\u{fffd}link[2J[1Aup\u{fffd}\x1b[m");
    }

    #[test]
    fn what_differs_in_hidden_characters_differs_to_the_eye() {
        let legible = |text: &[u8]| String::from_utf8(legible(text)).unwrap();
        assert_eq!(legible(b"a\tb\r\nc\rd\n"), "a\tb\r\nc<U+000D>d\n");
        assert_eq!(legible("\u{202e}\x1b[8m\u{85}".as_bytes()), "<U+202E><U+001B>[8m<U+0085>");
        assert_eq!(legible(b"\xff\xfegr\xc3\xbcn"), "<FF><FE>gr\u{fc}n");
    }
}
