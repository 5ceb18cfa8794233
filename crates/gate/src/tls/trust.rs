//! Whom the gate trusts: the certificates of the host, read when the first inspected connection needs them.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::{HTTP_1, HTTP_2, provider};
use crate::limits::ROOTS_BYTES_MAX;

/// The trust of the host.
#[derive(Debug)]
pub(crate) struct Trust {
    files: Vec<PathBuf>,
    configs: OnceLock<Option<Configs>>,
}

#[derive(Debug)]
struct Configs {
    both: Arc<ClientConfig>,
    only_http_1: Arc<ClientConfig>,
}

impl Trust {
    pub(crate) fn new(files: Vec<PathBuf>) -> Self {
        Self { files, configs: OnceLock::new() }
    }

    /// What the gate is to servers: it offers HTTP/2, or only HTTP/1.1. Nothing where no certificates are found.
    pub(crate) fn config(&self, http_2: bool) -> Option<Arc<ClientConfig>> {
        let configs = self.configs.get_or_init(|| self.load()).as_ref()?;
        Some(if http_2 { configs.both.clone() } else { configs.only_http_1.clone() })
    }

    fn load(&self) -> Option<Configs> {
        let mut roots = RootCertStore::empty();
        for file in &self.files {
            // A certificate that cannot be used proves nothing; the others still do.
            roots.add_parsable_certificates(certificates(file));
        }
        if roots.is_empty() {
            return None;
        }
        let roots = Arc::new(roots);
        let config = |protocols: &[&[u8]]| {
            let versions =
                ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().ok()?;
            let mut config = versions.with_root_certificates(roots.clone()).with_no_client_auth();
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Some(Arc::new(config))
        };
        Some(Configs { both: config(&[HTTP_2, HTTP_1])?, only_http_1: config(&[HTTP_1])? })
    }
}

fn certificates(file: &Path) -> Vec<CertificateDer<'static>> {
    let mut pem = Vec::new();
    let read = File::open(file).and_then(|file| file.take(ROOTS_BYTES_MAX).read_to_end(&mut pem));
    match read {
        Ok(_) => CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect(),
        Err(_) => Vec::new(),
    }
}
