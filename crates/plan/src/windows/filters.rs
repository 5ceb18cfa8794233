//! The filters of Windows' filtering platform for the account that reaches nothing, as data (`FWPM_FILTER0`).
//!
//! At each place where the system asks whether a socket may do something, one filter blocks whatever the account asks for,
//! and at two of them one of more weight lets through what leads to the gate. Within a sublayer the matching filter of most
//! weight decides, so nothing here has to be known about what else there is to ask for; another sublayer can still block.
//!
//! A filter is about whoever has right 1 in a descriptor. The system decides that over the token of the process, so what
//! keeps a token from rights keeps the filter from its process: a token that is restricted in everything has to list the
//! account among the restricting identifiers. The label of the descriptor is below all others, so that it holds for
//! processes of low integrity whatever kind of right that is.
//!
//! Sockets of the account are meant. What a service does for whoever asks it is done by another account: names are looked up
//! by the DNS client, echo requests of the helper library come from the kernel, and so may files of other machines.

use pinfold_acl::{Access, Ace, Acl, Descriptor, Inherit, Label, Level, Sid};

use super::addresses::Address;

/// Whoever finds filters of this provider finds ours, of every version.
pub const PROVIDER: Key = Key(0x582ccb16_1c8e_4b42_967b_d961a97a0351);
/// Ours are in a sublayer of their own.
pub const SUBLAYER: Key = Key(0x9d6bb2ca_5f3d_4c27_ba11_ce0aa860bcac);

/// `FWP_ACTRL_MATCH_FILTER`: who has this right is meant.
const MATCH_FILTER: Access = Access(1);
/// `S-1-5-19`, the local service: an owner who has no part in it.
const LOCAL_SERVICE: [u32; 1] = [19];
const TCP: u8 = 6;
/// Where the gate listens, as a socket of version 4 and as one of both versions has it.
const GATE_V4: Address = Address::V4(0x7f00_0001);
const GATE_MAPPED: Address = Address::V6(0xffff_7f00_0001);

/// A GUID, its digits in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub u128);

/// Where the system asks (`FWPM_LAYER_…`), each for a version of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// `ALE_AUTH_CONNECT`: a connection begins, or the first packet to somebody is sent.
    Connect(Version),
    /// `ALE_AUTH_RECV_ACCEPT`: a connection comes in, or the first packet from somebody.
    Accept(Version),
    /// `ALE_RESOURCE_ASSIGNMENT`: a socket gets a port, or begins with a protocol of its own.
    Assign(Version),
}

/// Of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// 4.
    V4,
    /// 6.
    V6,
}

/// What a filter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// No.
    Block,
    /// As far as this sublayer goes, yes.
    Permit,
}

/// What must be so for a filter to count; of several all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `ALE_USER_ID`: who has [`Access`] 1 in this descriptor, in its self-relative form.
    User(Vec<u8>),
    /// `IP_PROTOCOL`.
    Protocol(u8),
    /// `IP_REMOTE_ADDRESS`.
    RemoteAddress(Address),
    /// `IP_REMOTE_PORT`.
    RemotePort(u16),
}

/// A filter, which stays when the machine starts anew (`FWPM_FILTER_FLAG_PERSISTENT`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Its key, the same in every version.
    pub key: Key,
    /// What it is for.
    pub name: String,
    /// Where it counts.
    pub layer: Layer,
    /// When.
    pub conditions: Vec<Condition>,
    /// What it says.
    pub action: Action,
    /// Against others of the sublayer, from 0 to 15 (`FWP_UINT8`).
    pub weight: u8,
}

/// What is not there for the gate has this weight.
const BLOCKING: u8 = 1;
/// What is for the gate counts before it.
const PERMITTING: u8 = 9;

/// All filters for the account that reaches nothing but the gate's port of this machine, if there is one.
pub fn filters(offline: &Sid, gate_port: Option<u16>) -> Vec<Filter> {
    let descriptor = user_descriptor(offline);
    let user = || Condition::User(descriptor.clone());
    let block = |key, name: &str, layer| Filter {
        key: Key(key),
        name: format!("Pinfold offline: {name}"),
        layer,
        conditions: vec![user()],
        action: Action::Block,
        weight: BLOCKING,
    };
    let permit = |key, name: &str, layer, conditions: Vec<Condition>| Filter {
        conditions: std::iter::once(user()).chain(conditions).collect(),
        action: Action::Permit,
        weight: PERMITTING,
        ..block(key, name, layer)
    };
    use Layer::{Accept, Assign, Connect};
    use Version::{V4, V6};
    let mut filters = vec![
        block(0x024c7971_a959_41fc_934d_b53074ee09fa, "connects to nobody (4)", Connect(V4)),
        block(0xd86fda7f_f0a2_4613_8aaf_8d9403d6a25f, "connects to nobody (6)", Connect(V6)),
        block(0xed4a2e2a_17a0_489b_a047_87a3d47867e0, "accepts nobody (4)", Accept(V4)),
        block(0xacff039b_2617_42cb_b256_4271910c13ab, "accepts nobody (6)", Accept(V6)),
        block(0x8c00a856_ef80_4ee9_b45b_9a303fa46276, "opens no socket (4)", Assign(V4)),
        block(0xca7ade48_b578_4edc_a4bc_241d3a5fa4d0, "opens no socket (6)", Assign(V6)),
    ];
    if let Some(port) = gate_port {
        let tcp = || vec![Condition::Protocol(TCP)];
        let gate =
            |address| vec![Condition::Protocol(TCP), Condition::RemoteAddress(address), Condition::RemotePort(port)];
        filters.extend([
            permit(0x71b9fcf8_1636_4902_9beb_b7e1430da9d4, "but to the gate (4)", Connect(V4), gate(GATE_V4)),
            permit(0xeb0bfc51_71b1_46a3_a99e_896b1f11e0c6, "but to the gate (6)", Connect(V6), gate(GATE_MAPPED)),
            permit(0xca28feb9_cc71_4ce5_9b33_48c9a67ca1d8, "but for TCP (4)", Assign(V4), tcp()),
            permit(0xb59ecc21_84c1_4129_9d51_91e17b03e3e2, "but for TCP (6)", Assign(V6), tcp()),
        ]);
    }
    filters
}

/// A descriptor in which one user has right 1, whatever the integrity.
fn user_descriptor(user: &Sid) -> Vec<u8> {
    let service = Sid::new(5, &LOCAL_SERVICE).expect("a part is not too many");
    let list = Acl(vec![Ace::allow(user.clone(), MATCH_FILTER, Inherit::NOTHING)]);
    let label = Label { level: Level::UNTRUSTED, ..Label::DEFAULT };
    let descriptor = Descriptor { label: Some(label), ..Descriptor::new(service.clone(), service, Some(list)) };
    descriptor.to_bytes().expect("two entries are not too many")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn offline() -> Sid {
        Sid::new(5, &[21, 1, 2, 3, 1005]).unwrap()
    }

    #[test]
    fn each_filter_has_a_key_of_its_own() {
        let filters = filters(&offline(), Some(3128));
        let keys: BTreeSet<Key> = filters.iter().map(|filter| filter.key).chain([PROVIDER, SUBLAYER]).collect();
        assert_eq!(keys.len(), filters.len() + 2);
        // Made at random (version 4), so that nobody else has them.
        assert!(keys.iter().all(|Key(bits)| bits >> 76 & 0xf == 4 && bits >> 62 & 0b11 == 0b10));
        let names: BTreeSet<&str> = filters.iter().map(|filter| filter.name.as_str()).collect();
        assert_eq!(names.len(), filters.len());
    }

    #[test]
    fn every_filter_is_about_one_user() {
        let about = vec![
            1, 0, 0x14, 0x80, // Revision and control: self-relative, both lists present.
            20, 0, 0, 0, 32, 0, 0, 0, 44, 0, 0, 0, 72, 0, 0, 0, // Owner, group, label and list by their places.
            1, 1, 0, 0, 0, 0, 0, 5, 19, 0, 0, 0, // The local service,
            1, 1, 0, 0, 0, 0, 0, 5, 19, 0, 0, 0, // twice.
            2, 0, 28, 0, 1, 0, 0, 0, // A list of one entry:
            0x11, 0, 20, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, // a label, untrusted.
            2, 0, 44, 0, 1, 0, 0, 0, // A list of one entry:
            0, 0, 36, 0, 1, 0, 0, 0, // right 1 is allowed to
            1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xed, 3, 0,
            0, // the account.
        ];
        for filter in filters(&offline(), Some(3128)) {
            assert_eq!(filter.conditions.first(), Some(&Condition::User(about.clone())), "{}", filter.name);
        }
    }

    #[test]
    fn without_a_gate_nothing_is_permitted() {
        assert!(filters(&offline(), None).iter().all(|filter| filter.action == Action::Block));
    }
}
