//! What does not hold.

use std::fmt;

/// A part of the confinement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// The restricting identifiers of the token.
    RestrictedToken,
    /// That mighty groups are for denials only.
    Groups,
    /// The privileges of the token.
    Privileges,
    /// The integrity of the token.
    Integrity,
    /// The list of what is made with the token.
    DefaultList,
    /// The entries in an access list.
    AccessList,
    /// The integrity of a file.
    Label,
    /// The limits of the job.
    Job,
    /// The restricting identifiers, where nothing else keeps a place.
    RestrictionAlone,
    /// The integrity of the token, where nothing else keeps a file.
    IntegrityAlone,
    /// All of them together: something could be done, or could not, when it was tried.
    Attempt,
}

/// That one of them does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which one.
    pub mechanism: Mechanism,
    /// What was found instead.
    pub found: String,
}

impl Breach {
    pub(in crate::windows) fn new(mechanism: Mechanism, found: impl Into<String>) -> Self {
        Self { mechanism, found: found.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.mechanism {
            Mechanism::RestrictedToken => "restricted token",
            Mechanism::Groups => "groups of the token",
            Mechanism::Privileges => "privileges of the token",
            Mechanism::Integrity => "integrity of the token",
            Mechanism::DefaultList => "default list of the token",
            Mechanism::AccessList => "access list",
            Mechanism::Label => "integrity label",
            Mechanism::Job => "limits of the job",
            Mechanism::RestrictionAlone => "restricting identifiers by themselves",
            Mechanism::IntegrityAlone => "integrity by itself",
            Mechanism::Attempt => "trial",
        };
        write!(out, "{name}: {}", self.found)
    }
}
