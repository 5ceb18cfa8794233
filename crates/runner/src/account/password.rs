//! A password that does not stay in memory.

use std::fmt;

use crate::sys::wipe;

/// A password in UTF-16, with the zero at its end that the system wants. It is overwritten when it is dropped; `Debug`
/// does not show it.
pub struct Password(Box<[u16]>);

impl Password {
    /// From its text, which stays the caller's to wipe; `None` when there is a zero in it, where the system would end
    /// it.
    pub fn new(text: &str) -> Option<Self> {
        // At its size from the start: a buffer that grows leaves copies behind.
        let mut units = vec![0; text.encode_utf16().count() + 1].into_boxed_slice();
        units.iter_mut().zip(text.encode_utf16()).for_each(|(to, unit)| *to = unit);
        (!text.contains('\0')).then_some(Self(units))
    }

    /// Its units, with the zero.
    pub fn as_wide(&self) -> &[u16] {
        &self.0
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        wipe(&mut self.0);
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

    #[test]
    fn wiped_nothing_is_left() {
        let mut units = [1, 2, 3];
        wipe(&mut units);
        assert_eq!(units, [0; 3]);
    }
}
