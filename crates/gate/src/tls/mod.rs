//! TLS on both sides of an inspected connection: certificates of our own towards programs inside, the host's trust
//! towards the world.

mod authority;
mod trust;

pub(crate) use authority::Authority;
pub(crate) use trust::Trust;

use std::sync::Arc;

use pinfold_policy::Destination;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;

/// What two peers agree to speak inside of TLS (RFC 7301).
pub(crate) const HTTP_2: &[u8] = b"h2";
/// The same for HTTP/1.1.
pub(crate) const HTTP_1: &[u8] = b"http/1.1";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The name that a certificate has to be for.
pub(crate) fn server_name(to: &Destination) -> Option<ServerName<'static>> {
    match (&to.name, to.address) {
        (Some(name), _) => ServerName::try_from(name.to_string()).ok(),
        (None, address) => Some(ServerName::from(address?)),
    }
}
