//! Messages in a stream of bytes: four bytes with the size of what follows, lowest first, then JSON.

use serde::Serialize;

use crate::error::LinkError;
use crate::limits::CHUNK_BYTES_MAX;

/// Bytes before each message.
const HEAD_BYTES: usize = 4;

/// A message with its size before it.
///
/// # Errors
/// When it would be larger than `most` bytes.
pub fn encode(message: &impl Serialize, most: usize) -> Result<Vec<u8>, LinkError> {
    let mut bytes = vec![0; HEAD_BYTES];
    serde_json::to_writer(&mut bytes, message).map_err(|_| LinkError::Malformed)?;
    let length = bytes.len() - HEAD_BYTES;
    match (u32::try_from(length), bytes.first_chunk_mut::<HEAD_BYTES>()) {
        (Ok(short), Some(head)) if length <= most => *head = short.to_le_bytes(),
        _ => return Err(LinkError::TooLong { bytes: length, most }),
    }
    Ok(bytes)
}

/// Takes bytes as they come and gives messages. A size is believed only as far as to refuse it: no memory is taken for
/// what has not arrived.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// How much of it has been given.
    read: usize,
}

impl Decoder {
    /// One that nothing has come to.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what came.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.read);
        self.read = 0;
        if self.buffer.capacity() - self.buffer.len() < bytes.len() {
            // Not by doubling, as a vector would by itself.
            self.buffer.reserve_exact(bytes.len().max(CHUNK_BYTES_MAX));
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The bytes of the next message, without its size; nothing while it is not there as a whole.
    ///
    /// # Errors
    /// When it is announced to be larger than `most` bytes. Then nothing that follows can be read.
    pub fn next(&mut self, most: usize) -> Result<Option<&[u8]>, LinkError> {
        let unread = self.buffer.get(self.read..).unwrap_or_default();
        let Some((head, rest)) = unread.split_first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let length = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
        if length > most {
            return Err(LinkError::TooLong { bytes: length, most });
        }
        let Some(message) = rest.get(..length) else { return Ok(None) };
        self.read += HEAD_BYTES + length;
        Ok(Some(message))
    }

    /// Whether part of a message is there.
    pub fn is_within(&self) -> bool {
        self.buffer.len() > self.read
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_size_is_refused_before_memory_is_taken_for_it() {
        let mut decoder = Decoder::new();
        decoder.feed(&u32::MAX.to_le_bytes());
        assert!(matches!(decoder.next(100), Err(LinkError::TooLong { most: 100, .. })));
        let mut decoder = Decoder::new();
        decoder.feed(&(8_u32 << 20).to_le_bytes());
        assert!(matches!(decoder.next(8 << 20), Ok(None)));
        assert!(decoder.buffer.capacity() <= CHUNK_BYTES_MAX + HEAD_BYTES);
    }

    #[test]
    fn a_message_is_as_large_as_its_limit_and_not_larger() {
        assert_eq!(encode(&"abc", 5).unwrap(), b"\x05\0\0\0\"abc\"");
        assert!(matches!(encode(&"abcd", 5), Err(LinkError::TooLong { bytes: 6, most: 5 })));
    }

    proptest! {
        #[test]
        fn cut_anywhere_every_message_survives(
            texts in prop::collection::vec(".{0,200}", 0..20),
            cuts in prop::collection::vec(1..300_usize, 1..50),
        ) {
            let all: Vec<u8> = texts.iter().flat_map(|text| encode(text, 10_000).unwrap()).collect();
            let (mut decoder, mut heard, mut rest) = (Decoder::new(), Vec::new(), all.as_slice());
            for cut in cuts.into_iter().cycle() {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                decoder.feed(now);
                while let Some(message) = decoder.next(10_000).unwrap() {
                    heard.push(serde_json::from_slice::<String>(message).unwrap());
                }
                prop_assert!(decoder.buffer.capacity() <= all.len() + CHUNK_BYTES_MAX);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(heard, texts);
            prop_assert!(!decoder.is_within());
        }

        #[test]
        fn garbage_is_waited_for_or_refused(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20),
        ) {
            let (mut decoder, mut given, mut taken) = (Decoder::new(), 0, 0);
            for piece in &pieces {
                decoder.feed(piece);
                taken += piece.len();
                while let Ok(Some(message)) = decoder.next(1000) {
                    given += message.len() + HEAD_BYTES;
                }
                prop_assert!(given <= taken);
            }
        }
    }
}
