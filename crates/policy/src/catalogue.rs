//! Reads `sets.toml`, at every start: a reader of just its shape, many times faster than one of all TOML. A test holds
//! it against the real one, so the file stays TOML.

use crate::protect::Scope;
use crate::sets::{NamedSet, SetEntry, SetKind};

/// The sets in the text.
pub(crate) fn read(text: &'static str) -> Vec<NamedSet> {
    let mut sets: Vec<NamedSet> = Vec::new();
    let mut list = String::new();
    for line in text.lines() {
        let line = line.trim_start();
        if line == "[[set]]" {
            sets.push(empty());
        } else if let Some(set) = sets.last_mut() {
            read_line(set, line, &mut list);
        }
    }
    sets
}

fn empty() -> NamedSet {
    NamedSet {
        name: "",
        kind: SetKind::Paths,
        about: "",
        all: Vec::new(),
        linux: Vec::new(),
        macos: Vec::new(),
        windows: Vec::new(),
    }
}

fn read_line(set: &mut NamedSet, line: &'static str, list: &mut String) {
    if line.starts_with('{') {
        let entries = match list.as_str() {
            "linux" => &mut set.linux,
            "macos" => &mut set.macos,
            "windows" => &mut set.windows,
            _ => &mut set.all,
        };
        return entries.push(entry(line));
    }
    if let Some(key) = line.strip_suffix(" = [") {
        *list = key.to_owned();
    }
    if let Some(name) = value(line, "name = \"") {
        set.name = name;
    }
    if let Some(about) = value(line, "about = \"") {
        set.about = about;
    }
    match value(line, "kind = \"") {
        Some("patterns") => set.kind = SetKind::Patterns,
        Some("names") => set.kind = SetKind::Names,
        Some("variables") => set.kind = SetKind::Variables,
        _ => {}
    }
}

fn entry(line: &'static str) -> SetEntry {
    let scope = match value(line, " where = \"") {
        Some("workspace") => Some(Scope::Workspace),
        Some("repository") => Some(Scope::Repository),
        Some("anywhere") => Some(Scope::Anywhere),
        _ => None,
    };
    SetEntry {
        entry: value(line, "{ entry = \"").unwrap_or_default(),
        why: value(line, " why = \"").unwrap_or_default(),
        scope,
        directory: line.contains(", directory = true,"),
    }
}

/// The text between a key with its opening quote and the next quote.
fn value(line: &'static str, key: &str) -> Option<&'static str> {
    if !key.starts_with([' ', '{']) && !line.starts_with(key) {
        return None;
    }
    let (_, rest) = line.split_once(key)?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        set: Vec<Set>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Set {
        name: String,
        kind: String,
        about: String,
        #[serde(default)]
        all: Vec<Entry>,
        #[serde(default)]
        linux: Vec<Entry>,
        #[serde(default)]
        macos: Vec<Entry>,
        #[serde(default)]
        windows: Vec<Entry>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        entry: String,
        why: String,
        r#where: Option<Scope>,
        #[serde(default)]
        directory: bool,
    }

    fn assert_same(own: &[SetEntry], real: &[Entry]) {
        assert_eq!(own.len(), real.len());
        for (own, real) in own.iter().zip(real) {
            assert_eq!((own.entry, own.why), (real.entry.as_str(), real.why.as_str()));
            assert_eq!((own.scope, own.directory), (real.r#where, real.directory), "{}", own.entry);
        }
    }

    #[test]
    fn the_small_reader_agrees_with_the_real_one() {
        let text = include_str!("sets.toml");
        let real: File = toml::from_str(text).expect("TOML");
        let own = read(text);
        assert_eq!(own.len(), real.set.len());
        for (own, real) in own.iter().zip(&real.set) {
            assert_eq!((own.name, own.about), (real.name.as_str(), real.about.as_str()));
            assert_eq!(format!("{:?}", own.kind).to_lowercase(), real.kind);
            assert_same(&own.all, &real.all);
            assert_same(&own.linux, &real.linux);
            assert_same(&own.macos, &real.macos);
            assert_same(&own.windows, &real.windows);
        }
    }
}
