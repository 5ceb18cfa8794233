//! The beginning of an assignment: `KEY=` or `export KEY=`.

use crate::KEY_BYTES_MAX;

pub(crate) const BLANKS: [char; 2] = [' ', '\t'];

/// A line that assigns, up to where its value begins.
pub(crate) struct Head<'a> {
    /// The key.
    pub(crate) key: &'a str,
    /// Everything before the value: indentation, `export`, the key, `=` and blanks.
    pub(crate) text: &'a str,
}

impl<'a> Head<'a> {
    /// The head of a line, if it assigns.
    pub(crate) fn of(line: &'a str) -> Option<Self> {
        let named = without_export(line.trim_start_matches(BLANKS));
        let end = named.find(|letter| !is_of_key(letter))?;
        let (key, rest) = named.split_at(end);
        let value = rest.trim_start_matches(BLANKS).strip_prefix('=')?.trim_start_matches(BLANKS);
        let text = &line[..line.len() - value.len()];
        is_key(key).then_some(Self { key, text })
    }
}

fn without_export(text: &str) -> &str {
    match text.strip_prefix("export") {
        Some(rest) if rest.starts_with(BLANKS) => rest.trim_start_matches(BLANKS),
        _ => text,
    }
}

pub(crate) fn is_of_key(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-')
}

fn is_key(text: &str) -> bool {
    text.len() <= KEY_BYTES_MAX && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// May the value of this key well be empty? Base64 that ends with `=` looks like such a key, but has letters of both
/// cases.
pub(crate) fn may_lack_a_value(key: &str) -> bool {
    let (upper, lower) = (|byte: u8| byte.is_ascii_uppercase(), |byte: u8| byte.is_ascii_lowercase());
    !(key.bytes().any(upper) && key.bytes().any(lower))
}
