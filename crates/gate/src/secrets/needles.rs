//! Texts to look for, in the disguises that programs put them in without meaning to hide them.

use aho_corasick::{AhoCorasick, MatchKind};
use pinfold_mask::{percent, within_base64};

use crate::limits::SECRET_BYTES_MIN;

/// Texts in all their disguises, found in one pass.
#[derive(Debug)]
pub(crate) struct Needles {
    automaton: AhoCorasick,
    needles: Vec<Needle>,
}

#[derive(Debug)]
struct Needle {
    text: Vec<u8>,
    /// The place of the text that it stands for.
    of: usize,
    /// Is it that text as it is?
    plain: bool,
}

/// A text that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// The place of the text in the list.
    pub(crate) of: usize,
    /// Is it undisguised?
    pub(crate) plain: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Needles {
    /// Needles for texts; nothing when there are none. Texts that are too short to mean anything are left out.
    pub(crate) fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut needles: Vec<Needle> = Vec::new();
        for (of, text) in texts.into_iter().enumerate().filter(|(_, text)| text.len() >= SECRET_BYTES_MIN) {
            needles.push(Needle { text: text.into(), of, plain: true });
            for disguise in disguises(text) {
                if needles.iter().all(|needle| needle.text != disguise) {
                    needles.push(Needle { text: disguise, of, plain: false });
                }
            }
        }
        if needles.is_empty() {
            return None;
        }
        let texts = needles.iter().map(|needle| &needle.text);
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(texts).ok()?;
        Some(Self { automaton, needles })
    }

    /// What is found, from left to right.
    pub(crate) fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Found> + 'a {
        self.automaton.find_iter(bytes).filter_map(|found| {
            let needle = self.needles.get(found.pattern().as_usize())?;
            Some(Found { of: needle.of, plain: needle.plain, start: found.start(), end: found.end() })
        })
    }

    /// How many bytes at the end could be the beginning of something that is looked for.
    pub(crate) fn undecided(&self, bytes: &[u8]) -> usize {
        let longest = self.needles.iter().map(|needle| needle.text.len()).max().unwrap_or(0);
        let begins = |count: &usize| {
            let end = bytes.get(bytes.len() - count..).unwrap_or_default();
            self.needles.iter().any(|needle| needle.text.len() > end.len() && needle.text.starts_with(end))
        };
        (1..longest.min(bytes.len() + 1)).rev().find(begins).unwrap_or(0)
    }
}

fn disguises(text: &str) -> impl Iterator<Item = Vec<u8>> {
    std::iter::once(percent(text).into_bytes()).chain(within_base64(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    const TEXT: &str = "pinfold-placeholder-1";

    fn needles() -> Needles {
        Needles::new(["0123456789", TEXT]).expect("needles")
    }

    #[test]
    fn a_text_is_found_wherever_it_stands_in_base64() {
        let needles = needles();
        for before in ["", "u", "us", "user:", "\u{e9}"] {
            for after in ["", "x", "yz", "\n"] {
                let text = BASE64_STANDARD.encode(format!("{before}{TEXT}{after}"));
                let found = needles.find(text.as_bytes()).next().expect("found");
                assert_eq!((found.of, found.plain), (1, false), "{before:?} {after:?}");
            }
        }
        assert_eq!(needles.find(b"pinfold-placeholder-2").next(), None);
    }

    #[test]
    fn a_text_is_found_as_it_is_and_in_an_address() {
        let found = needles().find(b"a pinfold-placeholder-1 b").next().expect("found");
        assert_eq!((found.of, found.plain, found.start, found.end), (1, true, 2, 23));
        let odd = Needles::new(["a/b c&d=e"]).expect("needles");
        assert!(odd.find(b"?x=a%2Fb%20c%26d%3De").next().is_some());
    }

    #[test]
    fn only_what_could_go_on_is_undecided() {
        let needles = needles();
        assert_eq!(needles.undecided(b"x pinfold-place"), 13);
        assert_eq!(needles.undecided(b"x pinfold-plane"), 0);
        assert_eq!(needles.undecided(b"0120123"), 4);
        assert_eq!(needles.undecided(b""), 0);
    }
}
