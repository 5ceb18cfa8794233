//! What identifiers are made with and judged by: this machine.

use std::io;

use super::lists::volume_is_there;
use crate::windows::identifiers::{Presence, World};
use crate::windows::sys;

/// This machine.
pub(super) struct Machine;

impl World for Machine {
    fn random(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        sys::random(buffer)
    }

    fn presence(&self, path: &str) -> Presence {
        match std::fs::symlink_metadata(sys::files::verbatim(path)) {
            Ok(_) => Presence::There,
            Err(error) if error.kind() == io::ErrorKind::NotFound && volume_is_there(path) => Presence::Gone,
            Err(_) => Presence::Unknown,
        }
    }
}

/// A name that nobody can guess and nothing else has.
///
/// # Errors
/// When the system has no random bytes.
pub fn unique_name() -> io::Result<String> {
    let mut bytes = [0; 16];
    sys::random(&mut bytes)?;
    Ok(format!("pinfold-{:032x}", u128::from_le_bytes(bytes)))
}
