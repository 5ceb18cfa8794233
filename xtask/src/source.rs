//! Rust text reduced to code: comments, strings and characters are blanked, so that words can be looked for.

/// The text with comments and literals replaced by spaces; line numbers stay.
pub(crate) fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = at + literal(&bytes[at..], out.last().copied()).max(1);
        let plain = end == at + 1;
        let kept = bytes[at..end].iter().map(|byte| if plain || *byte == b'\n' { *byte } else { b' ' });
        out.extend(kept);
        at = end;
    }
    String::from_utf8(out).unwrap_or_default()
}

/// Length of the comment or literal that begins here, 0 when none does.
fn literal(rest: &[u8], before: Option<u8>) -> usize {
    let in_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match rest {
        [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment(rest),
        [b'"', ..] => quoted(rest, 0),
        [b'b' | b'c', b'"', ..] if !in_word => quoted(rest, 1),
        [b'r', b'"' | b'#', ..] if !in_word => raw(rest, 1),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !in_word => raw(rest, 2),
        [b'\'', ..] => character(rest),
        // Letters beyond ASCII stay whole, as spaces.
        [first, ..] if *first >= 0x80 => rest.iter().take_while(|byte| **byte >= 0x80).count().max(2).min(rest.len()),
        _ => 0,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_u32, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[u8], prefix: usize) -> usize {
    let mut at = prefix + 1;
    while at < rest.len() && rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// `r"…"`, `r#"…"#`; a raw identifier such as `r#type` is none.
fn raw(rest: &[u8], prefix: usize) -> usize {
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return 0;
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let length = rest[open + 1..].windows(close.len()).position(|window| window == close);
    length.map_or(rest.len(), |length| open + 1 + length + close.len())
}

/// `'x'`, `'\n'`, `'é'`; a lifetime is none.
fn character(rest: &[u8]) -> usize {
    let inner = match rest.get(1) {
        Some(b'\\') => rest.iter().skip(3).position(|byte| *byte == b'\'').map(|length| length + 2),
        Some(first) => Some(match first {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        }),
        None => None,
    };
    inner.filter(|inner| rest.get(inner + 1) == Some(&b'\'')).map_or(0, |inner| inner + 2)
}

/// The line numbers at which a word stands by itself.
pub(crate) fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let alone = |line: &str| {
        line.match_indices(word)
            .any(|(at, _)| !line[..at].ends_with(part) && !line[at + word.len()..].starts_with(part))
    };
    code.lines().enumerate().filter(|(_, line)| alone(line)).map(|(index, _)| index + 1).collect()
}

/// The lines at which something of the standard library's module is named, alone or in a `use std::{…}` list.
pub(crate) fn lines_with_std(code: &str, module: &str) -> Vec<usize> {
    let mut lines = lines_with(code, &format!("std::{module}"));
    for (at, _) in code.match_indices("std::{") {
        let mut depth = 0_usize;
        let mut word = String::new();
        for letter in code[at + "std::{".len()..].chars() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => word.clear(),
                _ if depth == 0 && !letter.is_whitespace() => word.push(letter),
                _ => {}
            }
            if word == module || word.strip_prefix(module).is_some_and(|rest| rest.starts_with(':')) {
                lines.push(code[..at].lines().count());
                break;
            }
        }
    }
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_comments_and_literals_are_no_code() {
        let text =
            "// unsafe\nlet a = \"unsafe \\\" unsafe\"; /* unsafe /* */ unsafe */ let b = 'u';\nlet c = r#\"unsafe\"#;";
        assert_eq!(lines_with(&code(text), "unsafe"), [0_usize; 0]);
        assert_eq!(code(text).lines().count(), 3);
    }

    #[test]
    fn code_after_lifetimes_raw_names_and_letters_is_seen() {
        let text = "fn f<'a>(x: &'a str, r#type: char) { let é = 'é'; let q = '\\''; unsafe { g() } }";
        assert_eq!(lines_with(&code(text), "unsafe"), [1]);
        assert_eq!(lines_with("#![forbid(unsafe_code)]", "unsafe"), [0_usize; 0]);
    }

    #[test]
    fn a_module_is_found_alone_and_in_a_list() {
        assert_eq!(lines_with_std("use std::fs;\nstd::env::var(x)", "env"), [2]);
        assert_eq!(lines_with_std("use std::{\n  io::{self, fs},\n  path::Path,\n};", "fs"), [0_usize; 0]);
        assert_eq!(lines_with_std("\nuse std::{io, fs::File};", "fs"), [2]);
        assert_eq!(lines_with_std("use std::{process, io};", "process"), [1]);
        assert_eq!(lines_with_std("use std::fstream;", "fs"), [0_usize; 0]);
    }
}
