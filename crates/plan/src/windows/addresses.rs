//! Addresses and ports as the rules of Windows' firewall name them, which are compared by what they mean: the firewall
//! gives back other words than it was given.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A text that names no addresses or ports, or names them by a word whose meaning depends on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` names no addresses or ports that are known here")]
pub struct AddressError(String);

/// A set of numbers: ranges in order, none of which touches another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    fn new(mut ranges: Vec<(u128, u128)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    fn complement(&self, last: u128) -> Self {
        let (mut gaps, mut next) = (Vec::new(), Some(0));
        for (from, to) in &self.0 {
            if let Some(start) = next
                && start < *from
            {
                gaps.push((start, from - 1));
            }
            next = to.checked_add(1);
        }
        gaps.extend(next.filter(|start| *start <= last).map(|start| (start, last)));
        Self(gaps)
    }

    fn contains(&self, number: u128) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}

/// An address of either version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Address {
    /// Version 4.
    V4(u32),
    /// Version 6.
    V6(u128),
}

/// A set of addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Addresses {
    v4: Ranges,
    v6: Ranges,
}

const LAST_V4: u128 = u32::MAX as u128;

impl Addresses {
    /// Every address.
    pub fn all() -> Self {
        Self::default().complement()
    }

    /// This machine by the addresses that never leave it: 127.0.0.0/8, also as sockets of both versions have it
    /// (RFC 4291, section 2.5.5.2), and ::1.
    pub fn loopback() -> Self {
        let mapped = |last| 0xffff_0000_0000 | last;
        let (first, last) = (0x7f00_0000, 0x7fff_ffff);
        Self { v4: Ranges(vec![(first, last)]), v6: Ranges(vec![(1, 1), (mapped(first), mapped(last))]) }
    }

    /// All others.
    #[must_use]
    pub fn complement(&self) -> Self {
        Self { v4: self.v4.complement(LAST_V4), v6: self.v6.complement(u128::MAX) }
    }

    /// Whether one is among them.
    pub fn contains(&self, address: Address) -> bool {
        match address {
            Address::V4(bits) => self.v4.contains(bits.into()),
            Address::V6(bits) => self.v6.contains(bits),
        }
    }
}

impl fmt::Display for Addresses {
    /// As `INetFwRule::put_RemoteAddresses` takes them: addresses and ranges of them between commas, `*` for all.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::all() {
            return out.write_str("*");
        }
        let v4 = self.v4.0.iter().map(|range| text_of(*range, &text_of_v4));
        let v6 = self.v6.0.iter().map(|range| text_of(*range, &text_of_v6));
        out.write_str(&v4.chain(v6).collect::<Vec<_>>().join(","))
    }
}

fn text_of((first, last): (u128, u128), name: &dyn Fn(u128) -> String) -> String {
    if first == last { name(first) } else { format!("{}-{}", name(first), name(last)) }
}

fn text_of_v4(bits: u128) -> String {
    let [a, b, c, d] = (bits as u32).to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}

/// With the longest row of zeros left out.
fn text_of_v6(bits: u128) -> String {
    let groups: Vec<u16> = (0..8).map(|place| (bits >> (112 - 16 * place)) as u16).collect();
    let name = |groups: &[u16]| groups.iter().map(|group| format!("{group:x}")).collect::<Vec<_>>().join(":");
    let zeros = |from: usize| groups.iter().skip(from).take_while(|group| **group == 0).count();
    // Of several the first.
    let (from, length) =
        (0..8).map(|from| (from, zeros(from))).rev().max_by_key(|(_, length)| *length).unwrap_or((0, 0));
    match (groups.get(..from), groups.get(from + length..)) {
        (Some(before), Some(after)) if length > 1 => format!("{}::{}", name(before), name(after)),
        _ => name(&groups),
    }
}

impl FromStr for Addresses {
    type Err = AddressError;

    /// What the firewall gives back: addresses, ranges, and addresses with a mask or the length of one.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.trim() == "*" {
            return Ok(Self::all());
        }
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for part in text.split(',').map(str::trim) {
            match range(part).ok_or_else(|| AddressError(part.chars().take(100).collect()))? {
                (Address::V4(first), Address::V4(last)) => v4.push((first.into(), last.into())),
                (Address::V6(first), Address::V6(last)) => v6.push((first, last)),
                _ => return Err(AddressError(part.chars().take(100).collect())),
            }
        }
        Ok(Self { v4: Ranges::new(v4), v6: Ranges::new(v6) })
    }
}

fn range(part: &str) -> Option<(Address, Address)> {
    if let Some((first, last)) = part.split_once('-') {
        let range = (address(first)?, address(last)?);
        return match range {
            (Address::V4(first), Address::V4(last)) => first <= last,
            (Address::V6(first), Address::V6(last)) => first <= last,
            _ => false,
        }
        .then_some(range);
    }
    let Some((first, mask)) = part.split_once('/') else { return address(part).map(|one| (one, one)) };
    match address(first)? {
        Address::V4(bits) => {
            let mask = match mask.parse::<u32>() {
                Ok(length) => u32::MAX.checked_shl(32u32.checked_sub(length)?).unwrap_or(0),
                Err(_) => v4(mask).filter(|mask| mask.count_ones() == mask.leading_ones())?,
            };
            Some((Address::V4(bits & mask), Address::V4(bits | !mask)))
        }
        Address::V6(bits) => {
            let length: u32 = mask.parse().ok()?;
            let mask = u128::MAX.checked_shl(128u32.checked_sub(length)?).unwrap_or(0);
            Some((Address::V6(bits & mask), Address::V6(bits | !mask)))
        }
    }
}

fn address(text: &str) -> Option<Address> {
    if text.contains(':') { v6(text).map(Address::V6) } else { v4(text).map(Address::V4) }
}

fn v4(text: &str) -> Option<u32> {
    let parts: Vec<u8> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    Some(u32::from_be_bytes(parts.try_into().ok()?))
}

fn v6(text: &str) -> Option<u128> {
    // The last two groups may be written as an address of version 4.
    if let Some((before, last)) = text.rsplit_once(':')
        && last.contains('.')
    {
        let last = v4(last)?;
        return v6(&format!("{before}:{:x}:{:x}", last >> 16, last & 0xffff));
    }
    let groups = |text: &str| -> Option<Vec<u16>> {
        if text.is_empty() {
            return Some(Vec::new());
        }
        text.split(':').map(|group| u16::from_str_radix(group, 16).ok()).collect()
    };
    let all = match text.split_once("::") {
        None => groups(text)?,
        Some((before, after)) => {
            let (mut before, after) = (groups(before)?, groups(after)?);
            let missing = 8usize.checked_sub(before.len() + after.len())?;
            before.extend(std::iter::repeat_n(0, missing));
            before.extend(after);
            before
        }
    };
    let is_whole = all.len() == 8;
    is_whole.then(|| all.iter().fold(0, |bits, group| bits << 16 | u128::from(*group)))
}

/// A set of ports.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ports(Ranges);

impl Ports {
    /// Every port.
    pub fn all() -> Self {
        Self(Ranges::default().complement(u16::MAX.into()))
    }

    /// Every port but one.
    pub fn but(port: u16) -> Self {
        Self(Ranges(vec![(port.into(), port.into())]).complement(u16::MAX.into()))
    }

    /// Whether one is among them.
    pub fn contains(&self, port: u16) -> bool {
        self.0.contains(port.into())
    }
}

impl fmt::Display for Ports {
    /// As `INetFwRule::put_RemotePorts` takes them.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::all() {
            return out.write_str("*");
        }
        let ranges = self.0.0.iter().map(|range| text_of(*range, &|port| port.to_string()));
        out.write_str(&ranges.collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Ports {
    type Err = AddressError;

    /// An empty text stands for all, as `*` does: what a rule says for whose protocol there are no ports.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        if matches!(text.trim(), "" | "*") {
            return Ok(Self::all());
        }
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first <= last).then_some((first.into(), last.into()))
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges.map(Ranges::new).map(Self).ok_or_else(|| AddressError(text.chars().take(100).collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_loopback_is_said_in_ranges() {
        let others = Addresses::loopback().complement();
        let text = "0.0.0.0-126.255.255.255,128.0.0.0-255.255.255.255,\
                    ::,::2-::ffff:7eff:ffff,::ffff:8000:0-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        assert_eq!(others.to_string(), text);
        let text = "127.0.0.0-127.255.255.255,::1,::ffff:7f00:0-::ffff:7fff:ffff";
        assert_eq!(Addresses::loopback().to_string(), text);
    }

    #[test]
    fn other_words_for_the_same_are_the_same() {
        let parse = |text: &str| text.parse::<Addresses>();
        for text in [
            "127.0.0.0/8,::1,::ffff:127.0.0.0/104",
            "::ffff:127.0.0.0-::ffff:127.255.255.255,::1/128, 127.0.0.0/255.0.0.0",
            "127.0.0.0-127.255.255.255,0:0:0:0:0:0:0:1,0:0:0:0:0:ffff:7f00:0/104",
        ] {
            assert_eq!(parse(text), Ok(Addresses::loopback()), "{text}");
        }
        assert_eq!(parse("0.0.0.0/0,::/0"), Ok(Addresses::all()));
        for text in
            ["", "LocalSubnet", "1.2.3", "1.2.3.4/255.0.255.0", "2.0.0.0-1.0.0.0", "1.2.3.4-::1", "::1/129", "1::2::3"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ports_but_one() {
        let text = |port| Ports::but(port).to_string();
        assert_eq!(text(3128), "0-3127,3129-65535");
        assert_eq!((text(0).as_str(), text(65535).as_str()), ("1-65535", "0-65534"));
        assert_eq!("".parse(), Ok(Ports::all()));
        assert!("RPC".parse::<Ports>().is_err());
    }

    proptest! {
        #[test]
        fn ports_but_one_are_all_the_others(port: u16, other: u16) {
            let ports = Ports::but(port);
            prop_assert_eq!(ports.contains(other), other != port);
            prop_assert_eq!(ports.to_string().parse(), Ok(ports));
        }

        #[test]
        fn texts_come_back(v4 in proptest::collection::vec(any::<(u32, u32)>(), 0..4), v6 in proptest::collection::vec(any::<(u128, u128)>(), 0..4)) {
            let order = |first: u128, last: u128| (first.min(last), first.max(last));
            let set = Addresses {
                v4: Ranges::new(v4.into_iter().map(|(a, b)| order(a.into(), b.into())).collect()),
                v6: Ranges::new(v6.into_iter().map(|(a, b)| order(a >> 16, b >> 16)).collect()),
            };
            prop_assert_eq!(set.complement().complement(), set.clone());
            if set != Addresses::default() {
                prop_assert_eq!(set.to_string().parse(), Ok(set));
            }
        }
    }
}
