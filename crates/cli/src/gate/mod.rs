//! What the gate of a run is told, and what the command is told about it, as far as it is the same on every platform.

pub(crate) mod lent;
pub(crate) mod upstream;
pub(crate) mod variables;

use pinfold_gate::link::{LentSecret, Start};
use pinfold_policy::Policy;

use crate::context::Context;
use crate::error::CliError;

/// The secrets of a policy with their values, which are fetched now.
pub(crate) fn lend(policy: &Policy, context: &Context) -> Result<Vec<LentSecret>, CliError> {
    policy.secrets.iter().map(|secret| lent::lend(secret, context)).collect()
}

/// The values that a gate puts into requests, by their names: for the record, which masks them.
pub(crate) fn values(gate: Option<&Start>) -> Vec<(String, String)> {
    let secrets = gate.iter().flat_map(|start| &start.secrets);
    secrets.map(|lent| (lent.secret.name.clone(), lent.value.clone())).collect()
}
