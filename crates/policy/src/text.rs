//! Text from strangers, made fit for a terminal: nothing printed can move the cursor or reorder a line.

use std::borrow::Cow;

use crate::bounds::QUOTE_CHARS;

/// Text that is compiled in, or that somebody wrote.
pub type Text = Cow<'static, str>;

/// A problem with one value: what is wrong and what would be right. Its place is added by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Complaint {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }
}

/// Is this a character that changes how a terminal shows its neighbours?
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The text with control and direction characters replaced one for one.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if deceives(c) { '\u{fffd}' } else { c }).collect()
}

/// The text in backticks, shortened and made plain.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = plain(text).chars().take(QUOTE_CHARS).collect();
    if text.chars().count() > QUOTE_CHARS {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// `one`, `two` and `three`.
pub(crate) fn listed<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let mut quoted: Vec<String> = items.into_iter().map(|item| format!("`{item}`")).collect();
    match (quoted.pop(), quoted.is_empty()) {
        (None, _) => "nothing".to_owned(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} and {last}", quoted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_direction_marks_are_not_printed() {
        assert_eq!(quoted("a\u{1b}[2J\u{202e}b\n"), "`a\u{fffd}[2J\u{fffd}b\u{fffd}`");
    }

    #[test]
    fn long_values_are_shortened() {
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), QUOTE_CHARS + 3);
    }

    #[test]
    fn lists_read_as_english() {
        assert_eq!(listed([]), "nothing");
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
