//! What must be in a file for a rule to count.

use std::sync::OnceLock;

use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::formats::Format;
use crate::limits::HITS_MAX;

/// A test of a content. Its expressions are compiled when first needed: most rules meet no file.
#[derive(Debug)]
pub(crate) enum Test {
    /// A line fits one of `lines` and none of `harmless`. Without `lines`, every line that is not blank counts.
    Lines { lines: Expressions, harmless: Expressions },
    /// A setting has one of these keys and a value that counts.
    Keys { format: Format, keys: Vec<Key> },
}

/// Regular expressions of which one fits.
#[derive(Debug)]
pub(crate) struct Expressions {
    texts: Vec<String>,
    compiled: OnceLock<Option<RegexSet>>,
}

/// `key`, `key ~ expression` (the value fits) or `key !~ expression` (the value does not fit).
#[derive(Debug)]
pub(crate) struct Key {
    /// In lower case; `*` stands for anything, dots included.
    pattern: String,
    value: Option<(bool, Expressions)>,
}

/// Where a test was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) line: u32,
    pub(crate) text: String,
}

/// The content is not of the format that the file should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unknown;

impl Test {
    pub(crate) fn lines(lines: Vec<String>, harmless: Vec<String>) -> Self {
        let lines = if lines.is_empty() { vec![r"\S".to_owned()] } else { lines };
        Self::Lines { lines: Expressions::new(lines), harmless: Expressions::new(harmless) }
    }

    pub(crate) fn keys(format: Format, keys: &[String]) -> Self {
        Self::Keys { format, keys: keys.iter().map(|key| Key::new(key)).collect() }
    }

    /// Where the content meets the test, the first few places that were not in the content before.
    pub(crate) fn hits(&self, content: &[u8], before: Option<&[u8]>) -> Result<Vec<Hit>, Unknown> {
        let old = before.and_then(|before| self.all(before).ok()).unwrap_or_default();
        let new = self.all(content)?.into_iter().filter(|hit| !old.iter().any(|known| known.text == hit.text));
        Ok(new.take(HITS_MAX).collect())
    }

    fn all(&self, content: &[u8]) -> Result<Vec<Hit>, Unknown> {
        match self {
            Self::Lines { lines, harmless } => {
                let numbered = (1u32..).zip(content.split(|byte| *byte == b'\n'));
                let hits = numbered.filter(|(_, line)| lines.fits(line, true) && !harmless.fits(line, false));
                Ok(hits.map(|(line, text)| Hit { line, text: String::from_utf8_lossy(text).trim().into() }).collect())
            }
            Self::Keys { format, keys } => {
                let settings = format.read(content).map_err(|_| Unknown)?;
                let counts = settings.into_iter().filter(|setting| {
                    let name = setting.key.to_ascii_lowercase();
                    keys.iter().any(|key| key.fits(&name, &setting.value))
                });
                Ok(counts.map(|s| Hit { line: s.line, text: format!("{} = {}", s.key, s.value) }).collect())
            }
        }
    }

    /// Compiles every expression.
    #[cfg(test)]
    pub(crate) fn check(&self) -> Result<(), regex::Error> {
        let all: Vec<&Expressions> = match self {
            Self::Lines { lines, harmless } => vec![lines, harmless],
            Self::Keys { keys, .. } => keys.iter().filter_map(|key| Some(&key.value.as_ref()?.1)).collect(),
        };
        all.into_iter().try_for_each(|expressions| expressions.compile().map(drop))
    }
}

impl Expressions {
    fn new(texts: Vec<String>) -> Self {
        Self { texts, compiled: OnceLock::new() }
    }

    fn compile(&self) -> Result<RegexSet, regex::Error> {
        // Bytes, as files are not always Unicode. What no rule names is a single unknown byte.
        RegexSetBuilder::new(&self.texts).unicode(false).build()
    }

    /// Whether one fits; `otherwise` where they are no expressions, which a test excludes.
    fn fits(&self, text: &[u8], otherwise: bool) -> bool {
        if self.texts.is_empty() {
            return false;
        }
        let compiled = self.compiled.get_or_init(|| self.compile().ok());
        compiled.as_ref().map_or(otherwise, |set| set.is_match(text.strip_suffix(b"\r").unwrap_or(text)))
    }
}

impl Key {
    fn new(text: &str) -> Self {
        let value = |wanted: bool, expression: &str| Some((wanted, Expressions::new(vec![expression.to_owned()])));
        let (pattern, value) = match (text.split_once(" !~ "), text.split_once(" ~ ")) {
            (Some((pattern, expression)), _) => (pattern, value(false, expression)),
            (None, Some((pattern, expression))) => (pattern, value(true, expression)),
            (None, None) => (text, None),
        };
        Self { pattern: pattern.to_ascii_lowercase(), value }
    }

    fn fits(&self, name: &str, value: &str) -> bool {
        wildcard(&self.pattern, name)
            && self.value.as_ref().is_none_or(|(wanted, fit)| fit.fits(value.as_bytes(), *wanted) == *wanted)
    }
}

/// Whether a name fits a pattern in which `*` stands for anything. Parts between stars are found from left to right.
fn wildcard(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let Some((middle, last)) = rest.rsplit_once('*') else { return name.ends_with(rest) };
    for part in middle.split('*') {
        let Some((_, behind)) = name.split_once(part) else { return false };
        name = behind;
    }
    name.ends_with(last)
}

/// Every content test of every rule on one content; for fuzzing. Says how often something was met.
#[doc(hidden)]
pub fn fuzz_content(content: &[u8]) -> usize {
    let tests = crate::rules::STANDARD.rules.iter().filter_map(|rule| rule.test.as_ref());
    tests.map(|test| test.hits(content, None).map_or(0, |hits| hits.len())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(test: &Test, content: &str) -> Vec<u32> {
        test.hits(content.as_bytes(), None).unwrap().iter().map(|hit| hit.line).collect()
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name) in
            [("a", "a"), ("a.*.c", "a.b.b.c"), ("*x*", "x"), ("*", ""), ("a*", "a"), ("*a*b*", "xaybz")]
        {
            assert!(wildcard(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a", "ab"), ("a.*.c", "a.c"), ("a*a", "a"), ("*a*b", "ba"), ("*aa*aa", "aaa")] {
            assert!(!wildcard(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn lines_count_unless_they_are_harmless() {
        let some = Test::lines(vec!["^run".into()], vec!["^run ls$".into()]);
        assert_eq!(lines_of(&some, "run ls\r\nrun rm\nx\nrun \u{fffd}"), [2, 4]);
        let others = Test::lines(Vec::new(), vec!["^#".into()]);
        assert_eq!(lines_of(&others, "# a\n\n  \nb"), [4]);
    }

    #[test]
    fn values_count_where_the_key_says_so() {
        let keys = ["a.b", "a.Hook ~ ^!", "a.helper !~ ^cache$"].map(str::to_owned);
        let test = Test::keys(Format::Ini, &keys);
        assert_eq!(lines_of(&test, "[a]\nB=1\nhook=x\nhook=!x\nhelper=cache\nhelper=y\nc=1"), [2, 4, 6]);
    }

    #[test]
    fn what_was_there_before_is_not_told() {
        let test = Test::lines(vec!["^run".into()], Vec::new());
        assert_eq!(test.hits(b"run a\nrun b", Some(b"x\nrun a  ")).unwrap()[0].line, 2);
        assert_eq!(test.hits(&b"run a\n".repeat(99), None).unwrap().len(), HITS_MAX);
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        assert_eq!(Test::keys(Format::Json, &["a".to_owned()]).hits(b"{\"a\":", None), Err(Unknown));
    }
}
