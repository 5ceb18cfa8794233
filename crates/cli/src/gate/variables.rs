//! Variables by which programs learn of proxies, certificates and placeholders.

use pinfold_gate::link::Start;

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

/// That of a gate as a proxy, on a port of the loopback.
pub(crate) fn proxies(port: u16) -> [(&'static str, String); 4] {
    let proxy = |scheme: &str| format!("{scheme}://127.0.0.1:{port}");
    [
        ("HTTP_PROXY", proxy("http")),
        ("HTTPS_PROXY", proxy("http")),
        ("ALL_PROXY", proxy("socks5h")),
        ("NO_PROXY", OWN_LOOPBACK.to_owned()),
    ]
}

/// Whom programs trust where TLS is opened: a file in PEM.
pub(crate) fn trust(bundle: &str) -> [(&'static str, String); 9] {
    TRUST.map(|name| (name, bundle.to_owned()))
}

/// What stands in the place of secrets, whatever the caller has under these names.
pub(crate) fn placeholders(start: Option<&Start>) -> impl Iterator<Item = (&str, &str)> {
    let secrets = start.into_iter().flat_map(|start| &start.secrets);
    secrets.filter_map(|lent| Some((lent.secret.env.as_deref()?, &*lent.placeholder)))
}
