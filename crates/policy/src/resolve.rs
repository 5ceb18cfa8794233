//! From the text of one layer to absolute rules: sets written out, `~` and relative paths resolved.

use std::path::PathBuf;

use crate::deny::{Deny, DenyText};
use crate::env::EnvPattern;
use crate::files::{Grant, Place, Target};
use crate::layers::{Layer, Withheld};
use crate::origin::{Entry, Origin};
use crate::paths::PathText;
use crate::platform::Places;
use crate::protect::{Protect, ProtectText};
use crate::sets::{self, SetEntry};

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

    fn set_grants(&self, name: &str, origin: &Origin) -> Vec<Grant> {
        if let Some(place) = Place::named(name) {
            return vec![Grant { target: Target::Place(place), set: None, origin: origin.clone() }];
        }
        let paths = sets::entries(name, self.places.platform)
            .filter_map(|entry| PathText::parse(entry.entry).ok()?.resolve(self.places));
        let grant = |path: String| Grant {
            target: Target::Path(path.into()),
            set: Some(name.to_owned()),
            origin: origin.clone(),
        };
        paths.map(grant).collect()
    }

    pub(crate) fn denials(&mut self, entries: &[Entry<DenyText>]) -> Vec<Deny> {
        let mut denials = Vec::new();
        for entry in entries {
            let origin = self.layer.origin("files.deny", &entry.at);
            match &entry.value {
                DenyText::Set(name) => {
                    let texts =
                        sets::entries(name, self.places.platform).filter_map(|entry| DenyText::parse(entry.entry).ok());
                    denials.extend(texts.filter_map(|text| deny(&text, Some(name), &origin, self.places)));
                }
                text => match deny(text, None, &origin, self.places) {
                    Some(deny) => denials.push(deny),
                    None => self.foreign("files.deny", deny_shown(text), origin),
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
                ProtectText::Set(set) => {
                    let entries = sets::entries(set, self.places.platform);
                    protections.extend(entries.filter_map(|entry| protect_of_set(entry, set, &origin)));
                }
                ProtectText::Name { name, scope, directory, exception } => {
                    let list = if *exception { &mut exceptions } else { &mut protections };
                    list.push(Protect {
                        name: name.into(),
                        scope: *scope,
                        directory: *directory,
                        set: None,
                        why: "the policy names it".to_owned(),
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
            let set = entry.value.starts_with('@').then(|| entry.value.clone());
            let names: Vec<&str> = match &set {
                Some(name) => sets::entries(name, self.places.platform).map(|entry| entry.entry).collect(),
                None => vec![&entry.value],
            };
            let pattern =
                |name: &str| EnvPattern { pattern: name.to_owned(), set: set.clone(), origin: origin.clone() };
            patterns.extend(names.into_iter().map(pattern));
        }
        patterns
    }

    fn foreign(&mut self, key: &str, text: &str, origin: Origin) {
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

fn deny(text: &DenyText, set: Option<&String>, origin: &Origin, places: &Places) -> Option<Deny> {
    let (glob, literal) = text.resolve(places)?;
    let DenyText::Pattern { text, exception, directories_only, .. } = text else { return None };
    Some(Deny {
        pattern: text.clone(),
        glob,
        literal,
        exception: *exception,
        directories_only: *directories_only,
        set: set.cloned(),
        origin: origin.clone(),
    })
}

fn protect_of_set(entry: &SetEntry, set: &str, origin: &Origin) -> Option<Protect> {
    Some(Protect {
        name: PathBuf::from(entry.entry),
        scope: entry.scope?,
        directory: entry.directory,
        set: Some(set.to_owned()),
        why: entry.why.to_owned(),
        origin: origin.clone(),
    })
}
