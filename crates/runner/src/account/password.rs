//! A password that does not stay in memory.

use std::fmt;

use zeroize::Zeroizing;

/// A password in UTF-16, with the zero at its end that the system wants. It is overwritten when it is dropped; `Debug`
/// does not show it.
pub struct Password(Zeroizing<Vec<u16>>);

impl Password {
    /// From its text, which stays the caller's to wipe; `None` when there is a zero in it, where the system would end
    /// it.
    pub fn new(text: &str) -> Option<Self> {
        // At its size from the start: a buffer that grows leaves copies behind.
        let mut units = Zeroizing::new(Vec::with_capacity(text.encode_utf16().count() + 1));
        units.extend(text.encode_utf16().chain([0]));
        (!text.contains('\0')).then_some(Self(units))
    }

    /// Its units, with the zero.
    pub fn as_wide(&self) -> &[u16] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(•••)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_one_zero_at_its_end() {
        assert_eq!(Password::new("aü").unwrap().as_wide(), [0x61, 0xfc, 0]);
        assert!(Password::new("a\0b").is_none());
        assert_eq!(format!("{:?}", Password::new("secret").unwrap()), "Password(•••)");
    }
}
