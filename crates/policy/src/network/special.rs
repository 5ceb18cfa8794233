//! Addresses that are not the public internet: what is there is near, and nobody means it by a name.
//!
//! From the registries of special addresses (RFC 6890,
//! <https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>) and the documentation of the clouds.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::network::range::Range;

/// A block of addresses with the reason why it is not the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The addresses.
    pub range: Range,
    /// What they are, after "it is".
    pub what: &'static str,
}

const METADATA: &str = "an address where clouds hand out credentials of the machine";
const PRIVATE: &str = "a private address";
const DOCUMENTATION: &str = "an address for documentation";
const EMBEDDED: &str = "an address that stands for another one";
const RESERVED: &str = "a reserved address";

/// The most specific first.
const BLOCKS: &[Block] = &[
    v4([169, 254, 169, 254], 32, METADATA),
    // Amazon's for containers, Alibaba's, Azure's and Oracle's.
    v4([169, 254, 170, 2], 32, METADATA),
    v4([100, 100, 100, 200], 32, METADATA),
    v4([168, 63, 129, 16], 32, METADATA),
    v4([192, 0, 0, 192], 32, METADATA),
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128, METADATA),
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23], 128, METADATA),
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128, METADATA),
    v4([0, 0, 0, 0], 8, "an address of no host"),
    v4([10, 0, 0, 0], 8, PRIVATE),
    v4([100, 64, 0, 0], 10, "an address of a provider's inner network"),
    v4([127, 0, 0, 0], 8, "a loopback address"),
    v4([169, 254, 0, 0], 16, "a link-local address"),
    v4([172, 16, 0, 0], 12, PRIVATE),
    v4([192, 0, 0, 0], 24, RESERVED),
    v4([192, 0, 2, 0], 24, DOCUMENTATION),
    v4([192, 88, 99, 0], 24, RESERVED),
    v4([192, 168, 0, 0], 16, PRIVATE),
    v4([198, 18, 0, 0], 15, "an address for measurements"),
    v4([198, 51, 100, 0], 24, DOCUMENTATION),
    v4([203, 0, 113, 0], 24, DOCUMENTATION),
    v4([224, 0, 0, 0], 4, "a multicast address"),
    v4([240, 0, 0, 0], 4, RESERVED),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, "an address of no host"),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "a loopback address"),
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, EMBEDDED),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, EMBEDDED),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, EMBEDDED),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, DOCUMENTATION),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, RESERVED),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, EMBEDDED),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, DOCUMENTATION),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "a link-local address"),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, PRIVATE),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, PRIVATE),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "a multicast address"),
    // Only 2000::/3 is given out for the internet.
    v6([0, 0, 0, 0, 0, 0, 0, 0], 3, RESERVED),
    v6([0x4000, 0, 0, 0, 0, 0, 0, 0], 2, RESERVED),
    v6([0x8000, 0, 0, 0, 0, 0, 0, 0], 1, RESERVED),
];

const fn v4(octets: [u8; 4], bits: u8, what: &'static str) -> Block {
    let [a, b, c, d] = octets;
    Block { range: Range::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits), what }
}

const fn v6(groups: [u16; 8], bits: u8, what: &'static str) -> Block {
    let [a, b, c, d, e, f, g, h] = groups;
    Block { range: Range::new(IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), bits), what }
}

/// The block that an address lies in, if it is not one of the public internet.
///
/// An address of a NAT64 network (RFC 6052) that stands for a public one is public.
pub fn special(address: IpAddr) -> Option<Block> {
    let address = address.to_canonical();
    let block = BLOCKS.iter().find(|block| block.range.contains(address)).copied()?;
    let translated = nat64(address).is_some_and(|inner| special(inner.into()).is_none());
    (!translated).then_some(block)
}

/// Every address that this one means: itself and what is embedded in it.
pub(crate) fn meanings(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let address = address.to_canonical();
    let IpAddr::V6(outer) = address else { return [Some(address), None].into_iter().flatten() };
    let [first, second, third, fourth, .., seventh, eighth] = outer.segments();
    let embedded = match (first, second) {
        // 6to4, RFC 3056.
        (0x2002, _) => Some(joined(second, third)),
        // Teredo, RFC 4380: the client's address with every bit turned.
        (0x2001, 0) => Some(joined(!seventh, !eighth)),
        // IPv4-compatible, RFC 4291; and what is translated locally, RFC 8215.
        (0, 0) if third == 0 && fourth == 0 => Some(joined(seventh, eighth)),
        (0x64, 0xff9b) => Some(joined(seventh, eighth)),
        _ => None,
    };
    [Some(address), embedded.map(IpAddr::V4)].into_iter().flatten()
}

/// What an address below 64:ff9b::/96 stands for.
fn nat64(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, seventh, eighth] => Some(joined(seventh, eighth)),
        _ => None,
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    (u32::from(high) << 16 | u32::from(low)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<&'static str> {
        special(text.parse().expect(text)).map(|block| block.what)
    }

    #[test]
    fn what_is_near_is_special() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "100.100.100.200",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "5f00::1",
            "4000::1",
            "8000::1",
        ] {
            assert!(at(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_far_is_not() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.0.0.1",
            "128.0.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.0.1",
            "192.169.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "2001:4860:4860::8888",
            "2003::1",
            "3ffe::1",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn what_stands_for_another_address_is_judged_by_it() {
        assert_eq!(at("::ffff:127.0.0.1"), at("127.0.0.1"));
        assert_eq!(at("::ffff:1.1.1.1"), None);
        for text in [
            "64:ff9b::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1.1.1.1",
            "2002:7f00:1::",
            "2002:101:101::1",
            "2001:0:1:2:3:4:80ff:fffe",
            "::127.0.0.1",
            "::1.1.1.1",
        ] {
            assert!(at(text).is_some(), "{text}");
        }
        assert_eq!(at("64:ff9b::1.1.1.1"), None);
    }

    #[test]
    fn an_embedded_address_is_found() {
        let inner = |text: &str| meanings(text.parse().expect(text)).nth(1).map(|address| address.to_string());
        for text in
            ["64:ff9b::127.0.0.1", "2002:7f00:1::", "2001:0:1:2:3:4:80ff:fffe", "::127.0.0.1", "64:ff9b:1::7f00:1"]
        {
            assert_eq!(inner(text).as_deref(), Some("127.0.0.1"), "{text}");
        }
        assert_eq!(inner("2606:4700::1111"), None);
    }
}
