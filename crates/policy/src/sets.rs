//! Named sets (`@system`, `@secrets`, …): data in `sets.toml` and
//! `network/presets.toml`, each entry with its reason, compiled in by `build.rs`.

use crate::catalogue;
use crate::files::Place;
use crate::platform::Platform;
use crate::protect::Scope;
use crate::text::{Complaint, listed, quoted, unknown};

/// What the entries of a set are, and so where its name may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetKind {
    /// Paths, for `files.read`, `files.write` and `files.copy-on-write`.
    Paths,
    /// Patterns, for `files.deny`.
    Patterns,
    /// Protected names, for `files.protect`.
    Names,
    /// Variables, for `env.allow` and `env.deny`.
    Variables,
    /// Hosts, for `network.allow` and `network.deny`.
    Hosts,
}

/// One entry of a set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetEntry {
    /// The path, pattern, protected name or variable.
    pub entry: &'static str,
    /// Why it is in the set.
    pub why: &'static str,
    /// For protected names: where the name counts.
    pub scope: Option<Scope>,
    /// For protected names: a directory and all below it, or a single file.
    pub directory: bool,
}

/// A named set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSet {
    /// The name, with its `@`.
    pub name: &'static str,
    /// What its entries are.
    pub kind: SetKind,
    /// What the set is for.
    pub about: &'static str,
    pub(crate) all: &'static [SetEntry],
    pub(crate) linux: &'static [SetEntry],
    pub(crate) macos: &'static [SetEntry],
    pub(crate) windows: &'static [SetEntry],
}

impl NamedSet {
    /// The entries for a platform: those of its own, then those for all.
    pub fn entries(&self, platform: Platform) -> impl Iterator<Item = &'static SetEntry> + use<> {
        let own = match platform {
            Platform::Linux => self.linux,
            Platform::Macos => self.macos,
            Platform::Windows => self.windows,
        };
        own.iter().chain(self.all)
    }
}

/// The place in a policy file that names a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Read,
    Write,
    CopyOnWrite,
    Deny,
    Protect,
    Env,
    Hosts,
}

impl Use {
    fn kind(self) -> SetKind {
        match self {
            Self::Read | Self::Write | Self::CopyOnWrite => SetKind::Paths,
            Self::Deny => SetKind::Patterns,
            Self::Protect => SetKind::Names,
            Self::Env => SetKind::Variables,
            Self::Hosts => SetKind::Hosts,
        }
    }

    /// Sets and places that can be named here.
    fn known(self) -> Vec<&'static str> {
        let places: &[&str] = match self {
            Self::Write => &["@workspace", "@home", "@temp"],
            Self::Read | Self::CopyOnWrite => &["@workspace"],
            Self::Deny | Self::Protect | Self::Env | Self::Hosts => &[],
        };
        // `@temp` lists directories but is itself a place.
        let sets = all().iter().filter(|set| set.kind == self.kind() && Place::named(set.name).is_none());
        sets.map(|set| set.name).chain(places.iter().copied()).collect()
    }
}

/// Every named set.
pub fn all() -> &'static [NamedSet] {
    catalogue::SETS
}

/// The set of that name, with its `@`.
pub fn find(name: &str) -> Option<&'static NamedSet> {
    all().iter().find(|set| set.name == name)
}

/// The entries of a set, or none if there is no such set.
pub(crate) fn entries(name: &str, platform: Platform) -> impl Iterator<Item = &'static SetEntry> {
    find(name).into_iter().flat_map(move |set| set.entries(platform))
}

/// Checks that a set of this name exists and fits here.
pub(crate) fn check(name: &str, place: Use) -> Result<(), Complaint> {
    let known = place.known();
    if known.contains(&name) {
        return Ok(());
    }
    let hint = format!("sets that fit here: {}", listed(known.iter().copied()));
    let exists = find(name).is_some() || Place::named(name).is_some();
    Err(match exists {
        true => Complaint::new(format!("the set {} does not fit here", quoted(name)), hint),
        false => unknown("set", name, &known, &hint),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deny::DenyText;
    use crate::env::check_pattern;
    use crate::network::{HostScope, Hosts, Ports};
    use crate::paths::{PathText, is_absolute};
    use crate::platform::Places;

    fn each(kind: SetKind) -> impl Iterator<Item = (Platform, &'static SetEntry)> {
        let sets = all().iter().filter(move |set| set.kind == kind);
        sets.flat_map(|set| Platform::ALL.into_iter().flat_map(|p| set.entries(p).map(move |entry| (p, entry))))
    }

    fn places(platform: Platform) -> Places {
        let root = if platform == Platform::Windows { "C:" } else { "" };
        Places { platform, workspace: format!("{root}/w").into(), home: format!("{root}/h").into() }
    }

    #[test]
    fn every_entry_has_a_reason() {
        for set in all() {
            assert!(set.about.len() > 10, "{}", set.name);
            for platform in Platform::ALL {
                assert!(set.entries(platform).all(|entry| entry.why.len() > 2), "{}", set.name);
            }
        }
    }

    #[test]
    fn every_path_resolves_on_its_platform() {
        for (platform, entry) in each(SetKind::Paths) {
            let path = PathText::parse(entry.entry).expect(entry.entry).resolve(&places(platform));
            assert!(path.is_some_and(|path| is_absolute(&path, platform)), "{} on {platform:?}", entry.entry);
        }
    }

    #[test]
    fn every_pattern_and_variable_is_accepted() {
        for (platform, entry) in each(SetKind::Patterns) {
            let resolved = DenyText::parse(entry.entry).expect(entry.entry).resolve(&places(platform));
            assert!(resolved.is_some(), "{} on {platform:?}", entry.entry);
        }
        for (_, entry) in each(SetKind::Variables) {
            check_pattern(entry.entry).expect(entry.entry);
        }
    }

    #[test]
    fn every_host_of_a_preset_is_a_host_and_names_its_port() {
        for (platform, entry) in each(SetKind::Hosts) {
            let scope = HostScope::parse(entry.entry).unwrap_or_else(|complaint| panic!("{}", complaint.message));
            assert!(matches!(scope.ports, Ports::These(_)) && scope.hosts != Hosts::Every, "{}", entry.entry);
            assert!(find("@npm").is_some_and(|set| set.entries(platform).count() == set.all.len()));
        }
    }

    #[test]
    fn every_protected_name_says_where_it_counts() {
        for (_, entry) in each(SetKind::Names) {
            assert!(entry.scope.is_some() && !entry.entry.ends_with('/'), "{}", entry.entry);
        }
    }

    #[test]
    fn no_entry_stands_twice_in_a_set() {
        for set in all() {
            for platform in Platform::ALL {
                let mut seen = std::collections::HashSet::new();
                for entry in set.entries(platform) {
                    assert!(seen.insert((entry.entry, entry.scope)), "{} {}", set.name, entry.entry);
                }
            }
        }
    }

    #[test]
    fn no_toolchain_or_cache_shows_a_place_of_credentials() {
        let open = ["~/.local/share", "~/.config", "~/.cache", "~/.cargo", "~/.m2", "~/.gradle", "~/.docker", "~"];
        for (_, entry) in each(SetKind::Paths) {
            assert!(!open.contains(&entry.entry), "{}", entry.entry);
        }
    }

    #[test]
    fn unknown_and_misplaced_sets_name_those_that_fit() {
        let unknown = check("@sytem", Use::Read).expect_err("unknown");
        assert_eq!(unknown.message, "unknown set `@sytem`");
        assert_eq!(
            unknown.hint.as_deref(),
            Some("did you mean `@system`? sets that fit here: `@system`, `@toolchains`, `@caches` and `@workspace`")
        );
        assert_eq!(check("@home", Use::Read).expect_err("place").message, "the set `@home` does not fit here");
        assert!(check("@home", Use::Write).is_ok());
    }
}
