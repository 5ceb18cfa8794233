//! The table that `build.rs` makes of `sets.toml` and `network/presets.toml`. A test holds it against them.

use crate::protect::Scope;
use crate::sets::{NamedSet, SetEntry, SetKind};

include!(concat!(env!("OUT_DIR"), "/sets.rs"));

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
    fn the_table_says_what_the_files_say() {
        let texts = [include_str!("sets.toml"), include_str!("network/presets.toml")];
        let real: Vec<Set> = texts.iter().flat_map(|text| toml::from_str::<File>(text).expect("TOML").set).collect();
        assert_eq!(SETS.len(), real.len());
        for (own, real) in SETS.iter().zip(&real) {
            assert_eq!((own.name, own.about), (real.name.as_str(), real.about.as_str()));
            assert_eq!(format!("{:?}", own.kind).to_lowercase(), real.kind);
            assert_same(own.all, &real.all);
            assert_same(own.linux, &real.linux);
            assert_same(own.macos, &real.macos);
            assert_same(own.windows, &real.windows);
        }
    }
}
