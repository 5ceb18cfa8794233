//! What comes in on a link, one message after the other.

use std::io::{ErrorKind, Read};

use serde::de::DeserializeOwned;

use crate::error::LinkError;
use crate::frame::Decoder;
use crate::limits::CHUNK_BYTES_MAX;

/// A link's end for reading.
#[derive(Debug)]
pub struct Inbox<R> {
    reader: R,
    decoder: Decoder,
    chunk: Vec<u8>,
}

impl<R: Read> Inbox<R> {
    /// Nothing is read yet.
    pub fn new(reader: R) -> Self {
        Self { reader, decoder: Decoder::new(), chunk: vec![0; CHUNK_BYTES_MAX] }
    }

    /// Waits for the next message, of at most `most` bytes; nothing when the other side has ended.
    ///
    /// # Errors
    /// When the link fails, ends within a message, or brings something that is none.
    pub fn next<M: DeserializeOwned>(&mut self, most: usize) -> Result<Option<M>, LinkError> {
        loop {
            if let Some(message) = self.decoder.next(most)? {
                return serde_json::from_slice(message).map(Some).map_err(|_| LinkError::Malformed);
            }
            match self.reader.read(&mut self.chunk) {
                Ok(0) if self.decoder.is_within() => return Err(LinkError::Cut),
                Ok(0) => return Ok(None),
                Ok(length) => self.decoder.feed(self.chunk.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(LinkError::Read(error)),
            }
        }
    }
}
