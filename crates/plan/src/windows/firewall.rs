//! The rules of Windows' firewall for the account that reaches nothing, as data (`INetFwRule3`).
//!
//! Whether the firewall sees what a machine says to itself is not documented. So these rules are relied on for what leaves the
//! machine alone; those about loopback stand beside the filters of [`super::filters`], which do without any of these.

use pinfold_acl::Sid;

use super::addresses::{Addresses, Ports};

/// What stands in the grouping of each rule of ours, of every version.
pub const GROUPING: &str = "Pinfold sandbox";

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From elsewhere (`NET_FW_RULE_DIR_IN`, 1).
    In,
    /// From the account (`NET_FW_RULE_DIR_OUT`, 2).
    Out,
}

/// What is spoken above IP, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Whatever it is (`NET_FW_IP_PROTOCOL_ANY`, 256).
    Any,
    /// This one.
    Number(u8),
}

impl Protocol {
    /// 6.
    pub const TCP: Self = Self::Number(6);
    /// 17.
    pub const UDP: Self = Self::Number(17);

    /// As the firewall has it.
    pub fn number(self) -> i32 {
        match self {
            Self::Any => 256,
            Self::Number(number) => number.into(),
        }
    }
}

/// A rule that blocks, in all profiles, what one account says or hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name, the same in every version.
    pub name: String,
    /// Where connections come from.
    pub direction: Direction,
    /// What is spoken.
    pub protocol: Protocol,
    /// With whom.
    pub remote: Addresses,
    /// At which of their ports.
    pub ports: Ports,
    /// Whose.
    pub user: Sid,
}

/// All rules for the account that reaches nothing but the gate's port of this machine, if there is one.
pub fn rules(offline: &Sid, gate_port: Option<u16>) -> Vec<Rule> {
    let block = |name: &str, direction, protocol, remote, ports| Rule {
        name: format!("Pinfold offline: {name}"),
        direction,
        protocol,
        remote,
        ports,
        user: offline.clone(),
    };
    let elsewhere = || Addresses::loopback().complement();
    let but_the_gate = gate_port.map_or_else(Ports::all, Ports::but);
    vec![
        block("nothing out", Direction::Out, Protocol::Any, elsewhere(), Ports::all()),
        block("nothing in", Direction::In, Protocol::Any, elsewhere(), Ports::all()),
        block("no UDP on this machine", Direction::Out, Protocol::UDP, Addresses::loopback(), Ports::all()),
        block("no TCP on this machine", Direction::Out, Protocol::TCP, Addresses::loopback(), but_the_gate),
    ]
}

/// The list of one user, as `LocalUserAuthorizedList` takes it: who has right 1 in it is meant.
pub fn user_list(user: &Sid) -> String {
    format!("O:LSD:(A;;CC;;;{user})")
}

/// The one user who is meant by such a list; `None` when it says anything else.
pub fn user_of(list: &str) -> Option<Sid> {
    let (_, entries) = list.split_once("D:")?;
    let entry = entries.strip_prefix('(')?.strip_suffix(')')?;
    let user = ["A;;CC;;;", "A;;0x1;;;"].iter().find_map(|start| entry.strip_prefix(start))?;
    user.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn offline() -> Sid {
        Sid::new(5, &[21, 1, 2, 3, 1005]).unwrap()
    }

    #[test]
    fn each_rule_has_a_name_of_its_own() {
        let rules = rules(&offline(), Some(3128));
        let names: BTreeSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names.len(), rules.len());
        assert!(rules.iter().all(|rule| rule.user == offline() && !rule.name.contains('|')));
    }

    #[test]
    fn the_gate_changes_one_rule() {
        let (with, without) = (rules(&offline(), Some(3128)), rules(&offline(), None));
        let changed: Vec<_> =
            with.iter().zip(&without).filter(|(a, b)| a != b).map(|(a, _)| a.ports.to_string()).collect();
        assert_eq!(changed, ["0-3127,3129-65535"]);
    }

    #[test]
    fn a_list_means_one_user() {
        let list = user_list(&offline());
        assert_eq!(list, "O:LSD:(A;;CC;;;S-1-5-21-1-2-3-1005)");
        assert_eq!(user_of(&list), Some(offline()));
        for other in [
            "",
            "O:LSD:",
            "O:LSD:(A;;CC;;;WD)",
            "O:LSD:(D;;CC;;;S-1-5-21-1-2-3-1005)",
            &format!("{list}(A;;CC;;;S-1-1-0)"),
        ] {
            assert_eq!(user_of(other), None, "{other}");
        }
    }
}
