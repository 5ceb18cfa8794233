//! Bytes as text, one letter for each byte, U+0000 to U+00FF: JSON knows no bytes, and a file may have any name.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path or an attribute in what is kept on disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Letters(Vec<u8>);

impl Letters {
    /// Bytes that are no name.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// As a path.
    pub fn path(&self) -> &Path {
        Path::new(self.name())
    }

    /// As a name.
    pub fn name(&self) -> &OsStr {
        OsStr::from_bytes(&self.0)
    }

    /// As they are.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<T: AsRef<OsStr>> From<T> for Letters {
    fn from(text: T) -> Self {
        Self(text.as_ref().as_bytes().to_vec())
    }
}

impl Serialize for Letters {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| fmt::Write::write_char(to, char::from(*byte)))
    }
}

impl<'de> Deserialize<'de> for Letters {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Letters;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("letters from U+0000 to U+00FF")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Letters, E> {
        let bytes = text.chars().map(|letter| u8::try_from(u32::from(letter)));
        bytes.collect::<Result<_, _>>().map(Letters).map_err(|_| E::custom("a letter that is no byte"))
    }
}

/// Whether a path is relative, without `.` and `..`, and names something.
pub(crate) fn stays_inside(path: &Path, root: bool) -> bool {
    let named = path.components().all(|part| matches!(part, Component::Normal(_)));
    let plain = path.components().collect::<PathBuf>().as_os_str() == path.as_os_str();
    named && plain && (root || !path.as_os_str().is_empty())
}
