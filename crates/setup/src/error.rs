//! Why setup was not done.

use thiserror::Error;

use crate::code::Code;
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
    /// The machine has no accounts of its own: it is a domain controller.
    #[error("this machine has no accounts of its own")]
    NoOwnAccounts,
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
    /// Its kind, which tells what it means and what to do.
    pub fn code(&self) -> Code {
        match self {
            Self::NotElevated => Code::NotElevated,
            Self::Declined => Code::Declined,
            Self::NoOwnAccounts => Code::NoOwnAccounts,
            Self::Foreign { .. } => Code::Foreign,
            Self::FirewallPolicy(_) => Code::FirewallPolicy,
            Self::Call { .. } => Code::CallFailed,
            Self::NotAsWritten { .. } => Code::NotAsWritten,
            Self::Left(_) => Code::Left,
            Self::NotInstalled => Code::NotInstalled,
            Self::Unfinished(_) => Code::Unfinished,
            Self::Marker(_) => Code::Marker,
            Self::Sealed { .. } => Code::Sealed,
        }
    }

    /// A function failed while something was looked at, made or removed.
    pub(crate) fn at(thing: impl ToString) -> impl FnOnce(Fault) -> Self {
        move |fault| Self::Call { thing: thing.to_string(), fault }
    }
}
