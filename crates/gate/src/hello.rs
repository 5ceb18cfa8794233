//! The client hello of TLS (RFC 8446, section 4.1.2): the name in it, and whether a part of it is encrypted.
//!
//! It is read by us because no library tells of the encrypted part. Strictly: what could be read in two ways is refused.

use pinfold_policy::{Host, Name};

use crate::limits::OPENING_BYTES_MAX;

const HANDSHAKE: u8 = 22;
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const APPLICATION_DATA: u8 = 23;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const EARLY_DATA: u16 = 42;
/// RFC 9849, and what drafts before it used.
const ENCRYPTED_HELLO: [u16; 3] = [0xfe0d, 0xffce, 0xfd00];
/// Largest record, in bytes (RFC 8446, section 5.1).
const RECORD_BYTES_MAX: usize = 1 << 14;

/// What a client hello says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The host that it names.
    pub name: Option<Name>,
    /// Is there an encrypted hello inside, or something that looks like one?
    pub encrypted: bool,
    /// Does the client want to send data before it is answered?
    pub early: bool,
    /// The bytes of its records.
    pub length: usize,
}

/// What a client says in the clear after its hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// Not enough to say.
    Undecided,
    /// No hello, and none that could follow.
    No,
    /// Another hello, because the server asked for it.
    Hello(Hello),
    /// Something that a server might read as one.
    Broken,
}

/// Why bytes are no client hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelloError {
    /// They could become one.
    Incomplete,
    /// They cannot.
    Malformed,
}

impl Hello {
    /// Reads the client hello at the beginning of a connection, from one record or several.
    ///
    /// # Errors
    /// When it is not complete yet, or not what every server reads in the same way.
    pub fn read(bytes: &[u8]) -> Result<Self, HelloError> {
        let (message, length) = handshake(bytes)?;
        Self::parse(&message, length).ok_or(HelloError::Malformed)
    }

    fn parse(message: &[u8], length: usize) -> Option<Self> {
        let mut hello = Reader(message);
        hello.take(2 + 32)?;
        hello.vector8()?;
        hello.vector16()?;
        hello.vector8()?;
        let mut parsed = Self { name: None, encrypted: false, early: false, length };
        if hello.0.is_empty() {
            return Some(parsed);
        }
        let mut extensions = Reader(hello.vector16()?);
        let mut seen = Vec::new();
        while !extensions.0.is_empty() {
            let kind = extensions.number16()?;
            let content = extensions.vector16()?;
            // RFC 8446, section 4.2: none twice.
            if seen.contains(&kind) {
                return None;
            }
            seen.push(kind);
            match kind {
                SERVER_NAME => parsed.name = Some(server_name(content)?),
                EARLY_DATA => parsed.early = true,
                kind if ENCRYPTED_HELLO.contains(&kind) => parsed.encrypted = true,
                _ => {}
            }
        }
        hello.0.is_empty().then_some(parsed)
    }
}

impl Again {
    /// Reads what follows a hello. Between the two there may be a record for old middleboxes (RFC 8446, appendix D.4),
    /// alerts that servers ignore (section 6.1), and where the first hello announced it, data that they skip (4.2.10).
    pub fn read(mut bytes: &[u8], early: bool) -> Self {
        loop {
            let Some(&[kind, _, _, high, low]) = bytes.first_chunk::<5>() else { return Self::Undecided };
            let length = usize::from(u16::from_be_bytes([high, low]));
            if matches!(kind, CHANGE_CIPHER_SPEC | ALERT) || (early && kind == APPLICATION_DATA) {
                let Some(rest) = bytes.get(5 + length..) else { return Self::Undecided };
                bytes = rest;
                continue;
            }
            if kind != HANDSHAKE {
                return Self::No;
            }
            // The beginning of a hello: its type, a length of less than 2^16, a version. What is encrypted looks like
            // that once in 2^40 times; and nobody cuts so little off.
            let beginning = bytes.get(5..11.min(5 + length)).unwrap_or_default();
            let is_hello = match *beginning {
                [CLIENT_HELLO, 0, _, _, 3, _] => true,
                [_, _, _, _, _, _] => return Self::No,
                _ if length < 6 => return Self::Broken,
                _ => false,
            };
            return match Hello::read(bytes) {
                Ok(hello) => Self::Hello(hello),
                Err(HelloError::Malformed) if is_hello => Self::Broken,
                _ => Self::Undecided,
            };
        }
    }
}

/// The one host name in the extension (RFC 6066, section 3).
fn server_name(content: &[u8]) -> Option<Name> {
    let mut content = Reader(content);
    let mut list = Reader(content.vector16()?);
    let kind = list.take(1)?;
    let name = list.vector16()?;
    if kind != [0] || !list.0.is_empty() || !content.0.is_empty() {
        return None;
    }
    match Host::new(std::str::from_utf8(name).ok()?) {
        Ok(Host::Name(name)) => Some(name),
        // No literal addresses, says the RFC; some would be read as names by some servers.
        _ => None,
    }
}

/// The body of the first handshake message, put together from records; and the bytes of these.
fn handshake(mut bytes: &[u8]) -> Result<(Vec<u8>, usize), HelloError> {
    use HelloError::{Incomplete, Malformed};
    let (mut message, mut used) = (Vec::new(), 0);
    loop {
        let [kind, major, _, high, low] = *bytes.first_chunk::<5>().ok_or(Incomplete)?;
        let rest_of_record = usize::from(u16::from_be_bytes([high, low]));
        if kind != HANDSHAKE || major != 3 || rest_of_record == 0 || rest_of_record > RECORD_BYTES_MAX {
            return Err(Malformed);
        }
        let rest = bytes.get(5..).unwrap_or_default();
        message.extend_from_slice(rest.get(..rest_of_record.min(rest.len())).unwrap_or_default());
        if message.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
            return Err(Malformed);
        }
        if let Some(&[_, high, middle, low]) = message.first_chunk::<4>() {
            let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            if length > OPENING_BYTES_MAX {
                return Err(Malformed);
            }
            if message.len() >= 4 + length && rest.len() >= rest_of_record {
                // The client says nothing more before it is answered; what follows could be read as another hello.
                let whole = message.len() == 4 + length;
                return if whole { Ok((message.split_off(4), used + 5 + rest_of_record)) } else { Err(Malformed) };
            }
        }
        bytes = rest.get(rest_of_record..).ok_or(Incomplete)?;
        used += 5 + rest_of_record;
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number16(&mut self) -> Option<u16> {
        self.take(2).and_then(|bytes| Some(u16::from_be_bytes(*bytes.first_chunk()?)))
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = *self.take(1)?.first()?;
        self.take(length.into())
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.number16()?;
        self.take(length.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &(content.len() as u16).to_be_bytes(), content].concat()
    }

    fn named(name: &str) -> Vec<u8> {
        let length = name.len() as u16;
        let list = [&(length + 3).to_be_bytes()[..], &[0], &length.to_be_bytes(), name.as_bytes()].concat();
        extension(SERVER_NAME, &list)
    }

    fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
        let extensions = extensions.concat();
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 1, 1, 0]);
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        [&[CLIENT_HELLO, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat()
    }

    fn records(message: &[u8], size: usize) -> Vec<u8> {
        let record = |part: &[u8]| [&[22, 3, 1][..], &(part.len() as u16).to_be_bytes(), part].concat();
        message.chunks(size).flat_map(record).collect()
    }

    fn read(extensions: &[Vec<u8>]) -> Result<Hello, HelloError> {
        Hello::read(&records(&hello(extensions), 1 << 14))
    }

    #[test]
    fn the_name_is_found_in_one_record_or_many() {
        let message = hello(&[extension(10, &[0, 2, 0, 29]), named("A.Example")]);
        let expected = |length| Hello { name: Name::new("a.example").ok(), encrypted: false, early: false, length };
        for size in [1 << 14, 50, 7, 1] {
            let bytes = records(&message, size);
            assert_eq!(Hello::read(&bytes), Ok(expected(bytes.len())), "records of {size}");
            for end in 0..bytes.len() {
                assert_eq!(Hello::read(&bytes[..end]), Err(HelloError::Incomplete), "{end} of {size}");
            }
        }
    }

    #[test]
    fn an_encrypted_part_is_noticed() {
        let sealed = read(&[named("a.example"), extension(0xfe0d, &[0; 20])]).expect("a hello");
        assert!(sealed.encrypted);
        let bare = read(&[]).expect("a hello");
        assert_eq!((bare.name, bare.encrypted), (None, false));
    }

    #[test]
    fn a_second_hello_is_noticed() {
        let second = records(&hello(&[named("b.example")]), 1 << 14);
        let compatible = [&[20, 3, 3, 0, 1, 1][..], &second].concat();
        for bytes in [&second, &compatible, &records(&hello(&[named("b.example")]), 7)] {
            assert!(
                matches!(Again::read(bytes, false), Again::Hello(hello) if hello.name == Name::new("b.example").ok())
            );
            for end in 0..bytes.len() {
                assert_eq!(Again::read(&bytes[..end], false), Again::Undecided, "{end}");
            }
        }
        let alert = [&[21, 3, 3, 0, 2, 1, 90][..], &second].concat();
        assert!(matches!(Again::read(&alert, false), Again::Hello(_)));
        let data = [&[23, 3, 3, 0, 3, 7, 7, 7][..], &second].concat();
        assert!(matches!(Again::read(&data, true), Again::Hello(_)));
        assert!(read(&[extension(EARLY_DATA, &[])]).expect("a hello").early);
        let key_exchange = [&[22, 3, 3, 0, 70, 16, 0, 0, 66, 65, 4][..], &[7; 64]].concat();
        let finished = [&[20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 40][..], &[1; 40]].concat();
        for bytes in [&key_exchange[..], &finished, &[23, 3, 3, 0, 9]] {
            assert_eq!(Again::read(bytes, false), Again::No);
        }
        assert_eq!(Again::read(&records(&hello(&[named("b.example")]), 3), false), Again::Broken);
        assert_eq!(Again::read(&records(&hello(&[named("b.example"), named("a.example")]), 999), false), Again::Broken);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let two = [&[0, 18, 0, 0, 6][..], b"a.test", &[0, 0, 6], b"b.test"].concat();
        for extensions in [
            vec![named("a.example"), named("b.example")],
            vec![extension(SERVER_NAME, &two)],
            vec![named("a.example\0.b")],
            vec![named("127.0.0.1")],
            vec![named("")],
            vec![extension(SERVER_NAME, &[])],
        ] {
            assert_eq!(read(&extensions), Err(HelloError::Malformed), "{extensions:?}");
        }
        let mut more = records(&hello(&[named("a.example")]), 1 << 14);
        let length = more.len() as u16 - 5 + 4;
        more[3..5].copy_from_slice(&length.to_be_bytes());
        more.extend([1, 0, 0, 0]);
        assert_eq!(Hello::read(&more), Err(HelloError::Malformed));
    }
}
