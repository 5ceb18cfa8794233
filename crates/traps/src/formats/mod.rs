//! Files of settings, flattened to one list: where a value stands, what it is called, and what it is.

mod ini;
mod json;
mod toml;

use serde::Deserialize;

use crate::limits::{KEY_BYTES_MAX, SETTINGS_BYTES_MAX, SETTINGS_MAX};

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// Sections, keys and values, as git writes them; a superset of other INI files, `.npmrc`, units and desktop entries.
    Ini,
    /// JSON with comments and trailing commas.
    Json,
    /// TOML.
    Toml,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Names from the outside in, with dots between them. Elements of a list are called as the list.
    pub(crate) key: String,
    /// A text without its quotes; other values as they are written.
    pub(crate) value: String,
    /// Counted from one.
    pub(crate) line: u32,
}

/// A file that is not of its format, or has more settings than are looked at.
#[derive(Debug)]
pub(crate) struct Malformed;

impl Format {
    /// Every value in the file.
    pub(crate) fn read(self, bytes: &[u8]) -> Result<Vec<Setting>, Malformed> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        match self {
            Self::Ini => ini::read(text),
            Self::Json => json::read(text),
            Self::Toml => toml::read(text),
        }
    }
}

/// Tells the lines of positions.
struct Lines {
    /// Where each line but the first begins.
    begins: Vec<usize>,
}

impl Lines {
    fn new(text: &str) -> Self {
        Self { begins: text.match_indices('\n').map(|(at, _)| at + 1).collect() }
    }

    /// The line of a byte.
    fn of(&self, at: usize) -> u32 {
        u32::try_from(self.begins.partition_point(|begin| *begin <= at) + 1).unwrap_or(u32::MAX)
    }
}

/// Settings as they are found, up to a bound: each carries its whole key, so that a small file could make much of them.
#[derive(Default)]
struct Settings {
    list: Vec<Setting>,
    bytes: usize,
}

impl Settings {
    fn push(&mut self, key: &str, value: String, line: u32) -> Result<(), Malformed> {
        self.bytes += key.len() + value.len();
        if self.bytes > SETTINGS_BYTES_MAX || self.list.len() >= SETTINGS_MAX {
            return Err(Malformed);
        }
        self.list.push(Setting { key: key.to_owned(), value, line });
        Ok(())
    }
}

/// `name` below `outer`.
fn below(outer: &str, name: &str) -> Result<String, Malformed> {
    let key = if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
    if key.len() > KEY_BYTES_MAX { Err(Malformed) } else { Ok(key) }
}

#[cfg(test)]
fn read(format: Format, text: &str) -> Vec<(String, String, u32)> {
    let settings = format.read(text.as_bytes()).expect("well formed");
    settings.into_iter().map(|Setting { key, value, line }| (key, value, line)).collect()
}

#[cfg(test)]
fn settings(list: &[(&str, &str, u32)]) -> Vec<(String, String, u32)> {
    list.iter().map(|(key, value, line)| ((*key).to_owned(), (*value).to_owned(), *line)).collect()
}
