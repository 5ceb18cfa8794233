//! The accounts of Windows that a command runs under where reading and the network are withheld, and their group.

/// What stands in the comment of an account or a group that is ours. Nobody but an administrator can write it there.
pub const MADE_BY: &str = "Made by pinfold setup. Remove it with pinfold setup --uninstall.";

/// The local group of both accounts, to which entries in access lists are given.
pub const GROUP: &str = "PinfoldSandbox";

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Use {
    /// For commands that reach nothing, or nothing but the gate.
    Offline,
    /// For commands that the network is open to.
    Online,
}

impl Use {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Offline, Self::Online];

    /// The name of the account: no more than the 20 characters that Windows takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offline => "PinfoldOffline",
            Self::Online => "PinfoldOnline",
        }
    }
}

/// Bits of `usri1_flags` (`lmaccess.h`), as far as they count here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountFlags(pub u32);

impl AccountFlags {
    /// `UF_SCRIPT`, which an account must have.
    pub const SCRIPT: u32 = 0x1;
    /// `UF_ACCOUNTDISABLE`: nobody logs on.
    pub const DISABLED: u32 = 0x2;
    /// `UF_PASSWD_NOTREQD`: an empty password would do.
    pub const NO_PASSWORD: u32 = 0x20;
    /// `UF_PASSWD_CANT_CHANGE`: what runs under the account cannot lock us out of it.
    pub const PASSWORD_STAYS: u32 = 0x40;
    /// `UF_NORMAL_ACCOUNT`.
    pub const NORMAL: u32 = 0x200;
    /// `UF_DONT_EXPIRE_PASSWD`: nobody is there to choose another one.
    pub const PASSWORD_LASTS: u32 = 0x1_0000;

    /// Of an account that is made: nobody logs on before the rules of the network are there.
    pub const NEW: Self =
        Self(Self::SCRIPT | Self::DISABLED | Self::PASSWORD_STAYS | Self::NORMAL | Self::PASSWORD_LASTS);
    /// Of an account that can be used.
    pub const READY: Self = Self(Self::NEW.0 & !Self::DISABLED);

    /// Whether nobody logs on.
    pub const fn is_disabled(self) -> bool {
        self.0 & Self::DISABLED != 0
    }

    /// Whether it is as those of ours are, apart from being disabled. Bits that say nothing of this do not count.
    pub const fn is_right(self) -> bool {
        let counting = Self::NEW.0 & !Self::DISABLED | Self::NO_PASSWORD;
        self.0 & counting == Self::READY.0
    }

    /// The same, disabled or not.
    #[must_use]
    pub const fn disabled(self, disabled: bool) -> Self {
        Self(if disabled { self.0 | Self::DISABLED } else { self.0 & !Self::DISABLED })
    }
}

/// What the group may do beyond what every user may, and what it may not (`ntsecapi.h`). A denial wins over what somebody
/// else gives. `CreateProcessWithLogonW` logs on interactively, which is the one way that stays.
pub const RIGHTS: [&str; 5] = [
    "SeInteractiveLogonRight",
    "SeDenyNetworkLogonRight",
    "SeDenyRemoteInteractiveLogonRight",
    "SeDenyBatchLogonRight",
    "SeDenyServiceLogonRight",
];

/// The key below `HKEY_LOCAL_MACHINE` with a value for each account: 0 hides it from the logon screen.
pub const HIDDEN_KEY: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\SpecialAccounts\UserList";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_enough_and_differ() {
        assert!(Use::ALL.iter().all(|used| used.name().len() <= 20));
        assert_ne!(Use::Offline.name(), Use::Online.name());
        // `MAXCOMMENTSZ` of a user.
        assert!(MADE_BY.len() <= 256);
    }

    #[test]
    fn flags_are_right_whether_disabled_or_not() {
        assert!(AccountFlags::NEW.is_disabled() && AccountFlags::NEW.is_right());
        assert_eq!(AccountFlags::NEW.disabled(false), AccountFlags::READY);
        assert!(!AccountFlags::READY.is_disabled() && AccountFlags::READY.is_right());
        // What another program set and what does not count, such as `UF_LOCKOUT`.
        assert!(AccountFlags(AccountFlags::READY.0 | 0x10).is_right());
        assert!(!AccountFlags(AccountFlags::READY.0 | AccountFlags::NO_PASSWORD).is_right());
        assert!(!AccountFlags(AccountFlags::READY.0 & !AccountFlags::PASSWORD_STAYS).is_right());
    }
}
