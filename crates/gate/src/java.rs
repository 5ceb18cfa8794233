//! Certificates as programs on a JVM read them. PEM they do not read, so that those of the host and of the gate are put
//! into a store of their own kind.
//!
//! The form is `JKS`, which every JVM reads whatever it is told, and which is a few lines: it is described at
//! `sun.security.provider.JavaKeyStore` of OpenJDK. Numbers are big-endian.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha1::{Digest, Sha1};

const MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const VERSION: u32 = 2;
/// The tag of an entry that is a trusted certificate.
const TRUSTED: u32 = 2;
/// What every JVM's own store is closed with. It keeps nothing secret: the certificates are there to be read.
const PASSWORD: &str = "changeit";
/// What goes between password and content into the checksum.
const WHITENER: &[u8] = b"Mighty Aphrodite";

/// A store with all certificates of a text in PEM, whose password is `changeit`.
pub fn java_trust_store(pem: &[u8]) -> Vec<u8> {
    let certificates: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
    let mut store = [&MAGIC[..], &VERSION.to_be_bytes(), &count(certificates.len())].concat();
    for (number, certificate) in certificates.iter().enumerate() {
        store.extend(TRUSTED.to_be_bytes());
        store.extend(text(&number.to_string()));
        // When it was put in, in milliseconds since 1970: nobody asks.
        store.extend([0; 8]);
        store.extend(text("X.509"));
        store.extend(count(certificate.len()));
        store.extend_from_slice(certificate);
    }
    let password: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let checksum = Sha1::new().chain_update(password).chain_update(WHITENER).chain_update(&store).finalize();
    store.extend_from_slice(&checksum);
    store
}

fn count(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes()
}

/// Text of ASCII letters with its length in front (`DataOutput.writeUTF`).
fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes(), text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = "a comment\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n\
        -----BEGIN CERTIFICATE-----\nBA==\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n";

    #[test]
    fn every_certificate_is_an_entry_of_its_own() {
        let expected = [
            &b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x02"[..],
            b"\0\0\0\x02\0\x010\0\0\0\0\0\0\0\0\0\x05X.509\0\0\0\x03\x01\x02\x03",
            b"\0\0\0\x02\0\x011\0\0\0\0\0\0\0\0\0\x05X.509\0\0\0\x01\x04",
        ];
        let store = java_trust_store(BUNDLE.as_bytes());
        let (content, checksum) = store.split_at(store.len() - 20);
        assert_eq!(content, expected.concat());
        let closed = [b"\0c\0h\0a\0n\0g\0e\0i\0tMighty Aphrodite", content].concat();
        assert_eq!(checksum, &*Sha1::digest(closed));
    }

    #[test]
    fn no_certificate_is_a_store_as_well() {
        assert_eq!(java_trust_store(b"").len(), 12 + 20);
    }
}
