//! Words in a number of columns.

use ratatui::layout::Rect;
use ratatui::text::Span;

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// The beginning of a text, with a sign where there is more of it.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut shown = taken(text, columns.saturating_sub(1)).to_owned();
    shown.push('…');
    shown
}

/// A text without its first columns.
pub(super) fn without(text: &str, columns: usize) -> &str {
    &text[taken(text, columns).len()..]
}

/// A text as lines of so many columns, broken between words where that can be.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    text.lines().flat_map(|line| wrapped_line(line, columns.max(1))).collect()
}

/// Where something must begin that ends with an area.
pub(super) fn right_of(area: Rect, text: &str) -> u16 {
    area.right().saturating_sub(u16::try_from(width(text)).unwrap_or(u16::MAX)).max(area.x)
}

fn wrapped_line(mut line: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    while width(line) > columns {
        let fits = taken(line, columns);
        // Of what cannot be taken apart one letter is more than there is room for.
        let fits = if fits.is_empty() { &line[..line.chars().next().map_or(0, char::len_utf8)] } else { fits };
        let end = fits.rfind(' ').filter(|end| !fits[..*end].trim().is_empty()).unwrap_or(fits.len());
        lines.push(line[..end].to_owned());
        line = line[end..].trim_start();
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line.to_owned());
    }
    lines
}

/// As much of a text as so many columns hold.
fn taken(text: &str, columns: usize) -> &str {
    let mut left = columns;
    let mut buffer = [0; 4];
    let fits = |letter: char| {
        let width = width(letter.encode_utf8(&mut buffer));
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    };
    let mut fits = fits;
    let end = text.char_indices().find(|(_, letter)| !fits(*letter)).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_and_broken_by_columns() {
        assert_eq!(
            (cut("abc", 3), cut("abcd", 3), cut("\u{5b57}\u{5b57}", 3)),
            ("abc".into(), "ab…".into(), "\u{5b57}…".into())
        );
        assert_eq!(without("\u{5b57}b", 2), "b");
        assert_eq!(wrapped("one two three\nfour", 8), ["one two", "three", "four"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("\u{5b57}\u{5b57}", 1), ["\u{5b57}", "\u{5b57}"]);
    }
}
