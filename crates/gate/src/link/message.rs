//! Messages as bytes, however they travel.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{MESSAGE_BYTES_MAX, START_BYTES_MAX, Start, VERSION};

/// Why nothing could be said or heard.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The link cannot be written.
    #[error("failed to send a message")]
    Send(#[source] io::Error),
    /// The link cannot be read.
    #[error("failed to receive a message")]
    Receive(#[source] io::Error),
    /// A socket that the message asks for cannot be made.
    #[error("failed to listen")]
    Listen(#[source] io::Error),
    /// A message is none.
    #[error("malformed message: {0}")]
    Malformed(&'static str),
    /// A message is none by its JSON.
    #[error("malformed message")]
    Json(#[from] serde_json::Error),
}

/// The bytes of a message.
///
/// # Errors
/// When it is larger than [`MESSAGE_BYTES_MAX`].
pub fn encode<Message: Serialize>(message: &Message) -> Result<Vec<u8>, LinkError> {
    let bytes = serde_json::to_vec(message)?;
    if bytes.len() <= MESSAGE_BYTES_MAX { Ok(bytes) } else { Err(LinkError::Malformed("larger than a packet")) }
}

/// Reads a message.
///
/// # Errors
/// For everything that [`encode`] does not write.
pub fn decode<Message: DeserializeOwned>(bytes: &[u8]) -> Result<Message, LinkError> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(LinkError::Malformed("larger than a packet"));
    }
    Ok(serde_json::from_slice(bytes)?)
}

/// The bytes of a first message.
pub(super) fn encode_start(start: &Start) -> Result<Vec<u8>, LinkError> {
    let text = serde_json::to_vec(start)?;
    if text.len() <= START_BYTES_MAX { Ok(text) } else { Err(LinkError::Malformed("more rules and secrets than fit")) }
}

/// Reads a first message.
pub(super) fn decode_start(text: &[u8]) -> Result<Start, LinkError> {
    if text.len() > START_BYTES_MAX {
        return Err(LinkError::Malformed("more rules and secrets than fit"));
    }
    let start: Start = serde_json::from_slice(text)?;
    match start.version {
        VERSION => Ok(start),
        _ => Err(LinkError::Malformed("of another version")),
    }
}
