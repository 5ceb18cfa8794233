//! Threads that each keep one end of something.

use std::io::{ErrorKind, Read};
use std::thread::{Builder, JoinHandle};

use crate::error::SessionError;

/// Starts a thread with a name.
pub(crate) fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, SessionError> {
    Builder::new().name(name.to_owned()).spawn(work).map_err(SessionError::Thread)
}

/// Reads at most so many bytes; nothing at the end, and when no more can be read.
pub(crate) fn read(reader: &mut impl Read, buffer: &mut [u8], most: usize) -> Option<usize> {
    let most = most.min(buffer.len());
    loop {
        match reader.read(buffer.get_mut(..most)?) {
            Ok(0) => return None,
            Ok(length) => return Some(length),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
