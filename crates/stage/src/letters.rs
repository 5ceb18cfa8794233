//! Paths in JSON, which knows no bytes: one letter for each byte, U+0000 to U+00FF, which for plain paths is the path itself.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path that is written so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lettered(pub PathBuf);

impl Serialize for Lettered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        letters(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Lettered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        path(&text).map(Self).ok_or_else(|| D::Error::custom("a path with a letter beyond U+00FF"))
    }
}

/// The letters of a path.
pub(crate) fn letters(path: &Path) -> String {
    path.as_os_str().as_bytes().iter().map(|byte| char::from(*byte)).collect()
}

/// The path of letters; nothing where one stands for no byte.
pub(crate) fn path(letters: &str) -> Option<PathBuf> {
    let bytes: Option<Vec<u8>> = letters.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    bytes.map(|bytes| OsString::from_vec(bytes).into())
}
