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
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with control and direction characters replaced one for one.
pub fn plain(text: &str) -> String {
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

/// How alike two words must be for one to be a slip of the other, from 0 to 1 (Jaro and Winkler).
const ALIKE: f64 = 0.8;

/// The word that was probably meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let rated = known.into_iter().map(|known| (strsim::jaro_winkler(wrong, known), known));
    let (alike, known) = rated.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (alike >= ALIKE).then_some(known)
}

/// The complaint that a word is none of the known ones; `hint` lists those.
pub(crate) fn unknown(what: &str, wrong: &str, known: &[&str], hint: &str) -> Complaint {
    let meant = nearest(wrong, known.iter().copied()).map(|known| format!("did you mean `{known}`? "));
    Complaint::new(format!("unknown {what} {}", quoted(wrong)), meant.unwrap_or_default() + hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_direction_marks_are_not_printed() {
        assert_eq!(quoted("a\u{1b}[2J\u{202e}b\n"), "`a\u{fffd}[2J\u{fffd}b\u{fffd}`");
        assert_eq!(plain("a\u{ad}\u{e0041}b"), "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn long_values_are_shortened() {
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), QUOTE_CHARS + 3);
    }

    #[test]
    fn a_slip_has_a_nearest_word_and_another_word_has_none() {
        let known = ["memory", "wall-time", "cpu-time", "read", "write", "offline-build"];
        for (wrong, meant) in [
            ("memry", Some("memory")),
            ("mem", Some("memory")),
            ("walltime", Some("wall-time")),
            ("wall_time", Some("wall-time")),
            ("wirte", Some("write")),
            ("reed", Some("read")),
            ("ofline-build", Some("offline-build")),
            ("network", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, known), meant, "{wrong}");
        }
    }

    #[test]
    fn lists_read_as_english() {
        assert_eq!(listed([]), "nothing");
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
