//! Messages in a stream of bytes: before each its length in bytes, a `u32` with the lowest byte first.

use std::io::{ErrorKind, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::message::{decode_start, encode_start};
use super::{LinkError, MESSAGE_BYTES_MAX, START_BYTES_MAX, Start, decode, encode};

/// Sends a message.
///
/// # Errors
/// When it is larger than [`MESSAGE_BYTES_MAX`], or cannot be written.
pub fn send<Message: Serialize>(output: &mut impl Write, message: &Message) -> Result<(), LinkError> {
    put(output, &encode(message)?)
}

/// Waits for a message; nothing when the stream has ended.
///
/// # Errors
/// For everything that [`send`] does not write.
pub fn receive<Message: DeserializeOwned>(input: &mut impl Read) -> Result<Option<Message>, LinkError> {
    take(input, MESSAGE_BYTES_MAX)?.map(|bytes| decode(&bytes)).transpose()
}

/// Sends a gate its first message.
///
/// # Errors
/// When it is larger than [`START_BYTES_MAX`], or cannot be written.
pub fn send_start(output: &mut impl Write, start: &Start) -> Result<(), LinkError> {
    put(output, &encode_start(start)?)
}

/// Waits for the first message.
///
/// # Errors
/// For everything that [`send_start`] does not write.
pub fn receive_start(input: &mut impl Read) -> Result<Start, LinkError> {
    decode_start(&take(input, START_BYTES_MAX)?.ok_or(LinkError::Malformed("no first message"))?)
}

fn put(output: &mut impl Write, bytes: &[u8]) -> Result<(), LinkError> {
    let length = u32::try_from(bytes.len()).map_err(|_| LinkError::Malformed("larger than a frame"))?;
    // At once, so that no other process sees a piece of one.
    let frame = [&length.to_le_bytes(), bytes].concat();
    output.write_all(&frame).and_then(|()| output.flush()).map_err(LinkError::Send)
}

/// The bytes of the next message. No more room is taken than has come.
fn take(input: &mut impl Read, most: usize) -> Result<Option<Vec<u8>>, LinkError> {
    let Some(length) = take_length(input)? else { return Ok(None) };
    if length > most {
        return Err(LinkError::Malformed("larger than a frame"));
    }
    let mut bytes = Vec::new();
    input.take(length as u64).read_to_end(&mut bytes).map_err(LinkError::Receive)?;
    if bytes.len() == length { Ok(Some(bytes)) } else { Err(LinkError::Malformed("cut off")) }
}

fn take_length(input: &mut impl Read) -> Result<Option<usize>, LinkError> {
    let mut bytes = [0; 4];
    let mut got = 0;
    while let Some(rest) = bytes.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) if got == 0 => return Ok(None),
            Ok(0) => return Err(LinkError::Malformed("cut off")),
            Ok(count) => got += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(LinkError::Receive(error)),
        }
    }
    usize::try_from(u32::from_le_bytes(bytes)).map(Some).map_err(|_| LinkError::Malformed("larger than a frame"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Answer, Order};

    #[test]
    fn messages_come_out_as_they_went_in() {
        let orders = [Order::Answer { id: 7, answer: Answer::Once }, Order::Stop];
        let mut stream = Vec::new();
        for order in &orders {
            send(&mut stream, order).expect("sent");
        }
        let mut rest = stream.as_slice();
        for order in orders {
            assert_eq!(receive::<Order>(&mut rest).expect("whole"), Some(order));
        }
        assert_eq!(receive::<Order>(&mut rest).expect("the end"), None);
    }

    #[test]
    fn what_is_cut_off_too_large_or_empty_is_none() {
        let mut whole = Vec::new();
        send(&mut whole, &Order::Stop).expect("sent");
        for length in 1..whole.len() {
            assert!(receive::<Order>(&mut &whole[..length]).is_err(), "{length}");
        }
        let large = [&(MESSAGE_BYTES_MAX as u32 + 1).to_le_bytes()[..], &[b' '; MESSAGE_BYTES_MAX + 1]].concat();
        assert!(receive::<Order>(&mut large.as_slice()).is_err());
        assert!(receive::<Order>(&mut &u32::MAX.to_le_bytes()[..]).is_err());
        assert!(receive::<Order>(&mut &[0; 4][..]).is_err());
        assert!(receive_start(&mut &[][..]).is_err());
    }
}
