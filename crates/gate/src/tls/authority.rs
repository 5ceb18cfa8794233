//! The certificate authority of one session. Its key is made when the gate starts, and never leaves this memory.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use pinfold_policy::Destination;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::{HTTP_1, HTTP_2, provider};
use crate::limits::CERTIFICATES_MAX;
use crate::refusal::endpoint;
use crate::search::Search;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// From before the start, for clocks that are a little late, until long after any run.
const VALID_BEFORE: Duration = DAY;
const VALID_AFTER: Duration = DAY.saturating_mul(90);

/// Makes a certificate for each host that is inspected.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    /// One key for all hosts: whoever held it would be this process anyway.
    key: KeyPair,
    configs: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl Authority {
    pub(crate) fn new() -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = lasting(CertificateParams::default());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "Pinfold gate of one run");
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        Ok(Self {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
            key: KeyPair::generate().map_err(io::Error::other)?,
            configs: Mutex::default(),
        })
    }

    /// The certificate that programs inside are to trust, in PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// What the gate is to programs inside that want to a host, whichever of its names they use.
    pub(crate) fn config(&self, to: &Destination, search: &Search) -> io::Result<Arc<ServerConfig>> {
        let host = endpoint(to).host;
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(&host) {
            return Ok(config.clone());
        }
        let short = to.name.iter().flat_map(|name| search.short_for(name)).map(str::to_owned);
        let config = Arc::new(self.make(&host, short)?);
        if configs.len() >= CERTIFICATES_MAX {
            configs.clear();
        }
        configs.insert(host, config.clone());
        Ok(config)
    }

    fn make(&self, host: &str, short: impl Iterator<Item = String>) -> io::Result<ServerConfig> {
        let names: Vec<String> = std::iter::once(host.to_owned()).chain(short).collect();
        let mut params = lasting(CertificateParams::new(names).map_err(io::Error::other)?);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        // A common name has at most 64 characters (RFC 5280, appendix A); nobody reads it where there is another name.
        params.distinguished_name.push(DnType::CommonName, host.chars().take(64).collect::<String>());
        let leaf = params.signed_by(&self.key, &self.issuer).map_err(io::Error::other)?;
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der());
        let versions = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = versions.map_err(io::Error::other)?.with_no_client_auth().with_single_cert(chain, key.into());
        let mut config = config.map_err(io::Error::other)?;
        config.alpn_protocols = vec![HTTP_2.into(), HTTP_1.into()];
        Ok(config)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

fn lasting(mut params: CertificateParams) -> CertificateParams {
    let now = SystemTime::now();
    params.not_before = (now - VALID_BEFORE).into();
    params.not_after = (now + VALID_AFTER).into();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
}
