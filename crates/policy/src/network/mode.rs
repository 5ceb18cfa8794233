//! How much network there is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much network there is; the order is from narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkMode {
    /// None beyond the sandbox's own loopback.
    Off,
    /// What the rules allow, through the gate.
    Rules,
    /// The host's network as it is.
    Full,
}

impl NetworkMode {
    /// The value as a policy file writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Rules => "rules",
            Self::Full => "full",
        }
    }

    /// The mode of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Off, Self::Rules, Self::Full].into_iter().find(|mode| mode.name() == name)
    }
}
