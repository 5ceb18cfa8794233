//! Why setup was not done, with a code that stays the same and what to do next.

use thiserror::Error;

use crate::machine::{Fault, LocalRules};

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetupError {
    /// The process has not the rights of an administrator.
    #[error("setup changes accounts and the firewall, which administrators may")]
    NotElevated,
    /// The user was asked for these rights and said no.
    #[error("the rights of an administrator were not given")]
    Declined,
    /// Something has a name of ours but was not made by setup.
    #[error("{thing} was not made by pinfold: {why}")]
    Foreign {
        /// What.
        thing: String,
        /// How that is known.
        why: String,
    },
    /// Rules that are made on this machine do not take effect.
    #[error("the firewall does not obey rules of this machine ({0:?})")]
    FirewallPolicy(LocalRules),
    /// A function of the system failed.
    #[error("failed at {thing}: {fault}")]
    Call {
        /// What was looked at, made or removed.
        thing: String,
        /// The function.
        #[source]
        fault: Fault,
    },
    /// What was made is not there when it is read back.
    #[error("{thing} is not as it was written: {difference}")]
    NotAsWritten {
        /// What.
        thing: String,
        /// How it is.
        difference: String,
    },
    /// Something could not be removed, and the rest stays as safe as it was.
    #[error("not everything was removed: {}", .0.join("; "))]
    Left(Vec<String>),
    /// There is no setup.
    #[error("accounts for commands are not set up")]
    NotInstalled,
    /// Setup was interrupted, or is not as it was.
    #[error("the setup of accounts is unfinished or changed: {0}")]
    Unfinished(String),
    /// The marker cannot be read.
    #[error("what setup noted cannot be read: {0}")]
    Marker(String),
    /// A password cannot be opened.
    #[error("the password of {name} cannot be opened by this user")]
    Sealed {
        /// The account.
        name: String,
    },
}

impl SetupError {
    /// A word for programs, the same in every version.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotElevated => "not-elevated",
            Self::Declined => "declined",
            Self::Foreign { .. } => "foreign",
            Self::FirewallPolicy(_) => "firewall-policy",
            Self::Call { .. } => "call-failed",
            Self::NotAsWritten { .. } => "not-as-written",
            Self::Left(_) => "left",
            Self::NotInstalled => "not-installed",
            Self::Unfinished(_) => "unfinished",
            Self::Marker(_) => "marker",
            Self::Sealed { .. } => "sealed",
        }
    }

    /// What it means.
    pub fn why(&self) -> &'static str {
        match self {
            Self::NotElevated | Self::Declined => "Windows lets nobody else make accounts, rules and filters",
            Self::Foreign { .. } => "what is not ours is neither taken over nor removed",
            Self::FirewallPolicy(_) => "a policy of the organisation decides over the firewall of this machine",
            Self::Call { .. } => "the system refused a step; accounts stay disabled until all steps are done",
            Self::NotAsWritten { .. } => "another program or a policy changed it; accounts stay disabled",
            Self::Left(_) => "what is still there is kept harmless by what was not removed either",
            Self::NotInstalled => "commands with no or little network and withheld files need accounts of their own",
            Self::Unfinished(_) | Self::Marker(_) => "what is not known to be right is not relied on",
            Self::Sealed { .. } => {
                "it was sealed by another user, or the user's password was reset by an administrator"
            }
        }
    }

    /// What to do.
    pub fn next(&self) -> &'static str {
        match self {
            Self::NotElevated => "run it again and agree when Windows asks, or run it as administrator",
            Self::Declined => "run `pinfold setup` again and agree, or go on without accounts",
            Self::Foreign { .. } => "rename or remove it, then run `pinfold setup` again",
            Self::FirewallPolicy(_) => "ask whoever manages this machine to allow local firewall rules",
            Self::Call { .. } | Self::NotAsWritten { .. } => {
                "run `pinfold setup --repair`, or `pinfold setup --uninstall`"
            }
            Self::Left(_) => "end all sandboxed commands, then run `pinfold setup --uninstall` again",
            Self::NotInstalled => "run `pinfold setup`",
            Self::Unfinished(_) | Self::Marker(_) | Self::Sealed { .. } => "run `pinfold setup --repair`",
        }
    }

    /// A function failed while something was looked at, made or removed.
    pub(crate) fn at(thing: impl ToString) -> impl FnOnce(Fault) -> Self {
        move |fault| Self::Call { thing: thing.to_string(), fault }
    }
}
