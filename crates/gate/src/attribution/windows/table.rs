//! The tables of TCP connections, one for each family (`MIB_TCPTABLE_OWNER_PID`, `MIB_TCP6TABLE_OWNER_PID`).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::sys::{self, Family};
use crate::attribution::canonical;

/// Where things are in a row, in words of 32 bits.
struct Columns {
    width: usize,
    address: usize,
    address_words: usize,
    port: usize,
    state: usize,
    pid: usize,
}

/// One that waits for others, and is no connection (`MIB_TCP_STATE_LISTEN`).
const LISTENS: u32 = 2;

/// State, own address, own port, other address, other port, process.
const V4: Columns = Columns { width: 6, address: 1, address_words: 1, port: 2, state: 0, pid: 5 };
/// Own address, its scope, own port, other address, its scope, other port, state, process.
const V6: Columns = Columns { width: 14, address: 0, address_words: 4, port: 5, state: 12, pid: 13 };

/// Processes by the own addresses of their connections. The second table is read only for those that are not in the first,
/// where almost all are.
pub(super) fn pids(wanted: &[SocketAddr]) -> HashMap<SocketAddr, u32> {
    let mut pids = HashMap::new();
    for (family, columns) in [(Family::V4, V4), (Family::V6, V6)] {
        if !wanted.iter().all(|address| pids.contains_key(address)) {
            pids.extend(rows(&sys::table(family).unwrap_or_default(), &columns));
        }
    }
    pids
}

/// The number of rows, and the rows. What was closed belongs to nobody.
fn rows(table: &[u32], columns: &Columns) -> Vec<(SocketAddr, u32)> {
    let Some((count, words)) = table.split_first() else { return Vec::new() };
    let rows = words.chunks_exact(columns.width).take(*count as usize);
    rows.filter_map(|row| columns.read(row)).filter(|(_, pid)| *pid != 0).collect()
}

impl Columns {
    fn read(&self, row: &[u32]) -> Option<(SocketAddr, u32)> {
        if *row.get(self.state)? == LISTENS {
            return None;
        }
        let address = row.get(self.address..self.address + self.address_words)?;
        // Bytes of the network's order, as they lie in memory.
        let octets: Vec<u8> = address.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let ip: IpAddr = match <[u8; 4]>::try_from(octets.as_slice()) {
            Ok(octets) => Ipv4Addr::from(octets).into(),
            Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).into(),
        };
        let [high, low, ..] = row.get(self.port)?.to_ne_bytes();
        let address = SocketAddr::new(ip, u16::from_be_bytes([high, low]));
        Some((canonical(address), *row.get(self.pid)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(octets: [u8; 16]) -> impl Iterator<Item = u32> {
        octets.chunks(4).map(|word| u32::from_ne_bytes(word.try_into().unwrap())).collect::<Vec<_>>().into_iter()
    }

    fn port(port: u16) -> u32 {
        let [high, low] = port.to_be_bytes();
        u32::from_ne_bytes([high, low, 0xaa, 0xbb])
    }

    #[test]
    fn rows_of_both_families_are_read() {
        let own = u32::from_ne_bytes([127, 0, 0, 1]);
        let half_closed = [6, own, port(8080), 0, port(443), 4242];
        let of_nobody = [11, own, port(8081), 0, port(443), 0];
        let listener = [LISTENS, own, port(8082), 0, 0, 4242];
        let v4 = [&[4][..], &half_closed, &of_nobody, &listener].concat();
        assert_eq!(rows(&v4, &V4), [("127.0.0.1:8080".parse().unwrap(), 4242)], "the fourth row is not there");
        let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
        let v6: Vec<u32> = [1]
            .into_iter()
            .chain(words(mapped.octets()))
            .chain([0, port(80)])
            .chain(words(Ipv6Addr::LOCALHOST.octets()))
            .chain([0, port(443), 5, 7])
            .collect();
        assert_eq!(rows(&v6, &V6), [("127.0.0.1:80".parse().unwrap(), 7)]);
        assert!(rows(&[], &V4).is_empty() && rows(&[9], &V6).is_empty());
    }
}
