//! Files of settings, flattened to one list: where a value stands, what it is called, and what it is.

mod ini;
mod json;
mod toml;

use serde::Deserialize;

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

/// A file that is not of its format.
#[derive(Debug)]
pub(crate) struct Malformed;

impl Format {
    /// Every value in the file.
    pub(crate) fn read(self, bytes: &[u8]) -> Result<Vec<Setting>, Malformed> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        match self {
            Self::Ini => Ok(ini::read(text)),
            Self::Json => json::read(text),
            Self::Toml => toml::read(text),
        }
    }
}

/// Tells the lines of growing positions.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line of a byte.
    fn of(&mut self, at: usize) -> u32 {
        if at < self.at {
            *self = Self::new(self.text);
        }
        let between = self.text.as_bytes().get(self.at..at).unwrap_or_default();
        self.line += u32::try_from(between.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0);
        self.at = at;
        self.line
    }
}

/// `name` below `outer`.
fn below(outer: &str, name: &str) -> String {
    if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") }
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
