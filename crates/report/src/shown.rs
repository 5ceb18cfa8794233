//! Texts and numbers as a person reads them.

use std::fmt::Write as _;

use pinfold_ledger::{Timestamp, deceives};

use crate::limits::TEXT_CHARS_MAX;

/// A text from anywhere: cut, and with escapes for characters that are not seen, or that hide or turn others.
pub(crate) fn text(text: &str) -> String {
    let mut shown = String::new();
    let mut letters = text.chars();
    for letter in letters.by_ref().take(TEXT_CHARS_MAX) {
        if deceives(letter) {
            // Writing to a string does not fail.
            let _ = write!(shown, "{}", letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    if letters.next().is_some() {
        let _ = write!(shown, "… ({})", bytes(text.len() as u64));
    }
    shown
}

/// A number of bytes: `1.5 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].into_iter();
    let mut unit = "bytes";
    while size >= 1024.0
        && let Some(larger) = units.next()
    {
        (size, unit) = (size / 1024.0, larger);
    }
    if unit == "bytes" { format!("{bytes} bytes") } else { format!("{size:.1} {unit}") }
}

/// A number with spaces between its thousands.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// `one` thing or many.
pub(crate) fn count(many: u64, one: &str, more: &str) -> String {
    if many == 1 { format!("1 {one}") } else { format!("{} {more}", number(many)) }
}

/// A time span: `2 min 3 s`.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..60 => format!("{}.{} s", seconds, ms % 1000 / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A moment as `2026-03-01 12:00:00 UTC`.
pub(crate) fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default())
}

/// The time of the day in UTC.
pub(crate) fn clock(time: Timestamp) -> String {
    time.to_string().get(11..19).unwrap_or_default().to_owned()
}

/// A word for the shell as it must be typed; nothing for one that is not what it looks like.
pub(crate) fn shell_word(word: &str) -> Option<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@%+=,".contains(letter);
    if word.is_empty() || word.len() > TEXT_CHARS_MAX || word.chars().any(deceives) {
        return None;
    }
    if word.chars().all(plain) { Some(word.to_owned()) } else { Some(format!("'{}'", word.replace('\'', "'\\''"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_easily() {
        assert_eq!(
            [bytes(0), bytes(1023), bytes(1536), bytes(u64::MAX)],
            ["0 bytes", "1023 bytes", "1.5 KiB", "16.0 EiB"]
        );
        assert_eq!([number(7), number(1234567)], ["7", "1\u{202f}234\u{202f}567"]);
        assert_eq!([duration(5), duration(61_000), duration(7_260_000)], ["5 ms", "1 min 1 s", "2 h 1 min"]);
    }

    #[test]
    fn texts_are_cut_and_show_what_hides() {
        assert_eq!(text("a\u{1b}[0m\u{202e}b\0"), "a\\u{1b}[0m\\u{202e}b\\u{0}");
        assert!(text(&"x".repeat(1 << 20)).ends_with("x… (1.0 MiB)"));
        assert_eq!(shell_word("it's; $x").as_deref(), Some(r"'it'\''s; $x'"));
        assert_eq!(shell_word("a\nb"), None);
    }
}
