//! Every address of the network namespace is its own: what is sent to one arrives in it (ip-route(8), `local default`).

use netlink_packet_core::DefaultNla;
use rustix::io::Errno;
use rustix::net::AddressFamily;

use super::super::error::{ConfineError, Context};
use super::netlink::{Request, attribute};

// <linux/rtnetlink.h>, rtnetlink(7).
const RTM_NEWROUTE: u16 = 24;
const RT_TABLE_LOCAL: u8 = 255;
const RTPROT_BOOT: u8 = 3;
const RT_SCOPE_HOST: u8 = 254;
const RTN_LOCAL: u8 = 2;
const RTA_OIF: u16 = 4;

/// The index of `lo` in every network namespace (`LOOPBACK_IFINDEX`).
const LOOPBACK: u32 = 1;

/// Leads all of IPv4 and IPv6 to the loopback interface, which must be up. False where there is no IPv6.
pub(super) fn all_to_loopback() -> Result<bool, ConfineError> {
    let step = "lead all addresses to the loopback interface";
    local_default(AddressFamily::INET).step(step)?;
    match local_default(AddressFamily::INET6) {
        Ok(()) => Ok(true),
        Err(error) if no_ipv6(&error) => Ok(false),
        Err(error) => Err(error).step(step),
    }
}

/// A kernel without IPv6, or one that has it switched off.
fn no_ipv6(error: &std::io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| [Errno::AFNOSUPPORT, Errno::OPNOTSUPP, Errno::ACCESS, Errno::NODEV].contains(&errno))
}

fn local_default(family: AddressFamily) -> std::io::Result<()> {
    let family = family.as_raw() as u8;
    // `struct rtmsg`: family, bits of destination and source, type of service, table, protocol, scope, type, flags.
    let route = [family, 0, 0, 0, RT_TABLE_LOCAL, RTPROT_BOOT, RT_SCOPE_HOST, RTN_LOCAL, 0, 0, 0, 0];
    let interface: DefaultNla = attribute(RTA_OIF, LOOPBACK.to_ne_bytes());
    Request::default().create(RTM_NEWROUTE, &route, &[interface]).send(None)
}
