//! Names of hosts in their one form: lower case, ASCII, no dot at the end.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::quoted;

/// Longest name, in bytes, without the dot at the end (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;

/// Longest label, in bytes (RFC 1035, section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// The name of a host: lower case, international names in their ASCII form, no dot at the end. Never an address, in
/// whatever notation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Box<str>);

/// Why text is no name of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// Nothing, or nothing between two dots.
    #[error("a name or a part of one is missing")]
    Empty,
    /// More than 253 bytes, or a label of more than 63.
    #[error("names have at most 253 bytes, and 63 between two dots")]
    TooLong,
    /// A character that names do not have.
    #[error("names consist of letters, digits, `-` and `_`")]
    Character,
    /// An address to some resolver: `0x7f.1`, `2130706433`, `0177.0.0.1`.
    #[error("it ends in a number, so programs read it as an address, each in its own way")]
    Number,
    /// A port that is none.
    #[error("a port is a number from 1 to 65535")]
    Port,
    /// No international name by UTS 46.
    #[error("it is no international name")]
    International,
}

impl Name {
    /// Reads a name, as a person writes it or as a client sends it.
    ///
    /// # Errors
    /// For everything that is not a name that DNS could hold, and for addresses in odd notations.
    pub fn new(text: &str) -> Result<Self, NotAName> {
        if text.len() > 4 * NAME_BYTES_MAX {
            return Err(NotAName::TooLong);
        }
        let mut name = text.to_ascii_lowercase();
        // What is in ASCII already but for `xn--` is as good as mapped.
        if !name.is_ascii() || name.contains("xn--") {
            name = idna::domain_to_ascii(&name).map_err(|_| NotAName::International)?;
        }
        if name.ends_with('.') {
            name.pop();
        }
        check(&name)?;
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is this a name below the other one? `a.example` is below `example`, not below itself.
    pub fn is_below(&self, parent: &Self) -> bool {
        self.0.strip_suffix(&*parent.0).is_some_and(|rest| rest.ends_with('.'))
    }
}

fn check(name: &str) -> Result<(), NotAName> {
    if name.len() > NAME_BYTES_MAX {
        return Err(NotAName::TooLong);
    }
    for label in name.split('.') {
        match label.len() {
            0 => return Err(NotAName::Empty),
            1..=LABEL_BYTES_MAX => {}
            _ => return Err(NotAName::TooLong),
        }
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if !label.bytes().all(fits) {
            return Err(NotAName::Character);
        }
    }
    // As browsers tell them apart: https://url.spec.whatwg.org/#ends-in-a-number-checker
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if last.bytes().all(|byte| byte.is_ascii_digit()) || last.strip_prefix("0x").is_some_and(hexadecimal) {
        return Err(NotAName::Number);
    }
    Ok(())
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        Self::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.into()
    }
}

/// A host as a client names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// By name.
    Name(Name),
    /// By address, in its one form: `::ffff:192.0.2.1` is `192.0.2.1`.
    Address(IpAddr),
}

impl Host {
    /// Reads a name, an address of four decimal numbers, or an IPv6 address with or without brackets.
    ///
    /// # Errors
    /// For everything else, in particular for addresses in other notations and with zones.
    pub fn new(text: &str) -> Result<Self, NotAName> {
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if inner.is_some() || text.contains(':') {
            let address: Ipv6Addr = inner.unwrap_or(text).parse().map_err(|_| NotAName::Character)?;
            return Ok(Self::Address(address.to_canonical()));
        }
        match text.parse::<Ipv4Addr>() {
            Ok(address) => Ok(Self::Address(address.into())),
            Err(_) => Name::new(text).map(Self::Name),
        }
    }

    /// Splits `HOST:PORT` or `HOST`, neither of which is looked at. An IPv6 address with a port is in brackets.
    pub fn split_port(text: &str) -> (&str, Option<&str>) {
        let after_brackets = if text.starts_with('[') { text.find(']').unwrap_or(text.len()) } else { 0 };
        match text[after_brackets..].split_once(':') {
            Some((host, port)) if !port.contains(':') => (&text[..after_brackets + host.len()], Some(port)),
            _ => (text, None),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl NotAName {
    /// The whole sentence about a text.
    pub(crate) fn about(self, text: &str) -> String {
        format!("{} is no name of a host: {self}", quoted(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form() {
        for (text, name) in [
            ("API.GitHub.com", "api.github.com"),
            ("example.com.", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
            ("_dmarc.example", "_dmarc.example"),
            ("localhost", "localhost"),
            ("1.2.3.4.example", "1.2.3.4.example"),
            ("0x7f.1.com", "0x7f.1.com"),
        ] {
            assert_eq!(Name::new(text).map(String::from).as_deref(), Ok(name), "{text}");
        }
    }

    #[test]
    fn an_address_in_any_notation_is_no_name() {
        for text in [
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "127.1",
            "0x7F000001",
            "1.2.3.4",
            "1.2.3.4.",
            "example.0x",
            "a.1",
            "１２７.０.０.１",
            "256.256.256.256",
            "①.1",
        ] {
            assert_eq!(Name::new(text), Err(NotAName::Number), "{text}");
        }
        for text in ["::ffff:127.0.0.1", "[::1]", "127.0.0.1:80"] {
            assert!(Name::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_dns_does_not_hold_is_refused() {
        let long = format!("{}.com", "a".repeat(64));
        let whole = "a.".repeat(127);
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a..",
            "a b",
            "a\0.com",
            "a\n",
            "*.com",
            "a%2ecom",
            "a@b",
            "a/b",
            "xn--a",
            "xn--.com",
            "a\u{200b}\u{202e}.com:80",
            &long,
            &format!("{whole}com"),
        ] {
            assert!(Name::new(text).is_err(), "{text:?}");
        }
        assert!(Name::new(&format!("{}a", "a.".repeat(126))).is_ok());
    }

    #[test]
    fn only_names_further_left_are_below() {
        let name = |text| Name::new(text).expect(text);
        assert!(name("a.example.com").is_below(&name("example.com")));
        assert!(name("a.b.example.com").is_below(&name("example.com")));
        assert!(!name("example.com").is_below(&name("example.com")));
        assert!(!name("notexample.com").is_below(&name("example.com")));
    }

    #[test]
    fn only_the_plain_notations_are_addresses() {
        assert_eq!(Host::new("[::ffff:127.0.0.1]"), Ok(Host::Address([127, 0, 0, 1].into())));
        assert_eq!(Host::new("2001:db8::1").map(|host| host.to_string()), Ok("[2001:db8::1]".to_owned()));
        assert_eq!(Host::new("192.0.2.1"), Ok(Host::Address([192, 0, 2, 1].into())));
        for text in ["192.0.2.01", "[192.0.2.1]", "fe80::1%eth0", "[::1", "::1]", "0x7f.1", "[::1]:80"] {
            assert!(Host::new(text).is_err(), "{text}");
        }
    }
}
