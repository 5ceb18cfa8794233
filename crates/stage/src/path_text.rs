//! Paths as text, and back, with every byte.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// A path as text: `%` and what is no text become `%` and two digits for each byte.
pub(crate) fn to_text(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('%', "%25"));
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("%{byte:02x}")));
    }
    text
}

/// The path that such a text stands for.
pub(crate) fn from_text(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend(parts.next()?.bytes());
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(part[2..].bytes());
    }
    Some(OsString::from_vec(bytes).into())
}

/// Whether a path leads to something below: relative, and without `.` and `..`.
pub(crate) fn is_below(path: &Path) -> bool {
    path.file_name().is_some() && path.components().all(|component| matches!(component, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_path_comes_back(bytes in proptest::collection::vec(1u8.., 0..40)) {
            let path = Path::new(OsStr::from_bytes(&bytes));
            prop_assert_eq!(from_text(&to_text(path)), Some(path.to_owned()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = from_text(&text);
        }
    }

    #[test]
    fn only_what_is_below_is_below() {
        assert!(is_below(Path::new("a/b")) && is_below(Path::new("..a")));
        assert!(!is_below(Path::new("/a")) && !is_below(Path::new("a/../b")) && !is_below(Path::new("")));
    }
}
