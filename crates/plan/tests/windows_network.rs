//! What the planned rules of the firewall and the planned filters leave to which process, by a small model of both: the
//! account that reaches nothing reaches nothing but the gate, and nobody else notices.

use pinfold_acl::{Access, Ace, AceKind, Acl, Descriptor, Group, Inherit, Level, Sid, Token, check};
use pinfold_plan::windows::addresses::{Address, Addresses};
use pinfold_plan::windows::filters::{Action, Condition, Filter, Layer, Version, filters};
use pinfold_plan::windows::firewall::{Direction, Protocol, Rule, rules, user_list, user_of};
use proptest::prelude::*;

fn sid(number: u32) -> Sid {
    Sid::new(5, &[21, 1, 2, 3, number]).expect("an identifier")
}

fn offline() -> Sid {
    sid(1005)
}

/// What a process wants of the network.
#[derive(Debug, Clone, Copy)]
struct Traffic {
    direction: Direction,
    protocol: u8,
    remote: Address,
    /// Of TCP and UDP alone; elsewhere there is something else in its place.
    port: u16,
}

const TCP: u8 = 6;
const GATE: u16 = 3128;

impl Traffic {
    /// Where the system asks: for a socket first, then for whom it is connected with.
    fn layers(self) -> [Layer; 2] {
        let version = match self.remote {
            Address::V4(_) => Version::V4,
            Address::V6(_) => Version::V6,
        };
        let met = match self.direction {
            Direction::Out => Layer::Connect(version),
            Direction::In => Layer::Accept(version),
        };
        [Layer::Assign(version), met]
    }

    fn is_loopback(self) -> bool {
        Addresses::loopback().contains(self.remote)
    }

    /// By either name of the address at which the gate listens.
    fn is_to_the_gate(self) -> bool {
        let here = [Address::V4(0x7f00_0001), Address::V6(0xffff_7f00_0001)];
        self.protocol == TCP && self.port == GATE && self.direction == Direction::Out && here.contains(&self.remote)
    }
}

/// Rules that block win over all others, and here are none that allow. `sees_loopback`: whether the firewall is asked about
/// what a machine says to itself.
fn firewall_lets(rules: &[Rule], token: &Token, traffic: Traffic, sees_loopback: bool) -> bool {
    let meant = |rule: &&Rule| {
        rule.direction == traffic.direction
            && [Protocol::Any, Protocol::Number(traffic.protocol)].contains(&rule.protocol)
            && rule.remote.contains(traffic.remote)
            && rule.ports.contains(traffic.port)
            && user_of(&user_list(&rule.user)).is_some_and(|user| is_meant(token, &list_of(user)))
    };
    traffic.is_loopback() && !sees_loopback || !rules.iter().any(|rule| meant(&rule))
}

fn list_of(user: Sid) -> Descriptor {
    let service = Sid::new(5, &[19]).expect("an identifier");
    let list = Acl(vec![Ace { kind: AceKind::Allow, sid: user, access: Access(1), inherit: Inherit::NOTHING }]);
    Descriptor::new(service.clone(), service, Some(list))
}

fn is_meant(token: &Token, descriptor: &Descriptor) -> bool {
    check(token, descriptor, Access(1)).is_ok()
}

/// At each layer the matching filter of most weight decides.
fn filters_let(filters: &[Filter], token: &Token, traffic: Traffic) -> bool {
    let holds = |condition: &Condition, layer| match condition {
        Condition::User(bytes) => is_meant(token, &Descriptor::parse(bytes).expect("a descriptor")),
        Condition::Protocol(protocol) => *protocol == traffic.protocol,
        // A socket that begins has nobody at its other end.
        Condition::RemoteAddress(address) => !matches!(layer, Layer::Assign(_)) && *address == traffic.remote,
        Condition::RemotePort(port) => !matches!(layer, Layer::Assign(_)) && *port == traffic.port,
    };
    traffic.layers().iter().all(|layer| {
        let at = filters.iter().filter(|filter| filter.layer == *layer);
        let matching = at.filter(|filter| filter.conditions.iter().all(|condition| holds(condition, *layer)));
        matching.max_by_key(|filter| filter.weight).is_none_or(|filter| filter.action == Action::Permit)
    })
}

fn addresses() -> impl Strategy<Value = Address> {
    prop_oneof![
        any::<u32>().prop_map(Address::V4),
        any::<u128>().prop_map(Address::V6),
        proptest::sample::select(vec![
            Address::V4(0x7f00_0001),
            Address::V4(0x7f00_0002),
            Address::V4(0),
            Address::V4(u32::MAX),
            Address::V4(0x7eff_ffff),
            Address::V4(0x8000_0000),
            Address::V6(0),
            Address::V6(1),
            Address::V6(2),
            Address::V6(0xffff_7f00_0001),
            Address::V6(0xffff_0808_0808),
            Address::V6(u128::MAX),
        ]),
    ]
}

fn traffic() -> impl Strategy<Value = Traffic> {
    let direction = proptest::sample::select(vec![Direction::In, Direction::Out]);
    let protocol = prop_oneof![Just(TCP), Just(17), Just(1), Just(58), any::<u8>()];
    let port = prop_oneof![Just(GATE), Just(GATE - 1), Just(GATE + 1), Just(0), Just(u16::MAX), any::<u16>()];
    (direction, protocol, addresses(), port).prop_map(|(direction, protocol, remote, port)| Traffic {
        direction,
        protocol,
        remote,
        port,
    })
}

/// Tokens of an account as a runner makes them: whole, or restricted in writing, of whatever integrity; or restricted in
/// everything, with the account among the identifiers.
fn token(account: Sid) -> impl Strategy<Value = Token> {
    let level = proptest::sample::select(vec![Level::UNTRUSTED, Level::LOW, Level::MEDIUM, Level::HIGH]);
    (0..4, level).prop_map(move |(kind, level)| {
        let token = Token::new(account.clone())
            .with_group(Group::enabled(Sid::EVERYONE))
            .with_group(Group::enabled(Sid::USERS));
        let token = match kind {
            0 => token,
            1 => token.write_restricted([sid(7)]),
            2 => token.write_restricted([sid(7), account.clone()]),
            _ => token.restricted([sid(7), account.clone()]),
        };
        Token { level, ..token }
    })
}

fn gates() -> impl Strategy<Value = Option<u16>> {
    prop_oneof![Just(None), Just(Some(GATE))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_filters_alone_leave_the_gate_alone(traffic in traffic(), token in token(offline()), gate in gates()) {
        let lets = filters_let(&filters(&offline(), gate), &token, traffic);
        prop_assert_eq!(lets, gate.is_some() && traffic.is_to_the_gate());
    }

    #[test]
    fn the_firewall_alone_lets_nothing_leave_the_machine(traffic in traffic(), token in token(offline()), gate in gates(), sees: bool) {
        let lets = firewall_lets(&rules(&offline(), gate), &token, traffic, sees);
        prop_assert!(!lets || traffic.is_loopback());
        // Where it sees loopback, it stops what leads to another process in packets or connections.
        if sees && traffic.direction == Direction::Out && [TCP, 17].contains(&traffic.protocol) {
            prop_assert!(!lets || gate == Some(traffic.port) && traffic.protocol == TCP);
        }
    }

    #[test]
    fn the_gate_is_reached_through_both(token in token(offline()), sees: bool, mapped: bool) {
        let remote = if mapped { Address::V6(0xffff_7f00_0001) } else { Address::V4(0x7f00_0001) };
        let traffic = Traffic { direction: Direction::Out, protocol: TCP, remote, port: GATE };
        prop_assert!(filters_let(&filters(&offline(), Some(GATE)), &token, traffic));
        prop_assert!(firewall_lets(&rules(&offline(), Some(GATE)), &token, traffic, sees));
    }

    #[test]
    fn nobody_else_notices(traffic in traffic(), token in token(sid(1001)), gate in gates(), sees: bool) {
        prop_assert!(filters_let(&filters(&offline(), gate), &token, traffic));
        prop_assert!(firewall_lets(&rules(&offline(), gate), &token, traffic, sees));
    }
}

/// What a runner must not do, and why it is said at [`filters`].
#[test]
fn a_token_restricted_in_everything_must_list_the_account() {
    let out = Traffic { direction: Direction::Out, protocol: TCP, remote: Address::V4(0x0808_0808), port: 443 };
    let stranger = Token::new(offline()).restricted([sid(7)]);
    assert!(filters_let(&filters(&offline(), None), &stranger, out));
    let denying = Token { user: Group::deny_only(offline()), ..Token::new(offline()) };
    assert!(filters_let(&filters(&offline(), None), &denying, out));
}

/// Whatever kind of right the system takes right 1 for.
#[test]
fn integrity_keeps_no_process_from_its_filter() {
    for filter in filters(&offline(), Some(GATE)) {
        let Some(Condition::User(bytes)) = filter.conditions.first() else { panic!("no user") };
        let label = Descriptor::parse(bytes).expect("a descriptor").label.expect("a label");
        assert_eq!(label.level, Level::UNTRUSTED);
    }
}
