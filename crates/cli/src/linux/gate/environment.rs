//! Variables by which programs learn of proxies, certificates and placeholders.

use std::ffi::OsString;

use pinfold_gate::link::{LentSecret, Start};
use pinfold_plan::{Gate, Network, PROXY_PORT, Plan, TRUST_BUNDLE};

use super::upstream;

/// Read by OpenSSL and Go; Node; Python's requests and pip; curl; git; cargo; the AWS tools; Deno.
const TRUST: [&str; 9] = [
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
    "AWS_CA_BUNDLE",
    "DENO_CERT",
];

/// What is not asked of the gate.
const OWN_LOOPBACK: &str = "localhost,127.0.0.1,::1";

/// The environment of a command whose network is a gate.
pub(crate) struct Environment<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) start: Option<&'a Start>,
}

impl Environment<'_> {
    /// Whether a variable of the caller's is about the caller's own network, and useless behind a gate.
    pub(crate) fn is_of_another_network(&self, name: &OsString) -> bool {
        self.start.is_some() && upstream::VARIABLES.iter().any(|variable| name == variable)
    }

    /// What is added, where it is not there yet.
    pub(crate) fn variables(&self) -> Vec<(OsString, OsString)> {
        let Network::Gate(Gate { transparent, inspects }) = self.plan.network else { return Vec::new() };
        let mut variables = Vec::new();
        if !transparent {
            variables.extend(proxies());
        }
        if inspects {
            variables.extend(TRUST.map(|name| (name.into(), TRUST_BUNDLE.into())));
        }
        variables
    }

    /// What stands in the place of secrets, whatever the caller has under these names.
    pub(crate) fn placeholders(&self) -> Vec<(OsString, OsString)> {
        let secrets = self.start.iter().flat_map(|start| &start.secrets);
        let named = |lent: &LentSecret| Some((lent.secret.env.clone()?.into(), lent.placeholder.clone().into()));
        secrets.filter_map(named).collect()
    }
}

/// In both spellings, as programs read one or the other.
fn proxies() -> Vec<(OsString, OsString)> {
    let proxy = |scheme: &str| format!("{scheme}://127.0.0.1:{PROXY_PORT}");
    let pairs = [
        ("http_proxy", proxy("http")),
        ("https_proxy", proxy("http")),
        ("all_proxy", proxy("socks5h")),
        ("no_proxy", OWN_LOOPBACK.to_owned()),
    ];
    let both = pairs.into_iter().flat_map(|(name, value)| [(name.to_uppercase(), value.clone()), (name.into(), value)]);
    both.map(|(name, value)| (name.into(), value.into())).collect()
}
