//! The steps of a merge: add a layer, narrow by a layer that is not trusted, cap by a managed one.

use std::sync::Arc;

use crate::ceiling::{Ceiling, List};
use crate::demand::{Decided, Demand};
use crate::deny::{Deny, DenyText};
use crate::document::PolicyFile;
use crate::env::{Env, EnvPattern, EnvValue};
use crate::files::{Grant, Target};
use crate::layers::{Layer, MergeError, Merged, Withheld, may_choose_profile};
use crate::ledger::{self, Ledger};
use crate::limits::{LimitName, Limits, wider};
use crate::network::{self, Network};
use crate::origin::{Entry, LayerKind, Origin, Position};
use crate::paths::PathText;
use crate::patterns;
use crate::platform::Places;
use crate::policy::{Map, Policy};
use crate::process::Process;
use crate::resolve::Resolver;
use crate::secrets;
use crate::stages::Stages;

pub(crate) const NOT_TRUSTED: &str = "a project may only narrow the policy until the user trusts this content";

fn demands<'a>(policy: &'a mut Policy, layer: &'a Layer) -> [Demand<'a>; 2] {
    let said = &layer.policy.files;
    [
        Demand { key: "files.stage", said: said.stage.as_ref(), decided: &mut policy.stage },
        Demand { key: "files.undo", said: said.undo.as_ref(), decided: &mut policy.undo },
    ]
}

/// A policy in the making.
pub(crate) struct Merging {
    policy: Policy,
    withheld: Vec<Withheld>,
}

impl Merging {
    pub(crate) fn new(profile: String, places: Places) -> Self {
        let origin = Arc::new(Origin::of_profile(&profile, "default"));
        let env = Env { ignore_case: places.platform == crate::platform::Platform::Windows, ..Env::default() };
        let policy = Policy {
            profile,
            places,
            read: Vec::new(),
            write: Vec::new(),
            copy_on_write: Vec::new(),
            deny: Vec::new(),
            mask: Vec::new(),
            protect: Vec::new(),
            stage: Decided { value: false, origin: origin.clone() },
            undo: Decided { value: false, origin: origin.clone() },
            network: Network::off(&origin),
            secrets: Vec::new(),
            env,
            process: Process { nested_namespaces: false, origin: origin.clone() },
            limits: Limits::none(&origin),
            ledger: Ledger::standard(&origin),
            stages: Stages::standard(&origin),
            ceilings: Vec::new(),
            map: Map::default(),
        };
        Self { policy, withheld: Vec::new() }
    }

    /// Adds a layer below the ceiling.
    pub(crate) fn add(&mut self, layer: &Layer) {
        self.refuse_misplaced(layer);
        if !layer.kind.is_trusted() {
            self.refuse_widening(layer);
        } else {
            self.add_grants(layer);
            self.add_env_allow(layer);
        }
        self.add_denials(layer);
        self.add_masks(layer);
        self.add_protections(layer);
        self.add_env_deny(layer);
        if layer.kind.is_trusted() {
            self.add_env_set(layer);
        }
        network::add(&mut self.policy.network, layer, &mut self.withheld);
        self.set_scalars(layer);
        demands(&mut self.policy, layer).into_iter().for_each(|demand| demand.add(layer, &mut self.withheld));
        ledger::add(&mut self.policy.ledger, layer, &mut self.withheld);
        self.policy.stages.add(layer, &mut self.withheld);
        secrets::add(&mut self.policy, layer, &mut self.withheld);
    }

    /// Applies a managed layer: what it forbids is added, what it allows is a ceiling.
    pub(crate) fn cap(&mut self, layer: &Layer) {
        self.refuse_misplaced(layer);
        self.add_denials(layer);
        self.add_masks(layer);
        self.add_protections(layer);
        self.cap_grants(layer);
        self.cap_env(layer);
        self.add_env_set(layer);
        network::cap(&mut self.policy.network, layer, &mut self.withheld);
        self.cap_scalars(layer);
        demands(&mut self.policy, layer).into_iter().for_each(|demand| demand.cap(layer));
        ledger::cap(&mut self.policy.ledger, layer, &mut self.withheld);
        self.policy.stages.cap(layer, &mut self.withheld);
        secrets::add(&mut self.policy, layer, &mut self.withheld);
    }

    pub(crate) fn finish(self) -> Result<Merged, MergeError> {
        let Self { mut policy, withheld } = self;
        secrets::hide_sources(&mut policy);
        for (key, entries) in [("files.deny", &policy.deny), ("files.mask", &policy.mask)] {
            patterns::check(entries, policy.places.platform.folds_case())
                .map_err(|error| MergeError::Patterns { key, message: error.to_string() })?;
        }
        let notes = network::notes(&policy);
        Ok(Merged { policy, withheld, notes })
    }

    fn withhold(&mut self, what: String, why: impl Into<String>, origin: Arc<Origin>) {
        self.withheld.push(Withheld { what, why: why.into(), origin });
    }

    fn resolver<'a>(&'a mut self, layer: &'a Layer) -> Resolver<'a> {
        Resolver { layer, places: &self.policy.places, withheld: &mut self.withheld }
    }

    /// Keys that mean nothing in this kind of layer.
    fn refuse_misplaced(&mut self, layer: &Layer) {
        if let Some(list) = layer.policy.profiles.as_ref().filter(|_| layer.kind != LayerKind::Managed) {
            let origin = layer.origin("profiles", &list.at);
            self.withhold("profiles".to_owned(), "only the managed policy says which profiles are allowed", origin);
        }
        if let Some(profile) = layer.policy.profile.as_ref().filter(|_| !may_choose_profile(layer.kind)) {
            let why = match layer.kind {
                LayerKind::Managed => "the managed policy allows profiles with `profiles`, it does not choose one",
                _ => NOT_TRUSTED,
            };
            self.withhold(format!("profile \"{}\"", profile.value), why, layer.origin("profile", &profile.at));
        }
    }

    /// Reports everything in a layer that is not trusted which would open something.
    fn refuse_widening(&mut self, layer: &Layer) {
        for (list, entries) in grant_lists(&layer.policy) {
            for entry in entries.iter().flat_map(|entries| entries.iter()) {
                let what = format!("{} \"{}\"", list.key(), shown(&entry.value));
                self.withhold(what, NOT_TRUSTED, layer.origin(list.key(), &entry.at));
            }
        }
        for entry in layer.policy.env.allow.iter().flatten() {
            let what = format!("env.allow \"{}\"", entry.value);
            self.withhold(what, NOT_TRUSTED, layer.origin("env.allow", &entry.at));
        }
        for (name, entry) in &layer.policy.env.set {
            self.withhold(format!("env.set {name}"), NOT_TRUSTED, layer.origin("env.set", &entry.at));
        }
    }

    fn add_grants(&mut self, layer: &Layer) {
        for (list, entries) in grant_lists(&layer.policy) {
            for entry in entries.unwrap_or_default() {
                let grants = self.resolver(layer).grants(list.key(), std::slice::from_ref(entry));
                let present = self.grants_mut(list);
                // A set is there as a whole or not at all, so its first entry speaks for all.
                let known =
                    |first: &Grant| present.iter().any(|old| old.set == first.set && old.target == first.target);
                if !grants.first().is_some_and(known) {
                    present.extend(grants);
                }
            }
        }
    }

    fn grants_mut(&mut self, list: List) -> &mut Vec<Grant> {
        match list {
            List::Read => &mut self.policy.read,
            List::Write => &mut self.policy.write,
            List::CopyOnWrite => &mut self.policy.copy_on_write,
        }
    }

    fn add_denials(&mut self, layer: &Layer) {
        let denials = self.hiding("files.deny", &layer.policy.files.deny, layer);
        self.policy.deny.extend(denials);
    }

    fn add_masks(&mut self, layer: &Layer) {
        let masks = self.hiding("files.mask", &layer.policy.files.mask, layer);
        // A set that is meant for denials has directories in it, which are not masked.
        self.policy.mask.extend(masks.into_iter().filter(|mask| mask.exception || !mask.directories_only));
    }

    /// The entries of a layer that hide something, and its exceptions, which need trust.
    fn hiding(&mut self, key: &str, entries: &[Entry<DenyText>], layer: &Layer) -> Vec<Deny> {
        let untrusted = !layer.kind.is_trusted();
        let lifts = |entry: &&Entry<DenyText>| matches!(entry.value, DenyText::Pattern { exception: true, .. });
        for entry in entries.iter().filter(|entry| untrusted && lifts(entry)) {
            let DenyText::Pattern { text, .. } = &entry.value else { continue };
            self.withhold(format!("{key} \"{text}\""), NOT_TRUSTED, layer.origin(key, &entry.at));
        }
        let entries: Vec<_> = entries.iter().filter(|entry| !(untrusted && lifts(entry))).cloned().collect();
        self.resolver(layer).denials(key, &entries)
    }

    fn add_protections(&mut self, layer: &Layer) {
        let (protections, exceptions) = self.resolver(layer).protections(&layer.policy.files.protect);
        self.policy.protect.extend(protections);
        for exception in exceptions {
            if !layer.kind.is_trusted() {
                self.withhold(format!("files.protect \"!{}\"", exception.text()), NOT_TRUSTED, exception.origin);
                continue;
            }
            self.policy
                .protect
                .retain(|protect| protect.name != exception.name || !layer.kind.may_lift(protect.origin.layer));
        }
    }

    fn add_env_allow(&mut self, layer: &Layer) {
        let entries = layer.policy.env.allow.as_deref().unwrap_or_default();
        let patterns = self.resolver(layer).env_patterns("env.allow", entries);
        self.policy.env.allow.extend(patterns);
    }

    /// Adds names that do not pass, and takes away values that weaker layers set for them.
    fn add_env_deny(&mut self, layer: &Layer) {
        let patterns = self.resolver(layer).env_patterns("env.deny", &layer.policy.env.deny);
        let env = &mut self.policy.env;
        let values = std::mem::take(&mut env.set);
        let (cut, kept): (Vec<EnvValue>, Vec<EnvValue>) =
            values.into_iter().partition(|value| env.find(&patterns, &value.name).is_some());
        env.set = kept;
        env.deny.extend(patterns);
        for value in cut {
            let why = format!("`env.deny` of the {} layer names it", layer.kind);
            self.withhold(format!("env.set {}", value.name), why, value.origin);
        }
    }

    fn add_env_set(&mut self, layer: &Layer) {
        for (name, entry) in &layer.policy.env.set {
            let origin = layer.origin("env.set", &entry.at);
            let env = &mut self.policy.env;
            let key = env.key(name).into_owned();
            let values = std::mem::take(&mut env.set);
            env.set = values.into_iter().filter(|value| env.key(&value.name) != key).collect();
            env.set.push(EnvValue { name: name.clone(), value: entry.value.clone(), origin });
        }
    }

    fn set_scalars(&mut self, layer: &Layer) {
        let only_narrow = !layer.kind.is_trusted();
        if let Some(entry) = &layer.policy.nested_namespaces {
            let origin = layer.origin("process.nested-namespaces", &entry.at);
            match only_narrow && entry.value && !self.policy.process.nested_namespaces {
                true => self.withhold(format!("process.nested-namespaces {}", entry.value), NOT_TRUSTED, origin),
                false => self.policy.process = Process { nested_namespaces: entry.value, origin },
            }
        }
        for (&name, entry) in &layer.policy.limits {
            let origin = layer.origin(&limit_key(name), &entry.at);
            match only_narrow && wider(entry.value, self.policy.limits.get(name).value) {
                true => self.withhold(limit_shown(name, entry.value), NOT_TRUSTED, origin),
                false => {
                    let limit = self.policy.limits.get_mut(name);
                    limit.value = entry.value;
                    limit.origin = origin;
                }
            }
        }
    }

    fn cap_grants(&mut self, layer: &Layer) {
        let Some(ceiling) = self.ceiling(layer) else { return };
        for list in List::ALL {
            let grants = std::mem::take(self.grants_mut(list));
            let kept = ceiling.cut(list, grants, &self.policy.places, &mut self.withheld);
            *self.grants_mut(list) = kept;
        }
        self.policy.ceilings.push(ceiling);
    }

    /// The ceiling of a managed layer, if it has one.
    fn ceiling(&mut self, layer: &Layer) -> Option<Ceiling> {
        let files = &layer.policy.files;
        let first = [&files.read, &files.write, &files.copy_on_write].into_iter().flatten().flatten().next();
        let at = first.map(|entry| entry.at.clone()).unwrap_or_else(|| Position { line: 1, ..Position::default() });
        if files.read.is_none() && files.write.is_none() && files.copy_on_write.is_none() {
            return None;
        }
        let mut targets = |list: List, entries: &Option<Vec<Entry<PathText>>>| {
            let grants = self.resolver(layer).grants(list.key(), entries.as_deref()?);
            Some(grants.into_iter().map(|grant| grant.target).collect::<Vec<Target>>())
        };
        Some(Ceiling {
            read: targets(List::Read, &files.read),
            write: targets(List::Write, &files.write),
            copy_on_write: targets(List::CopyOnWrite, &files.copy_on_write),
            origin: layer.origin("files", &at),
        })
    }

    fn cap_env(&mut self, layer: &Layer) {
        self.add_env_deny(layer);
        let Some(entries) = layer.policy.env.allow.as_deref() else { return };
        let ceiling = self.resolver(layer).env_patterns("env.allow", entries);
        self.report_env_cut(layer, &ceiling);
        let env = &mut self.policy.env;
        let values = std::mem::take(&mut env.set);
        let (kept, cut): (Vec<EnvValue>, Vec<EnvValue>) = values
            .into_iter()
            .partition(|value| value.origin.layer == LayerKind::Managed || env.find(&ceiling, &value.name).is_some());
        env.set = kept;
        env.ceilings.push(ceiling);
        for value in cut {
            self.withhold(format!("env.set {}", value.name), managed_why(layer, "env.allow"), value.origin);
        }
    }

    /// Says once for each entry of a lower layer that the ceiling takes something from it.
    fn report_env_cut(&mut self, layer: &Layer, ceiling: &[EnvPattern]) {
        let env = &self.policy.env;
        let mut cut: Vec<(String, Arc<Origin>)> = Vec::new();
        for allow in env.allow.iter().filter(|allow| env.find(ceiling, &allow.pattern).is_none()) {
            let many = if allow.set.is_some() || allow.pattern.contains(['*', '?']) { " in part" } else { "" };
            let what = format!("env.allow \"{}\"{many}", allow.set.as_ref().unwrap_or(&allow.pattern));
            if !cut.iter().any(|(seen, origin)| *seen == what && *origin == allow.origin) {
                cut.push((what, allow.origin.clone()));
            }
        }
        for (what, origin) in cut {
            self.withhold(what, managed_why(layer, "env.allow"), origin);
        }
    }

    fn cap_scalars(&mut self, layer: &Layer) {
        let forbidden = layer.policy.nested_namespaces.as_ref().filter(|entry| !entry.value);
        if let Some(entry) = forbidden.filter(|_| self.policy.process.nested_namespaces) {
            let origin = layer.origin("process.nested-namespaces", &entry.at);
            let old = std::mem::replace(&mut self.policy.process, Process { nested_namespaces: false, origin });
            let what = "process.nested-namespaces true".to_owned();
            self.withhold(what, managed_why(layer, "process.nested-namespaces"), old.origin);
        }
        for (&name, entry) in &layer.policy.limits {
            let key = limit_key(name);
            let limit = self.policy.limits.get_mut(name);
            if wider(limit.value, entry.value) {
                let value = std::mem::replace(&mut limit.value, entry.value);
                let origin = std::mem::replace(&mut limit.origin, layer.origin(&key, &entry.at));
                self.withhold(limit_shown(name, value), managed_why(layer, &key), origin);
            }
        }
    }
}

pub(crate) fn managed_why(layer: &Layer, key: &str) -> String {
    let file = layer.policy.file.as_ref().map(|file| format!(" ({})", file.display())).unwrap_or_default();
    format!("`{key}` of the managed policy{file} does not allow it")
}

fn limit_key(name: LimitName) -> String {
    format!("limits.{}", name.key())
}

fn limit_shown(name: LimitName, value: Option<u64>) -> String {
    format!("limits.{} {}", name.key(), name.unit().show(value))
}

fn shown(path: &PathText) -> String {
    match path {
        PathText::Set(text) | PathText::Absolute(text) => text.clone(),
        PathText::Home(rest) => crate::paths::join("~", rest),
        PathText::Workspace(rest) => crate::paths::join(".", rest),
    }
}

fn grant_lists(policy: &PolicyFile) -> [(List, Option<&[Entry<PathText>]>); 3] {
    let files = &policy.files;
    [
        (List::Read, files.read.as_deref()),
        (List::Write, files.write.as_deref()),
        (List::CopyOnWrite, files.copy_on_write.as_deref()),
    ]
}
