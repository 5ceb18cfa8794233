//! Numbers that nobody can guess.

use std::io;

use super::sys::random;
use crate::message::Nonce;

/// A fresh number for a session.
///
/// # Errors
/// When the system's generator fails.
pub fn nonce() -> io::Result<Nonce> {
    bits().map(Nonce)
}

pub(super) fn bits() -> io::Result<[u8; 16]> {
    let mut bits = [0; 16];
    random::fill(&mut bits).map(|()| bits)
}
