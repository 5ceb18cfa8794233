//! The packet filter of a run with a gate: TCP goes to the gate's socket, its name server is reached, and all else
//! that is not for the loopback is refused to the sender at once.
//!
//! ```text
//! table inet pinfold {
//!     chain redirect { type nat hook output priority dstnat; policy accept;
//!         ip daddr 127.0.0.0/8 accept
//!         ip6 daddr ::1 accept
//!         ip daddr 198.18.0.1 accept
//!         meta l4proto tcp redirect to :63127
//!     }
//!     chain refuse { type filter hook output priority filter; policy drop;
//!         meta l4proto tcp accept
//!         ip daddr 127.0.0.0/8 accept
//!         ip6 daddr ::1 accept
//!         ip daddr 198.18.0.1 accept
//!     }
//! }
//! ```
//!
//! To drop a packet on its way out gives its sender `EPERM` from the call that sends it. Messages, attributes and
//! expressions are those of `<linux/netfilter/nf_tables.h>` and `<linux/netfilter/nfnetlink.h>`; all numbers in
//! attributes are big-endian (nft(8) shows them with `--debug=mnl`).

use std::net::{Ipv4Addr, Ipv6Addr};

use netlink_packet_core::DefaultNla;
use pinfold_plan::{CAPTURE_PORT, GATE_ADDRESS};
use rustix::net::netlink;

use super::super::error::{ConfineError, Context};
use super::netlink::{Request, attribute, nested};

/// Messages; in the upper byte the subsystem, `NFNL_SUBSYS_NFTABLES`.
mod message {
    pub(super) const SUBSYSTEM: u16 = 10;
    pub(super) const BATCH_BEGIN: u16 = 0x10;
    pub(super) const BATCH_END: u16 = 0x11;
    pub(super) const NEW_TABLE: u16 = SUBSYSTEM << 8;
    pub(super) const NEW_CHAIN: u16 = SUBSYSTEM << 8 | 3;
    pub(super) const NEW_RULE: u16 = SUBSYSTEM << 8 | 6;
}

const NFPROTO_INET: u8 = 1;
const NFPROTO_IPV4: u8 = 2;
const NFPROTO_IPV6: u8 = 10;
const IPPROTO_TCP: u8 = 6;

const TABLE: &[u8] = b"pinfold\0";
const REDIRECT: &[u8] = b"redirect\0";
const REFUSE: &[u8] = b"refuse\0";

/// `NF_INET_LOCAL_OUT`: what programs here send.
const HOOK_OUTPUT: u32 = 3;
/// `NF_IP_PRI_NAT_DST`.
const PRIORITY_REDIRECT: i32 = -100;
/// `NF_IP_PRI_FILTER`.
const PRIORITY_FILTER: i32 = 0;

const NF_DROP: u32 = 0;
const NF_ACCEPT: u32 = 1;
/// `NFT_REG_VERDICT`.
const VERDICT: u32 = 0;
/// `NFT_REG_1`.
const REGISTER: u32 = 1;

/// Installs the rules in the network namespace of this process, all or none.
pub(super) fn tcp_to_gate() -> Result<(), ConfineError> {
    let batch = [0, 0, 0, message::SUBSYSTEM as u8];
    let mut request = Request::default()
        .note(message::BATCH_BEGIN, &batch)
        .create(message::NEW_TABLE, &FAMILY, &[attribute(1, TABLE)])
        .create(message::NEW_CHAIN, &FAMILY, &chain(REDIRECT, b"nat\0", PRIORITY_REDIRECT, NF_ACCEPT))
        .create(message::NEW_CHAIN, &FAMILY, &chain(REFUSE, b"filter\0", PRIORITY_FILTER, NF_DROP));
    for (chain, expressions) in rules() {
        request = request.create(message::NEW_RULE, &FAMILY, &rule(chain, &expressions));
    }
    request
        .note(message::BATCH_END, &batch)
        .send(Some(netlink::NETFILTER))
        .step("redirect connections to the gate (nf_tables)")
}

/// `struct nfgenmsg`: family, version, resource.
const FAMILY: [u8; 4] = [NFPROTO_INET, 0, 0, 0];

/// Every rule, in order, with its chain.
fn rules() -> Vec<(&'static [u8], Vec<DefaultNla>)> {
    let own = || [to_v4_network(127), to_v6(Ipv6Addr::LOCALHOST), to_v4(GATE_ADDRESS)].map(accept);
    let mut rules: Vec<_> = own().into_iter().map(|rule| (REDIRECT, rule)).collect();
    rules.push((REDIRECT, [is_tcp(), redirect_to(CAPTURE_PORT)].concat()));
    rules.push((REFUSE, accept(is_tcp())));
    rules.extend(own().into_iter().map(|rule| (REFUSE, rule)));
    rules
}

/// `NFTA_CHAIN_*`: table, name, hook (number and priority), policy, type.
fn chain(name: &[u8], kind: &[u8], priority: i32, policy: u32) -> [DefaultNla; 5] {
    let hook = [number(1, HOOK_OUTPUT), number(2, priority as u32)];
    [attribute(1, TABLE), attribute(3, name), nested(4, &hook), number(5, policy), attribute(7, kind)]
}

/// `NFTA_RULE_*`: table, chain, expressions.
fn rule(chain: &[u8], expressions: &[DefaultNla]) -> [DefaultNla; 3] {
    [attribute(1, TABLE), attribute(2, chain), nested(4, expressions)]
}

// ---- conditions and what follows from them ----

fn to_v4_network(first_byte: u8) -> Vec<DefaultNla> {
    [family(NFPROTO_IPV4), destination(16, &[first_byte])].concat()
}

fn to_v4(address: Ipv4Addr) -> Vec<DefaultNla> {
    [family(NFPROTO_IPV4), destination(16, &address.octets())].concat()
}

fn to_v6(address: Ipv6Addr) -> Vec<DefaultNla> {
    [family(NFPROTO_IPV6), destination(24, &address.octets())].concat()
}

/// `NFT_META_NFPROTO`.
fn family(family: u8) -> Vec<DefaultNla> {
    vec![meta(15), equals(&[family])]
}

/// `NFT_META_L4PROTO`.
fn is_tcp() -> Vec<DefaultNla> {
    vec![meta(16), equals(&[IPPROTO_TCP])]
}

fn accept(mut conditions: Vec<DefaultNla>) -> Vec<DefaultNla> {
    // `NFTA_DATA_VERDICT`, `NFTA_VERDICT_CODE`.
    let verdict = nested(2, &[number(1, NF_ACCEPT)]);
    conditions.push(expression(b"immediate\0", &[number(1, VERDICT), nested(2, &[verdict])]));
    conditions
}

/// `NFTA_REDIR_REG_PROTO_MIN`: the register with the port.
fn redirect_to(port: u16) -> Vec<DefaultNla> {
    let load = expression(b"immediate\0", &[number(1, REGISTER), data(2, &port.to_be_bytes())]);
    vec![load, expression(b"redir\0", &[number(1, REGISTER)])]
}

/// Loads a property of the packet.
fn meta(key: u32) -> DefaultNla {
    expression(b"meta\0", &[number(1, REGISTER), number(2, key)])
}

/// Compares bytes of the network header (`NFT_PAYLOAD_NETWORK_HEADER`), from `offset` on.
fn destination(offset: u32, bytes: &[u8]) -> Vec<DefaultNla> {
    let load = [number(1, REGISTER), number(2, 1), number(3, offset), number(4, bytes.len() as u32)];
    vec![expression(b"payload\0", &load), equals(bytes)]
}

/// `NFT_CMP_EQ`.
fn equals(bytes: &[u8]) -> DefaultNla {
    expression(b"cmp\0", &[number(1, REGISTER), number(2, 0), data(3, bytes)])
}

/// `NFTA_LIST_ELEM` of `NFTA_EXPR_NAME` and `NFTA_EXPR_DATA`.
fn expression(name: &[u8], attributes: &[DefaultNla]) -> DefaultNla {
    nested(1, &[attribute(1, name), nested(2, attributes)])
}

/// `NFTA_DATA_VALUE`.
fn data(kind: u16, bytes: &[u8]) -> DefaultNla {
    nested(kind, &[attribute(1, bytes)])
}

fn number(kind: u16, number: u32) -> DefaultNla {
    attribute(kind, number.to_be_bytes())
}
