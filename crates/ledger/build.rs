//! Turns `src/redact/formats.toml` into a Rust table, so that no run has to parse it.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde::Deserialize;

const FORMATS: &str = "src/redact/formats.toml";

#[derive(Deserialize)]
struct Table {
    format: Vec<Format>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Format {
    id: String,
    #[serde(default, rename = "why")]
    _why: String,
    keywords: Vec<String>,
    pattern: String,
    yes: Vec<String>,
    no: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={FORMATS}");
    let table: Table = toml::from_str(&fs::read_to_string(FORMATS)?)?;
    let mut text = format!("pub(super) static FORMATS: [Format; {}] = [\n", table.format.len());
    for Format { id, keywords, pattern, yes, no, .. } in &table.format {
        writeln!(text, "    Format {{ id: {id:?}, keywords: &{keywords:?}, pattern: {pattern:?},")?;
        writeln!(text, "        #[cfg(test)] yes: &{yes:?}, #[cfg(test)] no: &{no:?}, compiled: OnceLock::new() }},")?;
    }
    text += "];\n";
    fs::write(Path::new(&env::var("OUT_DIR")?).join("formats.rs"), text)?;
    Ok(())
}
