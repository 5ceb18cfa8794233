//! Certificates as text (RFC 7468).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// How long a line is, in characters.
const LINE: usize = 64;

/// Certificates in DER, one after another in PEM.
pub fn pem<Der: AsRef<[u8]>>(certificates: impl IntoIterator<Item = Der>) -> String {
    let mut text = String::new();
    for certificate in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in certificate.as_ref().chunks(LINE / 4 * 3) {
            BASE64_STANDARD.encode_string(line, &mut text);
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn what_is_written_is_read_again_by_lines_that_are_not_too_long() {
        let certificates: Vec<Vec<u8>> =
            [1, 47, 48, 49, 2000].map(|length| (0..length).map(|n| n as u8).collect()).into();
        let text = pem(&certificates);
        assert!(text.lines().all(|line| line.len() <= LINE));
        let read = CertificateDer::pem_slice_iter(text.as_bytes()).map(|read| read.expect("a certificate").to_vec());
        assert_eq!(read.collect::<Vec<_>>(), certificates);
        assert_eq!(pem::<&[u8]>([]), "");
    }
}
