//! Paths of Windows as text, and what tells one file from another that got its name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a file is called by its volume: a number that no other file has at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct FileId {
    /// The serial number of the volume.
    pub volume: u64,
    /// The number of the file on it (`FILE_ID_INFO`).
    pub file: u128,
}

impl fmt::Display for FileId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:x}-{:x}", self.volume, self.file)
    }
}

impl FromStr for FileId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (volume, file) = text.split_once('-')?;
            Some(Self { volume: u64::from_str_radix(volume, 16).ok()?, file: u128::from_str_radix(file, 16).ok()? })
        };
        parse().ok_or("no number of a volume and a file")
    }
}

impl From<FileId> for String {
    fn from(id: FileId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for FileId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A path as all spellings of it are that the system takes for one: backslashes, none at the end, and upper case as the
/// system has it, character by character.
pub(super) fn folded(path: &str) -> String {
    let path = path.replace('/', r"\");
    let path = path.strip_prefix(r"\\?\").unwrap_or(&path);
    path.trim_end_matches('\\').chars().map(upper_case).collect()
}

/// One that has several in upper case stays.
fn upper_case(character: char) -> char {
    let mut upper = character.to_uppercase();
    upper.next().filter(|_| upper.next().is_none()).unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_path_are_one() {
        for spelling in [r"C:\Work", r"c:\work\", "C:/WORK", r"\\?\c:\work"] {
            assert_eq!(folded(spelling), r"C:\WORK");
        }
        assert_eq!(folded(r"C:\"), "C:");
        assert_eq!(folded(r"C:\straße"), r"C:\STRAßE");
        assert_ne!(folded(r"C:\work"), folded(r"C:\work2"));
    }

    #[test]
    fn numbers_of_files_survive_as_text() {
        for id in [FileId { volume: 0, file: 0 }, FileId { volume: u64::MAX, file: u128::MAX }] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "-", "1", "x-1", "1-"] {
            assert!(text.parse::<FileId>().is_err(), "{text}");
        }
    }
}
