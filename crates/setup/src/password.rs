//! Passwords of accounts: made from random bits, in memory as shortly as possible, on the disk sealed only.

use std::fmt;

use zeroize::Zeroizing;

use crate::machine::{Fault, Keep, Scope};

/// Six random bits for each character, and characters of all four kinds that Windows' rules for passwords tell apart.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// 192 bits.
const LENGTH: usize = 32;

/// A text that is wiped from memory when it is done with, and that no message shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// One from a text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// A new password: random, with letters of both cases, a digit and another character.
    pub(crate) fn random(machine: &impl Keep) -> Result<Self, Fault> {
        loop {
            let mut bytes = Zeroizing::new([0; LENGTH]);
            machine.random(bytes.as_mut_slice())?;
            // Room for all, so that no copy is left behind when the text grows.
            let mut text = Zeroizing::new(String::with_capacity(LENGTH));
            let of = |byte: &u8| ALPHABET.get(usize::from(byte & 0x3f)).copied().map(char::from);
            text.extend(bytes.iter().filter_map(of));
            if has_all_kinds(&text) {
                return Ok(Self(text));
            }
        }
    }

    /// The text itself, for a function that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same in UTF-16 with an end, for a function of Windows.
    pub fn to_wide(&self) -> Zeroizing<Vec<u16>> {
        let mut wide = Zeroizing::new(Vec::with_capacity(self.0.len() + 1));
        wide.extend(self.0.encode_utf16().chain([0]));
        wide
    }

    /// Sealed together with the name of its account, so that none can be put in another's place.
    pub(crate) fn seal(&self, machine: &impl Keep, name: &str, scope: Scope) -> Result<Vec<u8>, Fault> {
        let mut both = Zeroizing::new(String::with_capacity(name.len() + 1 + self.0.len()));
        both.extend([name, "\n", self.expose()]);
        machine.seal(&Self(both), scope)
    }

    /// Opens what [`Self::seal`] made; `None` when it belongs to another account.
    pub(crate) fn unseal(machine: &impl Keep, name: &str, sealed: &[u8]) -> Result<Option<Self>, Fault> {
        let both = machine.unseal(sealed)?;
        let password = both.expose().strip_prefix(name).and_then(|rest| rest.strip_prefix('\n'));
        Ok(password.map(|password| Self::new(password.to_owned())))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("•••")
    }
}

fn has_all_kinds(text: &str) -> bool {
    let kinds: [fn(u8) -> bool; 4] = [
        |byte| byte.is_ascii_uppercase(),
        |byte| byte.is_ascii_lowercase(),
        |byte| byte.is_ascii_digit(),
        |byte| !byte.is_ascii_alphanumeric(),
    ];
    kinds.iter().all(|kind| text.bytes().any(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_shows_a_secret() {
        let secret = Secret::new("Tr0ub4dor&3".into());
        assert_eq!(format!("{secret:?} {secret:#?}"), "••• •••");
        assert_eq!(secret.to_wide().last(), Some(&0));
    }

    #[test]
    fn characters_differ() {
        let distinct: std::collections::BTreeSet<&u8> = ALPHABET.iter().collect();
        assert_eq!(distinct.len(), 64);
        assert!(has_all_kinds("aA0-") && !has_all_kinds("aA0") && !has_all_kinds("AAA0-"));
    }
}
