//! Masking: known values of secrets, and whatever has the form of a credential, are replaced before an event is appended.
//!
//! All texts of an event are gone through at once, for known values in all their forms and for a few letters of each
//! format; only where these stand is more looked at. So an event in which there is nothing costs one search.
//!
//! What is to be cut is masked before: half a credential has no form any more.
//!
//! Not found are values of fewer than [`VALUE_BYTES_MIN`] bytes (they would be found by accident everywhere), values that
//! a program has compressed, encrypted, cut or spread over several texts, and base64 that is broken into lines.

mod formats;
mod known;
mod slots;
mod spans;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use pinfold_mask::unescaped;

use crate::Event;
use formats::FORMATS;
use spans::Span;

/// Shorter values are not looked for.
pub const VALUE_BYTES_MIN: usize = 8;
/// Of longer values so many bytes are looked for.
pub const VALUE_BYTES_MAX: usize = 4 << 10;

/// Stands between two texts of an event.
const BETWEEN_TEXTS: u8 = 0x1e;
/// Stands between two arguments of a command.
const BETWEEN_ARGUMENTS: u8 = 0x1f;

/// Replaces values of secrets by `[redacted:NAME]`, and what looks like a credential by `[redacted:FORMAT]`.
#[derive(Clone)]
pub struct Redactor {
    /// The beginnings of all forms of all values, and the keywords of all formats.
    words: AhoCorasick,
    /// What each of the words means, in their order.
    meanings: Vec<Meaning>,
    names: Vec<String>,
}

#[derive(Clone)]
enum Meaning {
    /// Perhaps a form of the value of the secret with this place in `names`: it begins as that does.
    Value { name: usize, form: Vec<u8> },
    /// Perhaps the format with this place in [`FORMATS`].
    Keyword(usize),
}

/// The known values together have too many bytes to be looked for.
#[derive(Debug, thiserror::Error)]
#[error("the values of the secrets have too many bytes to be looked for")]
pub struct TooManySecrets(#[source] aho_corasick::BuildError);

impl fmt::Debug for Redactor {
    /// Names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redactor").field(&self.names).finish()
    }
}

impl Redactor {
    /// A redactor for secrets, each with its name and value.
    ///
    /// Values of fewer than [`VALUE_BYTES_MIN`] bytes are not looked for; of those with more than [`VALUE_BYTES_MAX`] the
    /// beginning is. White space around a value does not belong to it.
    ///
    /// # Errors
    /// When the values have gigabytes.
    pub fn new<N: Into<String>, V: AsRef<[u8]>>(
        secrets: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, TooManySecrets> {
        let (mut words, mut meanings, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (place, format) in FORMATS.iter().enumerate() {
            words.extend(format.keywords.iter().map(|keyword| keyword.as_bytes().to_vec()));
            meanings.resize(words.len(), Meaning::Keyword(place));
        }
        for (name, value) in secrets {
            for form in known::forms(value.as_ref()) {
                words.extend(form.get(..VALUE_BYTES_MIN).map(<[u8]>::to_vec));
                meanings.resize(words.len(), Meaning::Value { name: names.len(), form });
            }
            names.push(name.into());
        }
        let words = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            // Made in every run, in which few events are searched.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(words)
            .map_err(TooManySecrets)?;
        Ok(Self { words, meanings, names })
    }

    /// Masks all texts of an event.
    pub fn event(&self, event: &mut Event) {
        let mut slots = slots::slots(event);
        let length = slots.iter().map(|slot| slot.as_str().len() + 1).sum();
        let mut bytes = Vec::with_capacity(length);
        for slot in &slots {
            bytes.extend_from_slice(slot.as_str().as_bytes());
            bytes.push(if slot.argument { BETWEEN_ARGUMENTS } else { BETWEEN_TEXTS });
        }
        let spans = self.spans(&bytes);
        if spans.is_empty() {
            return;
        }
        let mut start = 0;
        for slot in &mut slots {
            let end = start + slot.as_str().len();
            if let Some(text) = spans::covered(&bytes, start..end, &spans) {
                slot.set(text);
            }
            start = end + 1;
        }
    }

    /// Masks one text, such as an excerpt that is cut afterwards.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let bytes = text.as_bytes();
        spans::covered(bytes, 0..bytes.len(), &self.spans(bytes)).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    fn spans(&self, bytes: &[u8]) -> Vec<Span<'_>> {
        let mut spans = self.found(bytes);
        if bytes.contains(&b'%') {
            let (places, read): (Vec<_>, Vec<_>) = unescaped(bytes).unzip();
            spans.extend(self.found(&read).into_iter().filter_map(|span| {
                let (first, last) = (places.get(span.start)?, places.get(span.end.checked_sub(1)?)?);
                Some(Span { start: first.start, end: last.end, ..span })
            }));
        }
        spans::joined(spans)
    }

    fn found(&self, bytes: &[u8]) -> Vec<Span<'_>> {
        let mut spans = Vec::new();
        let mut likely = [false; FORMATS.len()];
        for found in self.words.find_overlapping_iter(bytes) {
            match self.meanings.get(found.pattern().as_usize()) {
                Some(Meaning::Value { name, form }) => {
                    let (start, end) = (found.start(), found.start() + form.len());
                    let label = self.names.get(*name).filter(|_| bytes.get(start..end) == Some(form));
                    spans.extend(label.map(|label| Span { start, end, label, known: true }));
                }
                Some(Meaning::Keyword(format)) => likely.iter_mut().skip(*format).take(1).for_each(|one| *one = true),
                None => {}
            }
        }
        for (format, _) in FORMATS.iter().zip(likely).filter(|(_, likely)| *likely) {
            let secrets = format.secrets(bytes).filter(|secret| !bytes.get(secret.clone()).is_some_and(is_mask));
            spans.extend(secrets.map(|Range { start, end }| Span { start, end, label: format.id, known: false }));
        }
        spans
    }
}

/// Does it begin with what stands in the place of a credential? Then it is not masked again.
fn is_mask(bytes: &[u8]) -> bool {
    bytes.starts_with(b"[redacted:")
}

#[cfg(test)]
mod tests;
