//! What can go wrong, by words that stay the same: for programs, for messages, and as the exit code of a process that has no
//! other way to tell.

/// A kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The process has not the rights of an administrator.
    NotElevated,
    /// The user was asked for them and said no.
    Declined,
    /// The machine has no accounts of its own.
    NoOwnAccounts,
    /// Something has a name of ours but was not made by setup.
    Foreign,
    /// Rules that are made on this machine do not take effect.
    FirewallPolicy,
    /// A function of the system failed.
    CallFailed,
    /// What was made is not there when it is read back.
    NotAsWritten,
    /// Something could not be removed.
    Left,
    /// There is no setup.
    NotInstalled,
    /// Setup was interrupted.
    Unfinished,
    /// The marker cannot be read.
    Marker,
    /// A password cannot be opened.
    Sealed,
}

/// The exit code of the first kind; those of the others follow.
const FIRST_EXIT: u8 = 64;

impl Code {
    /// All, in an order that stays.
    pub const ALL: [Self; 12] = [
        Self::NotElevated,
        Self::Declined,
        Self::NoOwnAccounts,
        Self::Foreign,
        Self::FirewallPolicy,
        Self::CallFailed,
        Self::NotAsWritten,
        Self::Left,
        Self::NotInstalled,
        Self::Unfinished,
        Self::Marker,
        Self::Sealed,
    ];

    /// A word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotElevated => "not-elevated",
            Self::Declined => "declined",
            Self::NoOwnAccounts => "no-own-accounts",
            Self::Foreign => "foreign",
            Self::FirewallPolicy => "firewall-policy",
            Self::CallFailed => "call-failed",
            Self::NotAsWritten => "not-as-written",
            Self::Left => "left",
            Self::NotInstalled => "not-installed",
            Self::Unfinished => "unfinished",
            Self::Marker => "marker",
            Self::Sealed => "sealed",
        }
    }

    /// What it means.
    pub fn why(self) -> &'static str {
        match self {
            Self::NotElevated | Self::Declined => "Windows lets nobody else make accounts, rules and filters",
            Self::NoOwnAccounts => "accounts that are made on a domain controller are accounts of the whole domain",
            Self::Foreign => "what is not ours is neither taken over nor removed",
            Self::FirewallPolicy => "a policy of the organisation decides over the firewall of this machine",
            Self::CallFailed => "the system refused a step; accounts stay disabled until all steps are done",
            Self::NotAsWritten => "another program or a policy changed it; accounts stay disabled",
            Self::Left => "what is still there is kept harmless by what was not removed either",
            Self::NotInstalled => "commands with no or little network and withheld files need accounts of their own",
            Self::Unfinished | Self::Marker => "what is not known to be right is not relied on",
            Self::Sealed => "it was sealed by another user, or an administrator reset the user's own password",
        }
    }

    /// What to do.
    pub fn next(self) -> &'static str {
        match self {
            Self::NotElevated => "run it again and agree when Windows asks, or run it as administrator",
            Self::Declined => "run `pinfold setup` again and agree, or go on without accounts",
            Self::NoOwnAccounts => "run commands on another machine, or go on without accounts",
            Self::Foreign => "rename or remove it, then run `pinfold setup` again",
            Self::FirewallPolicy => "ask whoever manages this machine to allow local firewall rules",
            Self::CallFailed | Self::NotAsWritten => "run `pinfold setup --repair`, or `pinfold setup --uninstall`",
            Self::Left => "end all sandboxed commands, then run `pinfold setup --uninstall` again",
            Self::NotInstalled => "run `pinfold setup`",
            Self::Unfinished | Self::Marker | Self::Sealed => "run `pinfold setup --repair`",
        }
    }

    /// With what a process ends that was started to do it as administrator.
    pub fn exit_code(self) -> u8 {
        let place = Self::ALL.iter().position(|code| *code == self).expect("all are in the list");
        FIRST_EXIT + place as u8
    }

    /// The kind that an exit code stands for.
    pub fn from_exit_code(exit: u32) -> Option<Self> {
        let place = exit.checked_sub(FIRST_EXIT.into())?;
        Self::ALL.get(place as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn exit_codes_come_back_and_stay() {
        for code in Code::ALL {
            assert_eq!(Code::from_exit_code(code.exit_code().into()), Some(code));
        }
        assert_eq!((Code::NotElevated.exit_code(), Code::Sealed.exit_code()), (64, 75));
        assert_eq!([0, 1, 63, 76, u32::MAX].map(Code::from_exit_code), [None; 5]);
        let names: BTreeSet<&str> = Code::ALL.into_iter().map(Code::name).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
