//! Who asks: an access token (MS-DTYP 2.5.2), as far as it counts in a decision.

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::sid::Sid;

/// A user with what belongs to them in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The user, who may be for denials only as groups may.
    pub user: Group,
    /// The groups.
    pub groups: Vec<Group>,
    /// What the token is restricted to, besides.
    pub restriction: Option<Restriction>,
    /// Its privileges.
    pub privileges: Privileges,
    /// Its integrity.
    pub level: Level,
}

/// An identifier in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub sid: Sid,
    /// How it counts.
    pub counts: GroupUse,
}

/// How an identifier in a token counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupUse {
    /// For what allows and for what denies (`SE_GROUP_ENABLED`).
    Always,
    /// For what denies alone (`SE_GROUP_USE_FOR_DENY_ONLY`).
    Denials,
    /// Not at all.
    Never,
}

/// A second list of identifiers, which must be allowed as well what the first ones are (`CreateRestrictedToken`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// The restricting identifiers.
    pub sids: Vec<Sid>,
    /// The rights that they are asked about.
    pub about: Access,
}

impl Restriction {
    /// Every right.
    pub const EVERYTHING: Access = Access(u32::MAX);
    /// What only writing means for files, and neither reading nor executing. Of `WRITE_RESTRICTED` Microsoft says no more
    /// than that the identifiers "are considered only when evaluating write access"; this is the narrowest meaning.
    pub const WRITES_AT_LEAST: Access =
        Access(Access::FILE_GENERIC_WRITE.0 & !(Access::FILE_GENERIC_READ.0 | Access::FILE_GENERIC_EXECUTE.0));
    /// The widest meaning: whatever changes an object, its name, its owner or its access list.
    pub const WRITES_AT_MOST: Access = Access(
        Self::WRITES_AT_LEAST.0
            | Access::FILE_DELETE_CHILD.0
            | Access::DELETE.0
            | Access::WRITE_DAC.0
            | Access::WRITE_OWNER.0,
    );
}

/// The privileges that decide over files where the access list does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Privileges {
    /// `SeSecurityPrivilege`: [`Access::SYSTEM_SECURITY`].
    pub security: bool,
    /// `SeTakeOwnershipPrivilege`: [`Access::WRITE_OWNER`].
    pub take_ownership: bool,
    /// `SeRelabelPrivilege`: [`Access::WRITE_OWNER`] to objects of higher integrity.
    pub relabel: bool,
}

/// How far something is trusted: the last part of an identifier `S-1-16-…` (MS-DTYP 2.4.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Level(pub u32);

impl Level {
    /// Nobody's.
    pub const UNTRUSTED: Self = Self(0);
    /// Of what comes from outside.
    pub const LOW: Self = Self(0x1000);
    /// Of ordinary programs.
    pub const MEDIUM: Self = Self(0x2000);
    /// Of administrators' programs.
    pub const HIGH: Self = Self(0x3000);
    /// Of the system's.
    pub const SYSTEM: Self = Self(0x4000);
}

impl Group {
    /// One that counts for everything.
    pub fn enabled(sid: Sid) -> Self {
        Self { sid, counts: GroupUse::Always }
    }

    /// One that counts for denials alone.
    pub fn deny_only(sid: Sid) -> Self {
        Self { sid, counts: GroupUse::Denials }
    }
}

impl Token {
    /// An ordinary user without groups or privileges.
    pub fn new(user: Sid) -> Self {
        Self {
            user: Group::enabled(user),
            groups: Vec::new(),
            restriction: None,
            privileges: Privileges::default(),
            level: Level::MEDIUM,
        }
    }

    /// The same with another group.
    #[must_use]
    pub fn with_group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// The same, restricted in everything.
    #[must_use]
    pub fn restricted(self, sids: impl IntoIterator<Item = Sid>) -> Self {
        self.restricted_about(sids, Restriction::EVERYTHING)
    }

    /// The same, restricted in writing, in the narrowest meaning.
    #[must_use]
    pub fn write_restricted(self, sids: impl IntoIterator<Item = Sid>) -> Self {
        self.restricted_about(sids, Restriction::WRITES_AT_LEAST)
    }

    /// The same, restricted in these rights.
    #[must_use]
    pub fn restricted_about(mut self, sids: impl IntoIterator<Item = Sid>, about: Access) -> Self {
        self.restriction = Some(Restriction { sids: sids.into_iter().collect(), about });
        self
    }
}
