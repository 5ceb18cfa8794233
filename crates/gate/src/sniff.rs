//! What a client speaks, by its first bytes.

use crate::hello::{Hello, HelloError};

/// Longest method that a request of HTTP is recognised by, in bytes.
const METHOD_BYTES_MAX: usize = 32;

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
/// Whatever a lenient server would take for a request counts as one: empty lines before it, several spaces, a method
/// that nobody knows. Otherwise the name of another host could pass in it unseen.
pub fn sniff(bytes: &[u8]) -> Sniffed {
    match bytes {
        [] => Sniffed::Undecided { text: true },
        [0x16] | [0x16, 0x03, ..] => match Hello::read(bytes) {
            Ok(hello) => Sniffed::Tls(hello),
            Err(HelloError::Incomplete) => Sniffed::Undecided { text: false },
            Err(HelloError::Malformed) => Sniffed::BrokenTls,
        },
        _ => sniff_text(bytes),
    }
}

fn sniff_text(bytes: &[u8]) -> Sniffed {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let start = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let line = bytes.get(start..).unwrap_or_default();
    let method = line.iter().take_while(|byte| is_token(**byte)).count();
    if method > METHOD_BYTES_MAX {
        return Sniffed::Other;
    }
    let (method, rest) = line.split_at(method);
    let gap = rest.iter().take_while(blank).count();
    let target = rest.get(gap..).unwrap_or_default();
    let Some(first) = target.first() else { return Sniffed::Undecided { text: true } };
    let is_target = matches!(first.to_ascii_lowercase(), b'/' | b'*' | b'h') || method.eq_ignore_ascii_case(b"CONNECT");
    if method.is_empty() || gap == 0 || !is_target {
        return Sniffed::Other;
    }
    match target.iter().position(|byte| *byte == b'\n') {
        None => Sniffed::Undecided { text: true },
        Some(end) if names_version(target.get(..end).unwrap_or_default()) => Sniffed::Http,
        Some(_) => Sniffed::Other,
    }
}

fn names_version(line: &[u8]) -> bool {
    line.windows(5).any(|window| window.eq_ignore_ascii_case(b"HTTP/"))
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
            "hello world",
            "\0\0\0\x08\x04\x12\x16\x2f",
            "\x10\x0e\0\x04MQTT",
            "GET /without-version\r\n",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(sniff(text.as_bytes()), Sniffed::Other, "{text:?}");
        }
    }

    #[test]
    fn what_could_become_a_request_is_undecided() {
        for text in ["", "\r\n", "G", "GET", "GET ", "GET /", "GET /?q=HTTP/1.1", "hello"] {
            assert_eq!(sniff(text.as_bytes()), Sniffed::Undecided { text: true }, "{text:?}");
        }
        assert_eq!(sniff(b"\x16\x03\x01"), Sniffed::Undecided { text: false });
    }
}
