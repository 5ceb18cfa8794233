//! Writes the rules in a form that is read faster than the one they are written in: they are read in every run that has
//! changed a file.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=rules.toml");
    let text = std::fs::read_to_string("rules.toml").expect("rules.toml can be read");
    let rules: toml::Table = toml::from_str(&text).unwrap_or_else(|error| panic!("rules.toml: {error}"));
    let json = serde_json::to_string(&rules).expect("tables, lists and texts only");
    let out = std::env::var_os("OUT_DIR").expect("cargo tells where");
    std::fs::write(Path::new(&out).join("rules.json"), json).expect("rules.json can be written");
}
