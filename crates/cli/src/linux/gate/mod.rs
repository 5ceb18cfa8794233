//! What the gate of a run is told, and what the command is told about it.

mod environment;
mod keyring;
mod masks;

use std::collections::BTreeMap;

use pinfold_confine::linux::probe;
use pinfold_gate::Search;
use pinfold_gate::link::{Start, VERSION};
use pinfold_plan::{Gate, Network};
use pinfold_policy::Rules;

use super::prepare::Prepared;
use crate::error::CliError;
use crate::gate::{lend, upstream};

pub(crate) use environment::Environment;
pub(crate) use keyring::keyring_entry;
pub(crate) use masks::with_placeholders;

/// What the gate is told, when the plan has one; `ask`: the user answers for hosts that no rule names. Fetches the values
/// of secrets.
pub(crate) fn start(prepared: &Prepared, ask: bool) -> Result<Option<Start>, CliError> {
    let Network::Gate(Gate { inspects, .. }) = prepared.plan.network else { return Ok(None) };
    let (policy, context) = (&prepared.policy, &prepared.context);
    Ok(Some(Start {
        version: VERSION,
        rules: Rules::new(policy),
        secrets: lend(policy, context)?,
        upstream: upstream::of_caller(context)?,
        no_proxy: upstream::exceptions(context),
        ask,
        hosts: BTreeMap::new(),
        search: Search::read(&probe::resolver_text()),
        init_pid: None,
        roots: probe::trust_bundles(),
        trusted: inspects,
        sockets: Vec::new(),
    }))
}
