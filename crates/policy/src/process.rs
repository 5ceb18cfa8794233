//! The `[process]` section.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::origin::Origin;

/// What processes of the run may do beyond ordinary work.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Process")]
pub(crate) struct ProcessSection {
    /// May the run create namespaces of its own, as nested sandboxes and rootless containers do? This opens more of
    /// the kernel to the run.
    #[schemars(with = "Option<bool>")]
    pub(crate) nested_namespaces: Option<Spanned<bool>>,
}

/// The process rules of the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Process {
    /// May the run create namespaces of its own?
    pub nested_namespaces: bool,
    /// Who says so.
    pub origin: Arc<Origin>,
}
