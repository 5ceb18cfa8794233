//! What a client speaks, by its first bytes.

use std::ops::RangeInclusive;

use crate::hello::{Hello, HelloError};

/// Longest method that a request of HTTP is recognised by, in bytes: the longest request line of common servers.
const METHOD_BYTES_MAX: usize = 8 << 10;

/// Records of TLS (RFC 8446, section 5.1), and the largest number that a server takes for the first half of its version.
const RECORDS: RangeInclusive<u8> = 20..=24;
const MAJOR_MAX: u8 = 15;

/// What the first bytes say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sniffed {
    /// Not enough to say. `text` if it is text that could become a request of HTTP.
    Undecided {
        /// Is it?
        text: bool,
    },
    /// A client hello.
    Tls(Hello),
    /// A client hello that is none, or not in the one way to read it.
    BrokenTls,
    /// A request of HTTP, or the beginning of HTTP/2.
    Http,
    /// Something else.
    Other,
}

/// Recognises what a client speaks.
///
/// Whatever a lenient server would take for a request counts as one: empty lines before it, odd white space, a method that
/// nobody knows, any target. Otherwise the name of another host could pass in it unseen. For the same reason whatever a
/// server of TLS might read past, such as an alert or another version, is no beginning of something else.
pub fn sniff(bytes: &[u8]) -> Sniffed {
    match bytes {
        [] => Sniffed::Undecided { text: true },
        [kind] | [kind, 0..=MAJOR_MAX, ..] if RECORDS.contains(kind) => match Hello::read(bytes) {
            Ok(hello) => Sniffed::Tls(hello),
            Err(HelloError::Incomplete) => Sniffed::Undecided { text: false },
            Err(HelloError::Malformed) => Sniffed::BrokenTls,
        },
        _ => sniff_text(bytes),
    }
}

fn sniff_text(bytes: &[u8]) -> Sniffed {
    let start = bytes.iter().take_while(|byte| is_blank(**byte) || **byte == b'\n').count();
    let line = bytes.get(start..).unwrap_or_default();
    let (method, rest) = line.split_at(line.iter().take_while(|byte| is_token(**byte)).count());
    if method.len() > METHOD_BYTES_MAX {
        return Sniffed::Other;
    }
    match (method, rest.first()) {
        (_, None) => Sniffed::Undecided { text: true },
        ([], _) => Sniffed::Other,
        (_, Some(after)) if !is_blank(*after) => Sniffed::Other,
        _ => match rest.iter().position(|byte| *byte == b'\n') {
            None => Sniffed::Undecided { text: true },
            Some(end) if is_request(rest.get(..end).unwrap_or_default()) => Sniffed::Http,
            Some(_) => Sniffed::Other,
        },
    }
}

/// Is this, after the method, a request line? Without a version (HTTP/0.9) it is one that can name a host.
fn is_request(line: &[u8]) -> bool {
    line.windows(5).any(|window| window.eq_ignore_ascii_case(b"HTTP/"))
        || line.windows(3).any(|window| window == b"://")
}

/// What is read as white space in a request line (RFC 9112, section 3), and in front of one.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c | b'\r')
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_recognised_however_a_server_might_read_them() {
        for text in [
            "GET / HTTP/1.1\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\n",
            "get  /  http/1.1\n",
            "X-ODD\t/ HTTP/1.1\n",
            "GET http://a.example/ HTTP/1.1\r\n",
            "OPTIONS * HTTP/1.0\r\n",
            "CONNECT a.example:443 HTTP/1.1\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET ftp://a.example/ HTTP/1.1\r\n",
            "GET odd HTTP/1.1\r\n",
            "GET\x0b/\x0cHTTP/1.1\r\n",
            "\x0bGET\r/ HTTP/1.1\r\n",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n",
            "GET http://a.example/\r\n",
        ] {
            assert_eq!(sniff(text.as_bytes()), Sniffed::Http, "{text:?}");
        }
    }

    #[test]
    fn other_protocols_are_not_held_back_after_their_first_line() {
        for text in [
            "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
            "EHLO host.example\r\n",
            "PING\r\n",
            "*1\r\n$4\r\nPING\r\n",
            "hello world\n",
            "\0\0\0\x08\x04\x12\x16\x2f",
            "\x10\x0e\0\x04MQTT",
            "GET /without-version\r\n",
            "hello, world",
        ] {
            assert_eq!(sniff(text.as_bytes()), Sniffed::Other, "{text:?}");
        }
    }

    #[test]
    fn what_could_become_a_request_is_undecided() {
        for text in ["", "\r\n", "G", "GET", "GET ", "GET /", "GET /?q=HTTP/1.1", "hello", "hello world"] {
            assert_eq!(sniff(text.as_bytes()), Sniffed::Undecided { text: true }, "{text:?}");
        }
        assert_eq!(sniff(b"\x16\x03\x01"), Sniffed::Undecided { text: false });
    }

    #[test]
    fn what_a_server_of_tls_may_read_past_is_not_something_else() {
        for bytes in [
            b"\x15\x03\x01\x00\x02\x01\x5a\x16\x03\x01",
            b"\x14\x03\x03\x00\x01\x01\x16\x03\x01\x00",
            b"\x17\x03\x03\x00\x01\x01\x16\x03\x01\x00",
            b"\x16\x02\x01\x00\x05\x01\x00\x00\x01\x00",
            b"\x16\x00\x00\x00\x05\x01\x00\x00\x01\x00",
        ] {
            assert_eq!(sniff(bytes), Sniffed::BrokenTls, "{bytes:?}");
        }
    }
}
