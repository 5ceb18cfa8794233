//! The key of a ledger: its signatures, and the sums of its lines.

use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use ring::{digest, hmac};

use crate::error::{LedgerError, at, found};
use crate::files;
use crate::limits::KEY_BYTES_MAX;

/// The key's name in signed notes, and how every origin begins.
pub(crate) const NAME: &str = "pinfold-ledger";
/// Ed25519 in C2SP signed-note.
const ALGORITHM: u8 = 1;
/// Hexadecimal digits of a line's sum.
pub(crate) const SUM_DIGITS: usize = 16;

/// What a third party needs to check signatures: Ed25519. As text it is a verifier key of C2SP signed-note,
/// `pinfold-ledger+ID+BASE64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        let key = text.trim_end().splitn(3, '+').nth(2)?;
        let bytes = BASE64.decode(key).ok()?;
        let key = Self(bytes.strip_prefix(&[ALGORITHM])?.try_into().ok()?);
        (key.to_string() == text.trim_end()).then_some(key)
    }

    /// Is this the key's signature of the message?
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }

    /// Tells keys of one name apart.
    pub(crate) fn id(&self) -> [u8; 4] {
        let named = [NAME.as_bytes(), b"\n", &[ALGORITHM], &self.0].concat();
        let digest = digest::digest(&digest::SHA256, &named);
        digest.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64.encode([&[ALGORITHM], self.0.as_slice()].concat());
        write!(f, "{NAME}+{:08x}+{key}", u32::from_be_bytes(self.id()))
    }
}

/// What only the owner has.
pub(crate) struct PrivateKey {
    pair: Ed25519KeyPair,
    /// From which the keys of all sums come.
    secret: hmac::Key,
}

impl PrivateKey {
    /// Reads the key in PKCS#8; nothing if there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, LedgerError> {
        let Some(file) = found(File::open(path), "open", path)? else { return Ok(None) };
        let wrong = |why| LedgerError::Key { path: path.to_owned(), why };
        if !files::is_private(&at(file.metadata(), "look at", path)?) {
            return Err(wrong("can be read by others, so it is no longer a secret"));
        }
        let mut bytes = Vec::new();
        at(file.take(KEY_BYTES_MAX).read_to_end(&mut bytes), "read", path)?;
        Self::of(&bytes).ok_or_else(|| wrong("is no Ed25519 key in PKCS#8")).map(Some)
    }

    /// Makes the key. Nobody else may do so at the same time.
    pub(crate) fn make(path: &Path) -> Result<(), LedgerError> {
        let wrong = |why| LedgerError::Key { path: path.to_owned(), why };
        let bytes = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| wrong("cannot be made: the system gives no random numbers"))?;
        // Under another name until it is whole.
        let partial = path.with_extension("new");
        let file = files::private().write(true).create(true).truncate(true).open(&partial);
        let mut file = at(file, "make", &partial)?;
        at(file.write_all(bytes.as_ref()).and_then(|()| file.sync_all()), "write", &partial)?;
        at(std::fs::rename(&partial, path), "name", path)
    }

    fn of(pkcs8: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
        Some(Self { pair, secret: hmac::Key::new(hmac::HMAC_SHA256, pkcs8) })
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(self.pair.public_key().as_ref().try_into().unwrap_or_default())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.pair.sign(message);
        signature.as_ref().try_into().unwrap_or([0; 64])
    }

    /// What makes the sums of one log.
    pub(crate) fn sums(&self, origin: &str) -> Sums {
        let key = hmac::sign(&self.secret, format!("{NAME} sums of\n{origin}").as_bytes());
        Sums(hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()))
    }
}

/// Makes the sums at the ends of lines: HMAC-SHA-256, of which half of the first half is kept, with a key of each log's
/// own. Only the owner can make them, and so can tell which line of a log that fails to verify is not the owner's.
pub(crate) struct Sums(hmac::Key);

impl Sums {
    /// The sum as lower-case hexadecimal digits.
    pub(crate) fn sum(&self, line: &[u8]) -> [u8; SUM_DIGITS] {
        let tag = hmac::sign(&self.0, line);
        let mut digits = [0; SUM_DIGITS];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(tag.as_ref()) {
            for (digit, value) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
            }
        }
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_read_as_it_is_written_and_not_otherwise() {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let key = PrivateKey::of(pkcs8.as_ref()).expect("a key");
        let text = key.public().to_string();
        assert_eq!(PublicKey::parse(&format!("{text}\n")), Some(key.public()));
        assert_eq!(PublicKey::parse(&text.replace(NAME, "other")), None);
        assert_eq!(PublicKey::parse(""), None);
        assert!(key.public().signed(b"a", &key.sign(b"a")));
        assert!(!key.public().signed(b"b", &key.sign(b"a")));
    }

    #[test]
    fn sums_are_of_one_log() {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let key = PrivateKey::of(pkcs8.as_ref()).expect("a key");
        assert_eq!(key.sums("a").sum(b"x"), key.sums("a").sum(b"x"));
        assert_ne!(key.sums("a").sum(b"x"), key.sums("b").sum(b"x"));
        assert!(key.sums("a").sum(b"x").iter().all(u8::is_ascii_hexdigit));
    }
}
