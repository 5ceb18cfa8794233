//! Ports of a rule.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::{Complaint, quoted};

/// Which ports a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ports {
    /// No port is written: every one in a rule that denies.
    Unsaid,
    /// No port is written in a rule that allows: 80 and 443.
    Web,
    /// These.
    These(Vec<u16>),
    /// Every one: `*`.
    All,
}

impl Ports {
    /// The ports after the colon of a host.
    pub(crate) fn parse(text: &str) -> Result<Self, Complaint> {
        if text == "*" {
            return Ok(Self::All);
        }
        let port = plain_number(text).filter(|port| *port > 0).ok_or_else(|| {
            Complaint::new(
                format!("{} is no port", quoted(text)),
                "write a number from 1 to 65535, or `*` for every port",
            )
        })?;
        Ok(Self::These(vec![port]))
    }

    /// What a rule that allows means.
    #[must_use]
    pub(crate) fn allowing(self) -> Self {
        if self == Self::Unsaid { Self::Web } else { self }
    }

    /// The ports, if they are not all.
    fn list(&self) -> Option<&[u16]> {
        match self {
            Self::Web => Some(&[80, 443]),
            Self::These(ports) => Some(ports),
            Self::Unsaid | Self::All => None,
        }
    }

    /// Is the port one of them?
    pub fn contains(&self, port: u16) -> bool {
        self.list().is_none_or(|ports| ports.contains(&port))
    }

    /// Are all the other's ports among them?
    pub(crate) fn cover(&self, other: &Self) -> bool {
        match (self.list(), other.list()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(ports)) => ports.iter().all(|port| self.contains(*port)),
        }
    }

    /// Is there one in both?
    pub(crate) fn meet(&self, other: &Self) -> bool {
        self.list().is_none_or(|ports| ports.iter().any(|port| other.contains(*port)))
    }
}

/// A number in its one notation: no sign, no zero in front.
pub(super) fn plain_number<T: FromStr + ToString>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number: &T| number.to_string() == text)
}

/// A single port, for `publish` and `host-ports`.
pub(crate) fn port(number: i64) -> Result<u16, Complaint> {
    u16::try_from(number)
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| Complaint::new(format!("{number} is no port"), "write a number from 1 to 65535"))
}

impl fmt::Display for Ports {
    /// As after a host: `:443`, `:*`, or nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid | Self::Web => Ok(()),
            Self::All => f.write_str(":*"),
            Self::These(ports) => {
                let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
                write!(f, ":{}", ports.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_plain_number_or_a_star() {
        assert_eq!(Ports::parse("443"), Ok(Ports::These(vec![443])));
        assert_eq!(Ports::parse("*"), Ok(Ports::All));
        for text in ["", "0", "65536", "+1", "0443", "-1", " 1", "0x50", "http", "1-2"] {
            assert!(Ports::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn no_port_is_the_web_to_allow_and_all_to_deny() {
        assert!(Ports::Unsaid.contains(22) && !Ports::Unsaid.allowing().contains(22));
        assert!(Ports::Unsaid.allowing().contains(80) && Ports::Unsaid.allowing().contains(443));
        assert!(Ports::All.cover(&Ports::These(vec![1])) && !Ports::These(vec![1]).cover(&Ports::All));
    }
}
