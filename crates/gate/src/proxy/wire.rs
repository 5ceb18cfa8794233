//! The messages of SOCKS5 (RFC 1928), as far as a client without a password sends them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The version.
pub(super) const VERSION: u8 = 5;
/// Nobody has to say who they are: only programs inside reach the gate.
const NO_AUTHENTICATION: u8 = 0;
const CONNECT: u8 = 1;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocksError {
    /// They could become one.
    Incomplete,
    /// They cannot.
    Malformed,
    /// The client does not offer to come without a password.
    NoMethod,
    /// Something else than a connection is asked for.
    NoConnect,
}

/// A client's first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greeting {
    /// Its length in bytes.
    pub length: usize,
}

/// A client's request for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocksRequest {
    /// The host, as it stands there.
    pub target: SocksTarget,
    /// The port.
    pub port: u16,
    /// The length of the message in bytes.
    pub length: usize,
}

/// A host in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocksTarget {
    /// An address.
    Address(IpAddr),
    /// Text, most often a name.
    Text(String),
}

impl Greeting {
    /// Reads the first message.
    ///
    /// # Errors
    /// When it is not complete, or the client wants to say who it is.
    pub fn read(bytes: &[u8]) -> Result<Self, SocksError> {
        let [version, count] = *bytes.first_chunk::<2>().ok_or(SocksError::Incomplete)?;
        if version != VERSION {
            return Err(SocksError::Malformed);
        }
        let length = 2 + usize::from(count);
        let methods = bytes.get(2..length).ok_or(SocksError::Incomplete)?;
        if methods.contains(&NO_AUTHENTICATION) { Ok(Self { length }) } else { Err(SocksError::NoMethod) }
    }
}

impl SocksRequest {
    /// Reads the second message.
    ///
    /// # Errors
    /// When it is not complete, or no request for a connection.
    pub fn read(bytes: &[u8]) -> Result<Self, SocksError> {
        let [version, command, reserved, kind] = *bytes.first_chunk::<4>().ok_or(SocksError::Incomplete)?;
        if version != VERSION || reserved != 0 {
            return Err(SocksError::Malformed);
        }
        let rest = bytes.get(4..).unwrap_or_default();
        let (target, used) = match kind {
            1 => (SocksTarget::Address(Ipv4Addr::from(*first::<4>(rest)?).into()), 4),
            4 => (SocksTarget::Address(Ipv6Addr::from(*first::<16>(rest)?).into()), 16),
            3 => {
                let length = usize::from(first::<1>(rest)?[0]);
                let text = rest.get(1..1 + length).ok_or(SocksError::Incomplete)?;
                let text = std::str::from_utf8(text).map_err(|_| SocksError::Malformed)?;
                (SocksTarget::Text(text.to_owned()), 1 + length)
            }
            _ => return Err(SocksError::Malformed),
        };
        let port = u16::from_be_bytes(*first::<2>(rest.get(used..).unwrap_or_default())?);
        match command {
            CONNECT => Ok(Self { target, port, length: 4 + used + 2 }),
            _ => Err(SocksError::NoConnect),
        }
    }
}

fn first<const COUNT: usize>(bytes: &[u8]) -> Result<&[u8; COUNT], SocksError> {
    bytes.first_chunk().ok_or(SocksError::Incomplete)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_without_a_password_is_welcome() {
        assert_eq!(Greeting::read(&[5, 2, 2, 0, 9]), Ok(Greeting { length: 4 }));
        assert_eq!(Greeting::read(&[5, 1, 2]), Err(SocksError::NoMethod));
        assert_eq!(Greeting::read(&[5, 2, 0]), Err(SocksError::Incomplete));
        assert_eq!(Greeting::read(&[4, 1]), Err(SocksError::Malformed));
    }

    #[test]
    fn a_request_names_its_host_in_three_ways() {
        let read = |kind: u8, host: &[u8]| SocksRequest::read(&[&[5, 1, 0, kind][..], host, &[1, 187]].concat());
        let v4 = read(1, &[192, 0, 2, 1]).expect("a request");
        assert_eq!((v4.target, v4.port, v4.length), (SocksTarget::Address([192, 0, 2, 1].into()), 443, 10));
        let name = read(3, b"\x09a.example").expect("a request");
        assert_eq!((name.target, name.length), (SocksTarget::Text("a.example".into()), 16));
        assert_eq!(read(4, &[0; 16]).expect("a request").length, 22);
        assert_eq!(read(2, &[0; 16]), Err(SocksError::Malformed));
        assert_eq!(read(3, b"\x02\xff\xff"), Err(SocksError::Malformed));
    }

    #[test]
    fn every_part_of_a_request_is_incomplete() {
        let whole = [&[5, 1, 0, 3, 9][..], b"a.example", &[0, 80]].concat();
        for end in 0..whole.len() {
            assert_eq!(SocksRequest::read(&whole[..end]), Err(SocksError::Incomplete), "{end}");
        }
        assert_eq!(SocksRequest::read(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]), Err(SocksError::NoConnect));
    }
}
