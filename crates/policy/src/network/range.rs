//! Ranges of addresses, such as `10.1.2.0/24`.

use core::net::IpAddr;
use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::network::name::Host;
use crate::network::ports::plain_number;
use crate::text::{Complaint, quoted};

/// A range of addresses: all that share the first bits. An address alone is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Range {
    /// The first address.
    pub first: IpAddr,
    /// How many bits all have in common.
    pub bits: u8,
}

impl Range {
    /// The range of one address.
    pub fn one(address: IpAddr) -> Self {
        let first = address.to_canonical();
        Self { first, bits: width(first) }
    }

    pub(crate) const fn new(first: IpAddr, bits: u8) -> Self {
        Self { first, bits }
    }

    /// Is the address in it?
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        width(address) == width(self.first) && leading(address, self.bits) == leading(self.first, self.bits)
    }

    /// Is the whole other range in it?
    pub fn covers(self, other: Self) -> bool {
        other.bits >= self.bits && self.contains(other.first)
    }

    /// Reads an address or a range; nothing if it is neither.
    pub(crate) fn parse(text: &str) -> Option<Result<Self, Complaint>> {
        let bare = without_brackets(text)?;
        let (address, bits) = match bare.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (&*bare, None),
        };
        let Ok(Host::Address(parsed)) = Host::new(address) else { return None };
        Some(bits.map_or(Ok(Self::one(parsed)), |bits| Self::of_bits(parsed, bits, text, address)))
    }

    fn of_bits(address: IpAddr, bits: &str, text: &str, bare: &str) -> Result<Self, Complaint> {
        let wrong = |hint: String| Complaint::new(format!("{} is no range of addresses", quoted(text)), hint);
        let Some(bits) = plain_number::<u8>(bits).filter(|bits| *bits <= width(address)) else {
            return Err(wrong(format!("write how many bits are fixed, 0 to {}, such as 10.1.2.0/24", width(address))));
        };
        if address.is_ipv4() && bare.contains(':') {
            return Err(wrong(format!("write the IPv4 range itself, such as {address}/24")));
        }
        let range = Self { first: address, bits };
        match range.first == range.start() {
            true => Ok(range),
            false => Err(wrong(format!("the range begins at {}", Self { first: range.start(), bits }))),
        }
    }

    /// The address with every bit that is not fixed cleared.
    fn start(self) -> IpAddr {
        match self.first {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V4((address.to_bits() & mask).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V6((address.to_bits() & mask).into())
            }
        }
    }
}

/// The text with the brackets off that stand around the range or its address; nothing if they stand elsewhere.
fn without_brackets(text: &str) -> Option<Cow<'_, str>> {
    let Some(rest) = text.strip_prefix('[') else { return Some(text.into()) };
    let (inner, tail) = rest.split_once(']')?;
    let fits = inner.contains(':') && (tail.is_empty() || tail.starts_with('/'));
    fits.then(|| format!("{inner}{tail}").into())
}

/// How many bits an address has.
fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first bits of an address, moved to the right.
fn leading(address: IpAddr, bits: u8) -> u128 {
    let bits = u32::from(bits);
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()).checked_shr(32_u32.saturating_sub(bits)).unwrap_or(0),
        IpAddr::V6(address) => address.to_bits().checked_shr(128_u32.saturating_sub(bits)).unwrap_or(0),
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Host::Address(self.first))?;
        if self.bits < width(self.first) { write!(f, "/{}", self.bits) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        Range::parse(text).expect("an address").unwrap_or_else(|complaint| panic!("{}", complaint.message))
    }

    #[test]
    fn a_range_holds_what_shares_its_first_bits() {
        let has = |text: &str, address: &str| range(text).contains(address.parse().expect("an address"));
        assert!(has("10.1.2.0/24", "10.1.2.255") && !has("10.1.2.0/24", "10.1.3.0"));
        assert!(has("0.0.0.0/0", "255.1.2.3") && !has("0.0.0.0/0", "::1"));
        assert!(has("::/0", "2001:db8::1") && !has("::/0", "::ffff:1.2.3.4"));
        assert!(has("127.0.0.1", "::ffff:127.0.0.1"));
        assert!(range("10.0.0.0/8").covers(range("10.1.0.0/16")) && !range("10.1.0.0/16").covers(range("10.0.0.0/8")));
    }

    #[test]
    fn ranges_are_written_in_every_usual_way_and_shown_in_one() {
        for (text, shown) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.0/32", "192.0.2.0"),
            ("[2001:db8::]/32", "[2001:db8::]/32"),
            ("[2001:db8::/32]", "[2001:db8::]/32"),
            ("2001:db8::/32", "[2001:db8::]/32"),
            ("::1", "[::1]"),
            ("[::ffff:192.0.2.1]", "192.0.2.1"),
        ] {
            assert_eq!(range(text).to_string(), shown, "{text}");
            assert_eq!(range(&range(text).to_string()), range(text));
        }
    }

    #[test]
    fn a_range_that_begins_in_its_middle_is_refused() {
        for text in [
            "10.1.2.3/24",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/a",
            "2001:db8::1/32",
            "::ffff:10.0.0.0/104",
        ] {
            assert!(Range::parse(text).expect("an address").is_err(), "{text}");
        }
        assert!(Range::parse("example.com").is_none() && Range::parse("0x7f.1").is_none());
    }
}
