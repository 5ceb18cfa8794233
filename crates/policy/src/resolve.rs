//! From the text of one layer to absolute rules: sets written out, `~` and relative paths resolved.

use std::path::PathBuf;
use std::sync::Arc;

use crate::deny::{Deny, DenyText};
use crate::env::EnvPattern;
use crate::files::{Grant, Place, Target};
use crate::layers::{Layer, Withheld};
use crate::origin::{Entry, Origin};
use crate::paths::{PathText, resolve_listed};
use crate::platform::Places;
use crate::protect::{Protect, ProtectText};
use crate::sets::{self, NamedSet, SetEntry};

/// Resolves the rules of one layer, noting what means nothing on this platform.
pub(crate) struct Resolver<'a> {
    pub(crate) layer: &'a Layer,
    pub(crate) places: &'a Places,
    pub(crate) withheld: &'a mut Vec<Withheld>,
}

impl Resolver<'_> {
    pub(crate) fn grants(&mut self, key: &str, entries: &[Entry<PathText>]) -> Vec<Grant> {
        let mut grants = Vec::new();
        for entry in entries {
            let origin = self.layer.origin(key, &entry.at);
            match &entry.value {
                PathText::Set(name) => grants.extend(self.set_grants(name, &origin)),
                path => match path.resolve(self.places) {
                    Some(path) => grants.push(Grant { target: Target::Path(path.into()), set: None, origin }),
                    None => self.foreign(key, path_shown(path), origin),
                },
            }
        }
        grants
    }

    fn set_grants(&self, name: &str, origin: &Arc<Origin>) -> Vec<Grant> {
        if let Some(place) = Place::named(name) {
            return vec![Grant { target: Target::Place(place), set: None, origin: origin.clone() }];
        }
        let Some(set) = sets::find(name) else { return Vec::new() };
        let paths = set.entries(self.places.platform).filter_map(|entry| resolve_listed(entry.entry, self.places));
        let grant = |path: String| Grant {
            target: Target::Path(path.into()),
            set: Some(set.name.into()),
            origin: Arc::clone(origin),
        };
        paths.map(grant).collect()
    }

    pub(crate) fn denials(&mut self, key: &str, entries: &[Entry<DenyText>]) -> Vec<Deny> {
        let mut denials = Vec::new();
        for entry in entries {
            let origin = self.layer.origin(key, &entry.at);
            match &entry.value {
                DenyText::Set(name) => {
                    let Some(set) = sets::find(name) else { continue };
                    let entries = set.entries(self.places.platform);
                    denials.extend(entries.filter_map(|entry| Deny::listed(set, entry, &origin, self.places)));
                }
                text => match Deny::written(text, &origin, self.places) {
                    Some(deny) => denials.push(deny),
                    None => self.foreign(key, deny_shown(text), origin),
                },
            }
        }
        denials
    }

    /// Protected names, and the exceptions from them.
    pub(crate) fn protections(&self, entries: &[Entry<ProtectText>]) -> (Vec<Protect>, Vec<Protect>) {
        let (mut protections, mut exceptions) = (Vec::new(), Vec::new());
        for entry in entries {
            let origin = self.layer.origin("files.protect", &entry.at);
            match &entry.value {
                ProtectText::Set(name) => {
                    let Some(set) = sets::find(name) else { continue };
                    let entries = set.entries(self.places.platform);
                    protections.extend(entries.filter_map(|entry| protect_of_set(entry, set, &origin)));
                }
                ProtectText::Name { name, scope, directory, exception } => {
                    let list = if *exception { &mut exceptions } else { &mut protections };
                    list.push(Protect {
                        name: name.into(),
                        scope: *scope,
                        directory: *directory,
                        set: None,
                        why: "the policy names it".into(),
                        origin,
                    });
                }
            }
        }
        (protections, exceptions)
    }

    pub(crate) fn env_patterns(&self, key: &str, entries: &[Entry<String>]) -> Vec<EnvPattern> {
        let mut patterns = Vec::new();
        for entry in entries {
            let origin = self.layer.origin(key, &entry.at);
            if !entry.value.starts_with('@') {
                patterns.push(EnvPattern { pattern: entry.value.clone().into(), set: None, origin });
                continue;
            }
            let Some(set) = sets::find(&entry.value) else { continue };
            let pattern = |entry: &SetEntry| EnvPattern {
                pattern: entry.entry.into(),
                set: Some(set.name.into()),
                origin: Arc::clone(&origin),
            };
            patterns.extend(set.entries(self.places.platform).map(pattern));
        }
        patterns
    }

    fn foreign(&mut self, key: &str, text: &str, origin: Arc<Origin>) {
        self.withheld.push(Withheld {
            what: format!("{key} \"{text}\""),
            why: "it is no absolute path on this system".to_owned(),
            origin,
        });
    }
}

fn path_shown(path: &PathText) -> &str {
    match path {
        PathText::Set(text) | PathText::Absolute(text) | PathText::Home(text) | PathText::Workspace(text) => text,
    }
}

fn deny_shown(text: &DenyText) -> &str {
    match text {
        DenyText::Set(text) | DenyText::Pattern { text, .. } => text,
    }
}

fn protect_of_set(entry: &SetEntry, set: &NamedSet, origin: &Arc<Origin>) -> Option<Protect> {
    Some(Protect {
        name: PathBuf::from(entry.entry),
        scope: entry.scope?,
        directory: entry.directory,
        set: Some(set.name.into()),
        why: entry.why.into(),
        origin: Arc::clone(origin),
    })
}
