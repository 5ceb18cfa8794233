//! Parts of a text that are covered by labels.

use std::ops::Range;

/// A part that is to be covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    /// What it is.
    pub(super) label: &'a str,
    /// Is it a value that is known, and not only what looks like one?
    pub(super) known: bool,
}

/// Spans in their order, joined where they overlap: no byte that any of them covers is seen. Known values name the whole.
pub(super) fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut().filter(|last| span.start < last.end) {
            Some(last) => {
                last.end = last.end.max(span.end);
                if span.known && !last.known {
                    (last.label, last.known) = (span.label, true);
                }
            }
            None => joined.push(span),
        }
    }
    joined
}

/// The part of some bytes, with labels over what the spans cover of it; nothing where they cover nothing.
pub(super) fn covered(bytes: &[u8], part: Range<usize>, spans: &[Span]) -> Option<String> {
    let first = spans.partition_point(|span| span.end <= part.start);
    let inside = spans.iter().skip(first).take_while(|span| span.start < part.end);
    let (mut text, mut at) = (Vec::new(), part.start);
    for span in inside {
        text.extend_from_slice(bytes.get(at..span.start).unwrap_or_default());
        text.extend_from_slice(format!("[redacted:{}]", span.label).as_bytes());
        at = span.end;
    }
    if at == part.start {
        return None;
    }
    text.extend_from_slice(bytes.get(at..part.end).unwrap_or_default());
    // A span may begin or end within a letter only where a value that is known does.
    Some(String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
