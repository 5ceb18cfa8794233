//! The token that a command runs with: what is taken from that of the caller, or of the account.

use pinfold_acl::{self as acl, Access, Ace, Group, GroupUse, Inherit, Level, Privileges, Restriction, Sid};
use serde::{Deserialize, Serialize};

use super::Machine;

/// What `CreateRestrictedToken` is asked for, and what is set afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Token {
    /// Restricting identifiers count for writing alone (`WRITE_RESTRICTED`).
    pub write_restricted: bool,
    /// No administrator is left in it (`LUA_TOKEN`).
    pub least_privilege: bool,
    /// Groups that count for denials alone, if they are in it at all.
    pub deny_only: Vec<Sid>,
    /// The restricting identifiers: exactly these.
    pub restricting: Vec<Sid>,
    /// The privileges that stay; all others are removed (`DISABLE_MAX_PRIVILEGE`).
    pub privileges: Vec<String>,
    /// Its integrity.
    pub integrity: Level,
    /// The list of what the command makes and gives none: pipes, events, processes.
    pub default_list: Vec<Ace>,
}

/// To pass through directories that one may not read (`SE_CHANGE_NOTIFY_NAME`). Everybody has it.
const PASS_THROUGH: &str = "SeChangeNotifyPrivilege";

/// Groups that make more of a user than a user: what LUA takes away, and what comes near to it. Administrators, Power Users,
/// Account, Server, Print and Backup Operators, Network Configuration Operators, Cryptographic Operators, Hyper-V
/// Administrators, Storage Replica Administrators.
const MIGHTY: [u32; 10] = [544, 547, 548, 549, 550, 551, 556, 569, 578, 582];

impl Token {
    /// The caller's own, for whom nothing is set up: it may read what the caller reads, and write what an identifier in
    /// `identifiers` is let to.
    pub(super) fn of_the_caller(machine: &Machine, identifiers: &[Sid]) -> Self {
        let restricting = [identifiers, machine.logon.as_slice(), &[Sid::EVERYONE]].concat();
        Self { write_restricted: true, ..Self::new(restricting, &machine.user, identifiers) }
    }

    /// That of an account, which owns nothing and is restricted in reading as well, as it is in a group with other runs;
    /// what everybody may read is left to it. The logon session is the runner's, who adds it
    /// ([`Token::in_session`]).
    pub(super) fn of_account(account: &Sid, group: &Sid, identifiers: &[Sid]) -> Self {
        // Without the account's own the rules of the firewall would not know it.
        let known = [Sid::EVERYONE, Sid::USERS, Sid::RESTRICTED, account.clone()];
        Self::new([identifiers, &known].concat(), group, identifiers)
    }

    /// What the command makes is its own: opened with the one list by `whose`, and with the other by the run's identifiers
    /// alone. What else restricts is the same in runs beside it, which are not to take each other's processes over; nor are
    /// they for being the owner.
    fn new(restricting: Vec<Sid>, whose: &Sid, identifiers: &[Sid]) -> Self {
        let all = |sid: &Sid| Ace::allow(sid.clone(), Access::GENERIC_ALL, Inherit::NOTHING);
        let owner = Ace::allow(Sid::OWNER_RIGHTS, Access::READ_CONTROL, Inherit::NOTHING);
        let everything = [whose].into_iter().chain(identifiers).chain([&Sid::SYSTEM]).map(all);
        Self {
            write_restricted: false,
            least_privilege: true,
            deny_only: MIGHTY.map(Sid::builtin).to_vec(),
            restricting,
            privileges: vec![PASS_THROUGH.to_owned()],
            integrity: Level::LOW,
            default_list: everything.chain([owner]).collect(),
        }
    }

    /// For a logon session that is known only where the token is made: its identifier restricts as well.
    #[must_use]
    pub fn in_session(mut self, logon: Sid) -> Self {
        if !self.restricting.contains(&logon) {
            self.restricting.push(logon);
        }
        self
    }

    /// What becomes of a user's token, as the model of decisions knows it. `writing` is what counts as writing to whoever
    /// reads Microsoft's documents ([`Restriction`]).
    pub fn taken_from(&self, user: &acl::Token, writing: Access) -> acl::Token {
        let lessened = |group: &Group| match self.deny_only.contains(&group.sid) && group.counts == GroupUse::Always {
            true => Group::deny_only(group.sid.clone()),
            false => group.clone(),
        };
        acl::Token {
            user: lessened(&user.user),
            groups: user.groups.iter().map(lessened).collect(),
            restriction: Some(Restriction {
                sids: self.restricting.clone(),
                about: if self.write_restricted { writing } else { Restriction::EVERYTHING },
            }),
            privileges: Privileges::default(),
            level: self.integrity.min(user.level),
        }
    }
}
