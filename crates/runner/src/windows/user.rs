//! Who this process is.

use std::io;

use pinfold_acl::Sid;

use super::sys::token;

/// The user of this process.
pub(super) fn own_user() -> io::Result<Sid> {
    Sid::parse(&token::own_user()?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
