//! Bytes as text. Letters are one for each byte, U+0000 to U+00FF, which for plain paths is the path itself. JSON knows no
//! bytes, and a file may have any name but that with `/` or NUL.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The letters for some bytes.
pub fn letters(bytes: impl AsRef<OsStr>) -> String {
    bytes.as_ref().as_bytes().iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes for some letters. What is no letter of ours becomes `?`, which leads nowhere.
pub fn bytes(letters: impl AsRef<OsStr>) -> OsString {
    let letters = letters.as_ref().to_string_lossy();
    OsString::from_vec(letters.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_file_survives_the_journey() {
        let every: Vec<u8> = (1..=255).collect();
        for name in [&every[..], b"plain", "Übung/日本語".as_bytes(), b"caf\xe9"] {
            let name = OsStr::from_bytes(name);
            assert_eq!(bytes(letters(name)), name);
        }
        assert_eq!(letters("/usr/bin"), "/usr/bin");
    }
}
