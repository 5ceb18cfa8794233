//! A stream in which texts are looked for, wherever it is cut into pieces.

use std::sync::Arc;

use hyper::body::Bytes;

use super::needles::{Found, Needles};

/// What is done about a text that was found.
pub(crate) enum Then {
    /// Something else stands there.
    Replace(Vec<u8>),
    /// Nothing more passes.
    Stop,
}

/// A search through the pieces of a stream. The end of a piece that could become a text waits for the next piece.
#[derive(Debug)]
pub(crate) struct Search {
    needles: Arc<Needles>,
    held: Vec<u8>,
}

impl Search {
    pub(crate) fn new(needles: Arc<Needles>) -> Self {
        Self { needles, held: Vec::new() }
    }

    /// Takes a piece, and gives what can pass of it and of what was held before.
    ///
    /// # Errors
    /// What was found that stops the stream.
    pub(crate) fn pass(&mut self, piece: Bytes, then: impl Fn(Found) -> Then) -> Result<Bytes, Found> {
        let mut piece = if self.held.is_empty() {
            piece
        } else {
            let mut whole = std::mem::take(&mut self.held);
            whole.extend_from_slice(&piece);
            Bytes::from(whole)
        };
        let mut changed: Option<Vec<u8>> = None;
        let mut at = 0;
        for found in self.needles.find(&piece) {
            match then(found) {
                Then::Stop => return Err(found),
                Then::Replace(text) => {
                    let changed = changed.get_or_insert_default();
                    changed.extend_from_slice(piece.get(at..found.start).unwrap_or_default());
                    changed.extend(text);
                    at = found.end;
                }
            }
        }
        let rest = piece.split_off(at);
        let certain = rest.len() - self.needles.undecided(&rest);
        self.held.extend_from_slice(rest.get(certain..).unwrap_or_default());
        Ok(match changed {
            None => rest.slice(..certain),
            Some(mut changed) => {
                changed.extend_from_slice(rest.get(..certain).unwrap_or_default());
                changed.into()
            }
        })
    }

    /// What is held at the end of the stream: nothing that was looked for.
    pub(crate) fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.held).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "aab-aab-aac";

    fn search() -> Search {
        Search::new(Arc::new(Needles::new([TEXT]).expect("needles")))
    }

    fn pieces(text: &[u8], cuts: &[usize]) -> Vec<Bytes> {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).chain([0, text.len()]).collect();
        ends.sort_unstable();
        ends.windows(2).map(|ends| Bytes::copy_from_slice(&text[ends[0]..ends[1]])).collect()
    }

    proptest! {
        #[test]
        fn a_text_is_replaced_wherever_the_stream_is_cut(
            parts in proptest::collection::vec("[ab-]{0,12}", 1..5),
            cuts in proptest::collection::vec(0..100_usize, 0..12),
        ) {
            let text = parts.join(TEXT);
            let mut search = search();
            let mut out = Vec::new();
            for piece in pieces(text.as_bytes(), &cuts) {
                out.extend(search.pass(piece, |_| Then::Replace(b"!".into())).expect("no stop"));
            }
            out.extend(search.rest());
            prop_assert_eq!(String::from_utf8(out).expect("text"), text.replace(TEXT, "!"));
        }

        #[test]
        fn no_byte_of_a_text_passes_before_the_stop(cuts in proptest::collection::vec(0..100_usize, 0..12)) {
            let text = format!("before {TEXT} after");
            let (mut search, mut out, mut stopped) = (search(), Vec::new(), false);
            for piece in pieces(text.as_bytes(), &cuts) {
                match search.pass(piece, |_| Then::Stop) {
                    Ok(piece) if !stopped => out.extend(piece),
                    Ok(_) => {}
                    Err(_) => stopped = true,
                }
            }
            prop_assert!(stopped && b"before ".starts_with(&out));
        }
    }

    #[test]
    fn what_cannot_become_a_text_is_not_held_back() {
        let mut search = search();
        let piece = search.pass(Bytes::from_static(b"data: 1\n\n"), |_| Then::Stop).expect("no stop");
        assert_eq!(piece, b"data: 1\n\n"[..]);
    }
}
