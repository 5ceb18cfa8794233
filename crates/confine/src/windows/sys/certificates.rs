//! Stores of certificates, which are read and never written.

use std::ffi::CStr;
use std::io;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::CRYPT_E_NOT_FOUND;
use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_DISALLOWED_FILETIME_PROP_ID, CERT_STORE_PROV_SYSTEM_W, CERT_STORE_READONLY_FLAG,
    CERT_SYSTEM_STORE_CURRENT_USER, CTL_USAGE, CertCloseStore, CertEnumCertificatesInStore,
    CertGetCertificateContextProperty, CertGetEnhancedKeyUsage, CertOpenStore, CertVerifyTimeValidity, HCERTSTORE,
};

use super::{check, wide};

/// What shows a server for what it is, and what is good for everything (RFC 5280, section 4.2.1.12).
const USES: [&CStr; 2] = [c"1.3.6.1.5.5.7.3.1", c"2.5.29.37.0"];

/// Of the caller, which has that of the machine in it; to be read only.
const READ_ONLY: u32 = CERT_SYSTEM_STORE_CURRENT_USER | CERT_STORE_READONLY_FLAG;

/// A certificate of a store.
#[derive(Debug)]
pub(in crate::windows) struct Certificate {
    /// Its bytes (X.509, in DER).
    pub(in crate::windows) der: Vec<u8>,
    /// Whether it may prove today who a server is, by itself and by what the system knows of it.
    pub(in crate::windows) is_good: bool,
}

struct Store(HCERTSTORE);

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: it was opened, and nobody has it any more.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

/// The certificates in a store of the system, such as `ROOT`; none where there is no such store.
pub(in crate::windows) fn of_store(name: &str) -> io::Result<Vec<Certificate>> {
    let (name, mut found) = (wide(name)?, Vec::new());
    // SAFETY: this provider takes a name that ends with NUL.
    let store = unsafe { CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, READ_ONLY, name.as_ptr().cast()) };
    if store.is_null() {
        return Err(io::Error::last_os_error());
    }
    let (store, mut context) = (Store(store), null_mut::<CERT_CONTEXT>());
    loop {
        // SAFETY: the store is open; the context is null or that of the last call, and is let go by this one.
        context = unsafe { CertEnumCertificatesInStore(store.0, context) };
        // SAFETY: it is null, or stays until the next call.
        let Some(certificate) = (unsafe { context.as_ref() }) else { return Ok(found) };
        found.push(Certificate { der: bytes(certificate), is_good: is_good(certificate) });
    }
}

fn bytes(certificate: &CERT_CONTEXT) -> Vec<u8> {
    // SAFETY: so many bytes are there as long as the context is.
    unsafe { std::slice::from_raw_parts(certificate.pbCertEncoded, certificate.cbCertEncoded as usize) }.to_vec()
}

fn is_good(certificate: &CERT_CONTEXT) -> bool {
    // SAFETY: what a context tells of itself is there as long as it is; no time stands for this one.
    let is_time = unsafe { CertVerifyTimeValidity(null(), certificate.pCertInfo) } == 0;
    is_time && !is_withdrawn(certificate) && proves_servers(certificate).unwrap_or(false)
}

/// Whether there is a day from which nobody is to trust it.
fn is_withdrawn(certificate: &CERT_CONTEXT) -> bool {
    let mut size = 0;
    // SAFETY: asks for a size only, which is there to be written.
    unsafe {
        CertGetCertificateContextProperty(certificate, CERT_DISALLOWED_FILETIME_PROP_ID, null_mut(), &raw mut size) != 0
    }
}

/// By the uses that stand in it, less those that an administrator or the system has taken from it.
fn proves_servers(certificate: &CERT_CONTEXT) -> io::Result<bool> {
    let mut size = 0;
    // SAFETY: asks for a size only, which is there to be written.
    check(unsafe { CertGetEnhancedKeyUsage(certificate, 0, null_mut(), &raw mut size) })?;
    // A list of pointers, as aligned as those are, and what they point to.
    let mut buffer = vec![0_usize; (size as usize).max(size_of::<CTL_USAGE>()).div_ceil(size_of::<usize>())];
    let list = buffer.as_mut_ptr().cast::<CTL_USAGE>();
    // SAFETY: as many bytes as it has asked for are there to be written.
    check(unsafe { CertGetEnhancedKeyUsage(certificate, 0, list, &raw mut size) })?;
    let no_uses = io::Error::last_os_error();
    // SAFETY: the call has filled it.
    let list = unsafe { list.read() };
    if list.cUsageIdentifier == 0 {
        // No list at all is another thing than one that is empty.
        return Ok(no_uses.raw_os_error() == Some(CRYPT_E_NOT_FOUND));
    }
    // SAFETY: so many pointers are there, in the buffer.
    let uses = unsafe { std::slice::from_raw_parts(list.rgpszUsageIdentifier, list.cUsageIdentifier as usize) };
    // SAFETY: each points to a text with its end, in the buffer.
    let is_known = |text: &*mut u8| USES.contains(&unsafe { CStr::from_ptr(text.cast_const().cast()) });
    Ok(uses.iter().any(is_known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_trusts_somebody() {
        let roots = of_store("ROOT").unwrap();
        assert!(roots.iter().any(|root| root.is_good), "{} certificates", roots.len());
        // A SEQUENCE that is as long as it says.
        for root in &roots {
            let &[0x30, 0x82, high, low, ref rest @ ..] = &*root.der else { continue };
            assert_eq!(usize::from(u16::from_be_bytes([high, low])), rest.len());
        }
    }

    #[test]
    fn a_store_that_is_not_there_has_nothing_in_it() {
        assert!(of_store(&format!("pinfold-test-{}", std::process::id())).unwrap().is_empty());
    }
}
