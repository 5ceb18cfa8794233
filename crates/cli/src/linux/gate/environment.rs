//! What the command of a run with a gate finds in its environment.

use std::ffi::OsString;

use pinfold_gate::link::Start;
use pinfold_plan::{Gate, Network, PROXY_PORT, Plan, TRUST_BUNDLE};

use crate::gate::variables;

/// Every variable about proxies. Those of the caller are for the gate, not for what runs inside.
const OF_THE_CALLER: [&str; 8] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// The environment of a command whose network is a gate.
pub(crate) struct Environment<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) start: Option<&'a Start>,
}

impl Environment<'_> {
    /// Whether a variable of the caller's is about the caller's own network, and useless behind a gate.
    pub(crate) fn is_of_another_network(&self, name: &OsString) -> bool {
        self.start.is_some() && OF_THE_CALLER.iter().any(|variable| name == variable)
    }

    /// What is added, where it is not there yet.
    pub(crate) fn variables(&self) -> Vec<(OsString, OsString)> {
        let Network::Gate(Gate { transparent, inspects }) = self.plan.network else { return Vec::new() };
        let mut added = Vec::new();
        if !transparent {
            // In both spellings, as programs read one or the other.
            let proxies = variables::proxies(PROXY_PORT).into_iter();
            added
                .extend(proxies.flat_map(|(name, value)| [(name.to_lowercase(), value.clone()), (name.into(), value)]));
        }
        if inspects {
            added.extend(variables::trust(TRUST_BUNDLE).map(|(name, value)| (name.into(), value)));
        }
        added.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    /// What stands in the place of secrets, whatever the caller has under these names.
    pub(crate) fn placeholders(&self) -> Vec<(OsString, OsString)> {
        variables::placeholders(self.start).map(|(name, value)| (name.into(), value.into())).collect()
    }
}
