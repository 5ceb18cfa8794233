//! What goes out on a link: a thread sends whatever the shared state has due.

use std::io::Write;

use serde::Serialize;

use crate::error::LinkError;
use crate::frame::encode;
use crate::shared::Shared;

/// What is to be done next on a link's end for writing.
#[derive(Debug)]
pub(crate) enum Post<M> {
    /// Send this, of at most so many bytes.
    Send(M, usize),
    /// Close it.
    Stop,
}

/// Sends until the state says stop. What has no place in the state cannot queue up here.
pub(crate) fn post<S, M: Serialize>(
    shared: &Shared<S>,
    mut writer: impl Write,
    mut next: impl FnMut(&mut S) -> Option<Post<M>>,
) -> Result<(), LinkError> {
    while let Post::Send(message, most) = shared.wait(&mut next) {
        send(&mut writer, &message, most)?;
    }
    Ok(())
}

/// Sends one message.
pub(crate) fn send(writer: &mut impl Write, message: &impl Serialize, most: usize) -> Result<(), LinkError> {
    let bytes = encode(message, most)?;
    writer.write_all(&bytes).and_then(|()| writer.flush()).map_err(LinkError::Write)
}
