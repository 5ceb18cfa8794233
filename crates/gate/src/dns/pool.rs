//! Synthetic addresses: one for each name that was asked for.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use pinfold_policy::Name;

use crate::limits::POOL_NAMES_MAX;

/// 198.18.0.0/15, which nobody routes (RFC 2544). Its first 256 addresses are left out: the gate's own services are there.
const FIRST: u32 = u32::from_be_bytes([198, 18, 1, 0]);
const BLOCK: u32 = u32::from_be_bytes([198, 18, 0, 0]);
const BLOCK_BITS: u32 = 15;

/// fd70:696e:666f:6c64::/96, a unique local prefix (RFC 4193) that spells the name of the program.
const PREFIX: [u16; 6] = [0xfd70, 0x696e, 0x666f, 0x6c64, 0, 0];

/// Names and their addresses. An address means the same name as long as the gate lives.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Names>);

#[derive(Debug, Default)]
struct Names {
    by_place: Vec<Name>,
    places: HashMap<Name, u32>,
}

/// What an address means that something inside connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A name that was asked for.
    Name(Name),
    /// An address of the pool that was given to no name: a guess, or from another run.
    Nothing,
    /// Itself.
    Address,
}

impl Pool {
    /// The address of a name, which gets one if it has none; nothing when the pool is empty.
    pub(crate) fn address(&self, name: &Name) -> Option<(Ipv4Addr, Ipv6Addr)> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match names.places.get(name) {
            Some(place) => *place,
            None => {
                let place =
                    u32::try_from(names.by_place.len()).ok().filter(|_| names.by_place.len() < POOL_NAMES_MAX)?;
                names.by_place.push(name.clone());
                names.places.insert(name.clone(), place);
                place
            }
        };
        let v4 = Ipv4Addr::from(FIRST + place);
        Some((v4, beside(v4)))
    }

    /// What an address means.
    pub(crate) fn meaning(&self, address: IpAddr) -> Meaning {
        let Some(v4) = inner(address.to_canonical()) else { return Meaning::Address };
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = u32::from(v4).checked_sub(FIRST).and_then(|place| usize::try_from(place).ok());
        let name = place.and_then(|place| names.by_place.get(place));
        name.map_or(Meaning::Nothing, |name| Meaning::Name(name.clone()))
    }
}

/// The IPv6 address with the same meaning.
fn beside(v4: Ipv4Addr) -> Ipv6Addr {
    let [a, b, c, d, e, f] = PREFIX;
    let low = u32::from(v4);
    Ipv6Addr::new(a, b, c, d, e, f, (low >> 16) as u16, low as u16)
}

/// The pool's IPv4 address that this one is or stands beside.
fn inner(address: IpAddr) -> Option<Ipv4Addr> {
    let v4 = match address {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, high, low] = v6.segments();
            if [a, b, c, d, e, f] != PREFIX {
                return None;
            }
            // All of the prefix is the pool's: what is no address of it means nothing.
            return Some((u32::from(high) << 16 | u32::from(low)).into());
        }
    };
    (u32::from(v4) >> (32 - BLOCK_BITS) == BLOCK >> (32 - BLOCK_BITS)).then_some(v4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).expect(text)
    }

    #[test]
    fn a_name_keeps_its_address_in_both_families() {
        let pool = Pool::default();
        let (v4, v6) = pool.address(&name("a.example")).expect("an address");
        assert_eq!((v4.to_string(), v6.to_string()), ("198.18.1.0".into(), "fd70:696e:666f:6c64::c612:100".into()));
        pool.address(&name("b.example")).expect("an address");
        assert_eq!(pool.address(&name("a.example")), Some((v4, v6)));
        for address in [IpAddr::V4(v4), v6.into(), v4.to_ipv6_mapped().into()] {
            assert_eq!(pool.meaning(address), Meaning::Name(name("a.example")), "{address}");
        }
    }

    #[test]
    fn an_address_of_the_pool_without_a_name_means_nothing() {
        let pool = Pool::default();
        for text in
            ["198.18.0.1", "198.18.1.0", "198.19.255.255", "fd70:696e:666f:6c64::1", "fd70:696e:666f:6c64::7f00:1"]
        {
            assert_eq!(pool.meaning(text.parse().expect(text)), Meaning::Nothing, "{text}");
        }
        for text in ["198.17.255.255", "198.20.0.0", "1.1.1.1", "::1", "fd70:696e:666f:6c64:1::1"] {
            assert_eq!(pool.meaning(text.parse().expect(text)), Meaning::Address, "{text}");
        }
    }

    #[test]
    fn the_pool_has_an_end() {
        let pool = Pool::default();
        for number in 0..POOL_NAMES_MAX {
            assert!(pool.address(&name(&format!("n{number}.example"))).is_some());
        }
        assert_eq!(pool.address(&name("one-more.example")), None);
        assert!(pool.address(&name("n0.example")).is_some());
    }
}
