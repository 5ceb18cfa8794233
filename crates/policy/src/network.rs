//! The `[network]` section.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::origin::Origin;

/// What the run reaches over the network.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Network")]
pub(crate) struct NetworkSection {
    /// Whether there is a network at all.
    #[schemars(with = "Option<NetworkMode>")]
    pub(crate) mode: Option<Spanned<NetworkMode>>,
}

/// How much network there is; the order is from narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkMode {
    /// None beyond the sandbox's own loopback.
    Off,
    /// The host's network as it is.
    Full,
}

impl NetworkMode {
    /// The value as a policy file writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Full => "full",
        }
    }

    /// The mode of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Off, Self::Full].into_iter().find(|mode| mode.name() == name)
    }
}

/// The network of the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Network {
    /// How much network there is.
    pub mode: NetworkMode,
    /// Who says so.
    pub origin: Arc<Origin>,
}
