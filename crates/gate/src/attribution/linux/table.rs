//! The table of TCP connections of a network namespace (proc_net_tcp, in the kernel's documentation).

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::attribution::canonical;
use crate::limits::TABLE_BYTES_MAX;

/// Inodes of sockets by their own address.
pub(super) fn sockets(process: &Path) -> HashMap<SocketAddr, u64> {
    let files = ["net/tcp", "net/tcp6"].into_iter().filter_map(|name| File::open(process.join(name)).ok());
    files
        .flat_map(|file| BufReader::new(file.take(TABLE_BYTES_MAX)).lines().map_while(Result::ok))
        .filter_map(|line| row(&line))
        .collect()
}

fn row(line: &str) -> Option<(SocketAddr, u64)> {
    let mut fields = line.split_ascii_whitespace();
    let local = address(fields.nth(1)?)?;
    let inode: u64 = fields.nth(7)?.parse().ok()?;
    (inode != 0).then_some((canonical(local), inode))
}

/// Hexadecimal words of the machine's own byte order, a colon and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let word = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::to_ne_bytes);
    let ip: IpAddr = match ip.len() {
        8 => Ipv4Addr::from(word(ip)?).into(),
        32 => {
            let mut octets = [0; 16];
            for (at, octets) in octets.chunks_mut(4).enumerate() {
                octets.copy_from_slice(&word(ip.get(at * 8..at * 8 + 8)?)?);
            }
            Ipv6Addr::from(octets).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_families_are_read() {
        let v4 = "   0: 0100007F:1F90 0112C6C6:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0";
        assert_eq!(row(v4), Some(("127.0.0.1:8080".parse().expect("an address"), 4242)));
        let v6 = "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 \
                  00:00000000 00000000     0        0 7 1 0";
        assert_eq!(row(v6), Some(("[::1]:80".parse().expect("an address"), 7)));
        for text in ["", "  sl  local_address rem_address   st", "0: 0100007F:1F90 x 01 x x x x x 0 1"] {
            assert_eq!(row(text), None, "{text}");
        }
    }
}
