//! Turns `src/sets.toml` and `src/network/presets.toml` into a Rust table, so that no run has to read them. What is wrong in them fails the build.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use serde::Deserialize;

const SOURCES: [&str; 2] = ["src/sets.toml", "src/network/presets.toml"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    set: Vec<Set>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    name: String,
    kind: Kind,
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

/// `sets::SetKind`, by the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Paths,
    Patterns,
    Names,
    Variables,
    Hosts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    entry: String,
    why: String,
    #[serde(rename = "where")]
    scope: Option<Scope>,
    #[serde(default)]
    directory: bool,
}

/// `protect::Scope`, by the same names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Scope {
    Workspace,
    Repository,
    Anywhere,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut sets = Vec::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        let file: File = toml::from_str(&fs::read_to_string(source)?).map_err(|error| format!("{source}: {error}"))?;
        let read = file.set.iter().map(set).collect::<Result<Vec<_>, _>>();
        sets.extend(read.map_err(|error| format!("{source}: {error}"))?);
    }
    let table = format!("/// Every named set.\npub(crate) static SETS: &[NamedSet] = &[{}];\n", sets.concat());
    fs::write(Path::new(&env::var("OUT_DIR")?).join("sets.rs"), table)?;
    Ok(())
}

fn set(set: &Set) -> Result<String, String> {
    let Set { name, kind, about, all, linux, macos, windows } = set;
    if !name.starts_with('@') || about.is_empty() {
        return Err(format!("{name:?} needs a name with `@` and a description"));
    }
    let lists = [("all", all), ("linux", linux), ("macos", macos), ("windows", windows)];
    let lists = lists.map(|(platform, entries)| {
        let entries = entries.iter().map(|one| entry(*kind, one)).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("{platform}: &[{}], ", entries.concat()))
    });
    let lists = lists.into_iter().collect::<Result<Vec<_>, String>>()?;
    Ok(format!("NamedSet {{ name: {name:?}, kind: SetKind::{kind:?}, about: {about:?}, {} }},\n", lists.concat()))
}

fn entry(kind: Kind, entry: &Entry) -> Result<String, String> {
    let Entry { entry, why, scope, directory } = entry;
    if entry.is_empty() || why.is_empty() || scope.is_some() != (kind == Kind::Names) {
        return Err(format!("{entry:?} needs a reason, and `where` if it is a protected name"));
    }
    let scope = scope.as_ref().map_or("None".to_owned(), |scope| format!("Some(Scope::{scope:?})"));
    Ok(format!("\n    SetEntry {{ entry: {entry:?}, why: {why:?}, scope: {scope}, directory: {directory} }},"))
}
