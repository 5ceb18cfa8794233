//! Secrets: sealing (DPAPI) and random bits.
#![allow(unsafe_code, reason = "the functions take and give bytes by their addresses")]

use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Cryptography::{
    BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom, CRYPT_INTEGER_BLOB, CRYPTPROTECT_LOCAL_MACHINE,
    CRYPTPROTECT_UI_FORBIDDEN, CryptProtectData, CryptUnprotectData,
};
use zeroize::{Zeroize, Zeroizing};

use super::groups::last;
use crate::machine::{Fault, Scope};

/// Bytes that a function has given, wiped when they are done with.
struct Given(CRYPT_INTEGER_BLOB);

impl Given {
    fn nothing() -> Self {
        Self(CRYPT_INTEGER_BLOB { cbData: 0, pbData: null_mut() })
    }

    fn bytes(&mut self) -> &mut [u8] {
        if self.0.pbData.is_null() {
            return &mut [];
        }
        // SAFETY: the function gave so many, which nobody else knows of.
        unsafe { std::slice::from_raw_parts_mut(self.0.pbData, self.0.cbData as usize) }
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        self.bytes().zeroize();
        // SAFETY: they were given to be freed so, or are null, and are not used any more.
        unsafe { LocalFree(self.0.pbData.cast()) };
    }
}

/// Bytes of ours, which the functions only read. There are few.
fn taken(bytes: &[u8]) -> CRYPT_INTEGER_BLOB {
    CRYPT_INTEGER_BLOB { cbData: bytes.len() as u32, pbData: bytes.as_ptr().cast_mut() }
}

pub(crate) fn seal(secret: &[u8], scope: Scope) -> Result<Vec<u8>, Fault> {
    let flags = match scope {
        Scope::User => CRYPTPROTECT_UI_FORBIDDEN,
        Scope::Machine => CRYPTPROTECT_UI_FORBIDDEN | CRYPTPROTECT_LOCAL_MACHINE,
    };
    let (secret, mut sealed) = (taken(secret), Given::nothing());
    // SAFETY: there are bytes to read, room for where the others are, and the rest is not asked for.
    let done = unsafe { CryptProtectData(&secret, null(), null(), null(), null(), flags, &mut sealed.0) };
    if done == 0 { Err(last("CryptProtectData")) } else { Ok(sealed.bytes().to_vec()) }
}

pub(crate) fn unseal(sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (sealed, mut secret) = (taken(sealed), Given::nothing());
    // SAFETY: there are bytes to read, room for where the others are, and the rest is not asked for.
    let done = unsafe {
        CryptUnprotectData(&sealed, null_mut(), null(), null(), null(), CRYPTPROTECT_UI_FORBIDDEN, &mut secret.0)
    };
    if done == 0 { Err(last("CryptUnprotectData")) } else { Ok(Zeroizing::new(secret.bytes().to_vec())) }
}

pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Fault> {
    // SAFETY: there is room for so many bytes.
    let status =
        unsafe { BCryptGenRandom(null_mut(), bytes.as_mut_ptr(), bytes.len() as u32, BCRYPT_USE_SYSTEM_PREFERRED_RNG) };
    if status >= 0 { Ok(()) } else { Err(Fault { call: "BCryptGenRandom", code: status as u32 }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_and_does_not_show() {
        for scope in [Scope::User, Scope::Machine] {
            let secret = b"PinfoldOffline\nTr0ub4dor&3".as_slice();
            let sealed = seal(secret, scope).unwrap();
            assert!(!sealed.windows(6).any(|part| secret.windows(6).any(|other| other == part)));
            assert_eq!(unseal(&sealed).unwrap().as_slice(), secret);
        }
        assert!(unseal(b"what nobody sealed").is_err());
    }

    #[test]
    fn random_bytes_differ() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        random(&mut a).unwrap();
        random(&mut b).unwrap();
        assert!(a != b && a != [0; 32]);
    }
}
