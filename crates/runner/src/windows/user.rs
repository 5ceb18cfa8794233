//! Who this process is.

use std::io;

use pinfold_acl::Sid;

use super::sys::token;

/// The user of this process.
///
/// # Errors
/// When the system does not say.
pub fn own_user() -> io::Result<Sid> {
    let bytes = token::own_user()?;
    parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no security identifier"))
}

/// From its binary form (MS-DTYP 2.4.2.2).
fn parse(bytes: &[u8]) -> Option<Sid> {
    let ([revision, count, authority @ ..], parts) = bytes.split_first_chunk::<8>()?;
    let [a, b, c, d, e, f] = *authority;
    let parts: Vec<u32> = parts.as_chunks().0.iter().map(|part| u32::from_le_bytes(*part)).collect();
    let fits = *revision == 1 && parts.len() == usize::from(*count);
    Sid::new(u64::from_be_bytes([0, 0, a, b, c, d, e, f]), &parts).filter(|_| fits)
}
