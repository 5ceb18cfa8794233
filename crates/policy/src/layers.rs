//! Layers become one policy: profile, user, project, command line, and the managed ceiling over all of them.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::document::PolicyFile;
use crate::merging::Merging;
use crate::origin::{LayerKind, Origin, Position};
use crate::platform::Places;
use crate::policy::Policy;
use crate::profiles::{PROFILE_DEFAULT, builtin_profile};
use crate::text::{listed, plain};

/// One layer of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Which layer.
    pub kind: LayerKind,
    /// What it says.
    pub policy: PolicyFile,
}

impl Layer {
    /// A layer.
    pub fn new(kind: LayerKind, policy: PolicyFile) -> Self {
        Self { kind, policy }
    }

    pub(crate) fn origin(&self, key: &str, at: &Position) -> Arc<Origin> {
        Arc::new(Origin {
            layer: self.kind,
            file: self.policy.file.clone(),
            line: at.line,
            column: at.column,
            key: key.to_owned(),
            flag: at.flag.clone(),
        })
    }
}

/// Something a layer said that was not applied, or only in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Withheld {
    /// What was said, such as `files.write "~/x"`.
    pub what: String,
    /// Why it was not applied.
    pub why: String,
    /// Who said it.
    pub origin: Arc<Origin>,
}

impl Withheld {
    pub(crate) fn new(what: String, why: &str, origin: Arc<Origin>) -> Self {
        Self { what, why: why.to_owned(), origin }
    }
}

impl std::fmt::Display for Withheld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}: {}", plain(&self.what), self.origin, plain(&self.why))
    }
}

/// The result of merging the layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The effective policy.
    pub policy: Policy,
    /// What was not applied.
    pub withheld: Vec<Withheld>,
    /// What was applied and deserves a second look, one sentence each.
    pub notes: Vec<String>,
}

/// Why layers cannot become a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// The workspace or the home is not a usable path.
    #[error("{} is not an absolute path in Unicode without `..`", .path.display())]
    Place {
        /// The path.
        path: PathBuf,
    },
    /// A profile was asked for that the managed policy does not allow.
    #[error("the profile `{profile}` ({origin}) is not allowed by the managed policy ({}); allowed: {}", .managed.place(), listed(.allowed.iter().map(String::as_str)))]
    ProfileNotAllowed {
        /// The profile.
        profile: String,
        /// Who asked for it.
        origin: Arc<Origin>,
        /// The profiles that are allowed.
        allowed: Vec<String>,
        /// Who says so.
        managed: Arc<Origin>,
    },
    /// A profile that does not exist.
    #[error("there is no profile {name}; known: {}", listed(crate::profiles::PROFILE_NAMES.iter().copied()))]
    UnknownProfile {
        /// The name.
        name: String,
    },
    /// The denied or masked patterns do not fit one automaton.
    #[error("the patterns of `{key}` are too large together: {message}")]
    Patterns {
        /// The key of the list.
        key: &'static str,
        /// What the pattern compiler says.
        message: String,
    },
}

/// Merges layers, given in any order, into the effective policy.
///
/// Without a layer of kind [`LayerKind::Profile`], the built-in profile is the one that the strongest layer names, or
/// the default one.
///
/// # Errors
/// When a place is not an absolute path, or the profile is not allowed.
pub fn merge(layers: &[Layer], places: &Places) -> Result<Merged, MergeError> {
    let places = places.normalised().map_err(|path| MergeError::Place { path })?;
    let mut layers = layers.to_vec();
    layers.sort_by_key(|layer| layer.kind.rank());
    if !layers.iter().any(|layer| layer.kind == LayerKind::Profile) {
        layers.insert(0, chosen_profile(&layers)?);
    }
    check_profiles(&layers)?;
    let mut merging = Merging::new(profile_name(&layers), places);
    for layer in &layers {
        match layer.kind {
            LayerKind::Managed => merging.cap(layer),
            _ => merging.add(layer),
        }
    }
    merging.finish()
}

/// The profile that the strongest layer names which may choose one.
fn chosen_profile(layers: &[Layer]) -> Result<Layer, MergeError> {
    let choosing = layers.iter().rev().filter(|layer| may_choose_profile(layer.kind));
    let chosen = choosing.filter_map(|layer| layer.policy.profile.as_ref()).next().map(|entry| entry.value.clone());
    let name = chosen.unwrap_or_else(|| default_profile(layers));
    let policy = builtin_profile(&name).ok_or(MergeError::UnknownProfile { name })?;
    Ok(Layer::new(LayerKind::Profile, policy))
}

/// The default profile, unless managed files allow only others: then the first they all allow.
fn default_profile(layers: &[Layer]) -> String {
    let lists: Vec<_> = layers.iter().filter_map(allowed_profiles).collect();
    let allowed = |name: &&str| lists.iter().all(|list| list.iter().any(|entry| entry == name));
    let candidates = std::iter::once(PROFILE_DEFAULT).chain(crate::profiles::PROFILE_NAMES.iter().copied());
    let found = candidates.clone().find(allowed);
    found.unwrap_or(PROFILE_DEFAULT).to_owned()
}

pub(crate) fn may_choose_profile(kind: LayerKind) -> bool {
    !matches!(kind, LayerKind::Project { trusted: false } | LayerKind::Managed)
}

fn allowed_profiles(layer: &Layer) -> Option<Vec<String>> {
    let list = layer.policy.profiles.as_ref().filter(|_| layer.kind == LayerKind::Managed)?;
    Some(list.value.iter().map(|entry| entry.value.clone()).collect())
}

fn profile_name(layers: &[Layer]) -> String {
    let profile = layers.iter().rev().find(|layer| layer.kind == LayerKind::Profile);
    let file = profile.and_then(|layer| layer.policy.file.as_ref());
    file.map_or_else(|| PROFILE_DEFAULT.to_owned(), |file| file.to_string_lossy().into_owned())
}

fn check_profiles(layers: &[Layer]) -> Result<(), MergeError> {
    let profile = profile_name(layers);
    for layer in layers {
        let Some(allowed) = allowed_profiles(layer) else { continue };
        if !allowed.contains(&profile) {
            let at = layer.policy.profiles.as_ref().map(|list| list.at.clone()).unwrap_or_default();
            let managed = layer.origin("profiles", &at);
            let origin = profile_origin(layers);
            return Err(MergeError::ProfileNotAllowed { profile, origin, allowed, managed });
        }
    }
    Ok(())
}

/// Who asked for the profile: the layer that names it, or the profile itself.
fn profile_origin(layers: &[Layer]) -> Arc<Origin> {
    let name = profile_name(layers);
    let naming = layers.iter().rev().filter(|layer| may_choose_profile(layer.kind));
    let mut named = naming.filter_map(|layer| {
        let entry = layer.policy.profile.as_ref().filter(|entry| entry.value == name)?;
        Some(layer.origin("profile", &entry.at))
    });
    named.next().unwrap_or_else(|| Arc::new(Origin::of_profile(&name, "profile")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use insta::assert_snapshot;

    use super::*;
    use crate::decide::{Access, Effect, decide};
    use crate::fixtures::{TRUSTED, UNTRUSTED, flags, layer, linux, merged};
    use crate::flags::Setting;
    use crate::limits::LimitName;
    use crate::network::NetworkMode;
    use crate::origin::LayerKind::{Managed, User};

    fn allowed(merged: &Merged, access: Access, path: &str) -> bool {
        decide(&merged.policy, access, Path::new(path)).allowed
    }

    fn report(merged: &Merged) -> String {
        merged.withheld.iter().map(|withheld| format!("{withheld}\n")).collect()
    }

    #[test]
    fn lists_add_up_and_single_values_replace() {
        let text = "files.read = ['/srv']\nlimits.memory = '1GiB'\nlimits.disk = '1GiB'";
        let merged = merged(&[(User, text), (TRUSTED, "files.read = ['/data']\nlimits.memory = '2GiB'")]);
        assert!(allowed(&merged, Access::Read, "/srv/x") && allowed(&merged, Access::Read, "/data/x"));
        assert_eq!(merged.policy.limits.memory.value, Some(2 << 30));
        assert_eq!(merged.policy.limits.disk.value, Some(1 << 30));
        assert_eq!(merged.policy.limits.disk.origin.to_string(), "~/.config/pinfold/policy.toml:3 (user)");
        assert_eq!(merged.policy.limits.processes.origin.to_string(), "profile `workspace`, limits.processes");
    }

    #[test]
    fn a_project_that_is_not_trusted_may_only_narrow() {
        let project = "
            profile = 'open'
            [files]
            read = ['/srv']
            write = ['~/x']
            deny = ['hidden/', '!.env']
            protect = ['deploy/', '!.vscode']
            [network]
            mode = 'full'
            [env]
            allow = ['TOKEN']
            deny = ['LANG']
            set = { PATH = '/evil' }
            [process]
            nested-namespaces = true
            [limits]
            memory = 'none'
            processes = 10
        ";
        let merged = merged(&[(UNTRUSTED, project)]);
        assert_snapshot!(report(&merged), @r##"
        profile "open", pinfold.toml:2 (project, not trusted): a project may only narrow the policy until the user trusts this content
        files.read "/srv", pinfold.toml:4 (project, not trusted): a project may only narrow the policy until the user trusts this content
        files.write "~/x", pinfold.toml:5 (project, not trusted): a project may only narrow the policy until the user trusts this content
        env.allow "TOKEN", pinfold.toml:11 (project, not trusted): a project may only narrow the policy until the user trusts this content
        env.set PATH, pinfold.toml:13 (project, not trusted): a project may only narrow the policy until the user trusts this content
        files.deny "!.env", pinfold.toml:6 (project, not trusted): a project may only narrow the policy until the user trusts this content
        files.protect "!.vscode", pinfold.toml:7 (project, not trusted): a project may only narrow the policy until the user trusts this content
        network.mode "full", pinfold.toml:9 (project, not trusted): a project may only narrow the policy until the user trusts this content
        process.nested-namespaces true, pinfold.toml:15 (project, not trusted): a project may only narrow the policy until the user trusts this content
        limits.memory "none", pinfold.toml:17 (project, not trusted): a project may only narrow the policy until the user trusts this content
        "##);
        assert!(!allowed(&merged, Access::Read, "/home/ada/work/hidden/x"));
        assert!(!allowed(&merged, Access::Write, "/home/ada/work/deploy/x"));
        assert_eq!(merged.policy.limits.processes.value, Some(10));
        assert!(!merged.policy.env.verdict("LANG".as_ref()).allowed);
    }

    #[test]
    fn a_trusted_project_may_widen() {
        let merged = merged(&[(TRUSTED, "profile = 'open'\nfiles.write = ['/srv']\nfiles.deny = ['!.env']")]);
        assert_eq!(merged.policy.profile, "open");
        assert_eq!(merged.policy.network.mode, NetworkMode::Full);
        assert!(allowed(&merged, Access::Write, "/srv/x"));
        assert!(allowed(&merged, Access::Read, "/home/ada/work/.env"));
        assert_eq!(report(&merged), "");
    }

    #[test]
    fn the_managed_ceiling_cuts_what_other_layers_grant() {
        let managed = "
            [files]
            write = ['@workspace', '@home', '@temp', '/srv/shared']
            deny = ['/home/ada/work/vault', '.env.example']
            [network]
            mode = 'off'
            [env]
            allow = ['PATH', 'MY_*']
            deny = ['MY_SECRET']
            [process]
            nested-namespaces = false
            [limits]
            memory = '1GiB'
        ";
        let user = "
            profile = 'open'
            [files]
            write = ['/srv', '/data']
            deny = ['!vault', '!.env.example']
            [env]
            allow = ['MY_*', 'OTHER']
            set = { MY_SECRET = 'x', FOO = 'y' }
            [process]
            nested-namespaces = true
            [limits]
            memory = '2GiB'
        ";
        let merged = merged(&[(User, user), (Managed, managed)]);
        assert_snapshot!(report(&merged), @r##"
        files.write "/srv", ~/.config/pinfold/policy.toml:4 (user): the managed policy (/etc/pinfold/policy.toml:3) narrows it to /srv/shared
        files.write "/data", ~/.config/pinfold/policy.toml:4 (user): the managed policy (/etc/pinfold/policy.toml:3) does not allow it
        env.set MY_SECRET, ~/.config/pinfold/policy.toml:8 (user): `env.deny` of the managed layer names it
        env.allow "@base" in part, profile `open`, env.allow: `env.allow` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        env.allow "OTHER", ~/.config/pinfold/policy.toml:7 (user): `env.allow` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        env.set HUSKY, profile `open`, env.set: `env.allow` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        env.set FOO, ~/.config/pinfold/policy.toml:8 (user): `env.allow` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        network.mode "full", profile `open`, network.mode: `network.mode` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        process.nested-namespaces true, ~/.config/pinfold/policy.toml:10 (user): `process.nested-namespaces` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        limits.memory "2GiB", ~/.config/pinfold/policy.toml:12 (user): `limits.memory` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        "##);
        assert!(allowed(&merged, Access::Write, "/srv/shared/x"));
        assert!(!allowed(&merged, Access::Write, "/srv/x"));
        assert!(!allowed(&merged, Access::Read, "/home/ada/work/vault/x"));
        assert!(!allowed(&merged, Access::Read, "/home/ada/work/.env.example"));
        assert_eq!(merged.policy.network.mode, NetworkMode::Off);
        assert_eq!(merged.policy.limits.memory.value, Some(1 << 30));
        let env = &merged.policy.env;
        assert!(env.verdict("MY_X".as_ref()).allowed);
        assert!(!env.verdict("MY_SECRET".as_ref()).allowed && !env.verdict("LANG".as_ref()).allowed);
    }

    #[test]
    fn a_read_ceiling_bounds_what_is_writable_too() {
        let managed = (Managed, "files.read = ['/usr']");
        let merged = merged(&[(User, "files.write = ['/data']\nfiles.copy-on-write = ['/cow']"), managed]);
        for path in ["/data/x", "/cow/x", "/etc/passwd"] {
            assert!(!allowed(&merged, Access::Read, path), "{path}");
        }
        assert!(allowed(&merged, Access::Read, "/usr/bin/env"));
        assert!(allowed(&merged, Access::Write, "/home/ada/work/x"));
        assert!(allowed(&merged, Access::Write, "/tmp/x"));
    }

    #[test]
    fn an_empty_ceiling_lets_nothing_through() {
        let merged = merged(&[(Managed, "files.write = []\nenv.allow = []")]);
        assert!(merged.policy.write.is_empty());
        assert!(merged.policy.env.select([("PATH".into(), "/bin".into())]).is_empty());
        let verdict = decide(&merged.policy, Access::Write, Path::new("/home/ada/work/x"));
        assert_eq!((verdict.allowed, verdict.effect, verdict.hint), (false, Effect::Absent, None));
    }

    #[test]
    fn the_workspace_as_a_ceiling_holds_for_paths_in_it() {
        let merged = merged(&[(User, "files.write = ['~/work/sub', '~']"), (Managed, "files.write = ['@workspace']")]);
        assert!(allowed(&merged, Access::Write, "/home/ada/work/x"));
        assert!(!allowed(&merged, Access::Write, "/home/ada/x"));
    }

    #[test]
    fn managed_profiles_are_the_only_ones() {
        let managed = layer(Managed, "profiles = ['read-only', 'open']");
        let error =
            merge(&[flags(&[(Setting::Profile, "workspace", "--profile workspace")]), managed.clone()], &linux());
        assert_snapshot!(error.expect_err("not allowed").to_string(), @r##"
        the profile `workspace` (--profile workspace (command line)) is not allowed by the managed policy (/etc/pinfold/policy.toml:1); allowed: `read-only` and `open`
        "##);
        let default = merge(&[managed], &linux()).expect("the first allowed");
        assert_eq!(default.policy.profile, "read-only");
    }

    #[test]
    fn the_order_in_which_layers_are_given_does_not_matter() {
        let layers = [
            layer(Managed, "limits.memory = '3GiB'"),
            flags(&[(Setting::Limit(LimitName::Memory), "2GiB", "--memory 2GiB")]),
            layer(User, "limits.memory = '1GiB'"),
        ];
        let forward = merge(&layers, &linux()).expect("mergeable");
        let reversed: Vec<Layer> = layers.into_iter().rev().collect();
        assert_eq!(forward, merge(&reversed, &linux()).expect("mergeable"));
        assert_eq!(forward.policy.limits.memory.value, Some(2 << 30));
        assert_eq!(forward.policy.limits.memory.origin.to_string(), "--memory 2GiB (command line)");
    }

    #[test]
    fn a_protection_is_taken_back_by_name_but_never_a_managed_one() {
        let vscode = "/home/ada/work/.vscode/x";
        assert!(!allowed(&merged(&[]), Access::Write, vscode));
        assert!(allowed(&merged(&[(User, "files.protect = ['!.vscode']")]), Access::Write, vscode));
        let managed = (Managed, "files.protect = ['**/.vscode/']");
        assert!(!allowed(&merged(&[(User, "files.protect = ['!.vscode']"), managed]), Access::Write, vscode));
    }

    #[test]
    fn a_value_set_below_a_denial_is_taken_away() {
        let user = (User, "env.set = { A = '1' }");
        assert!(merged(&[user]).policy.env.verdict("A".as_ref()).allowed);
        let narrowed = merged(&[user, (UNTRUSTED, "env.deny = ['A']")]);
        assert!(!narrowed.policy.env.verdict("A".as_ref()).allowed);
        assert_eq!(narrowed.withheld.len(), 1);
    }

    #[test]
    fn the_digest_ignores_lines_and_comments_and_notices_rules() {
        let digest = |text| merged(&[(User, text)]).policy.digest_input();
        assert_eq!(digest("files.read = ['/srv']"), digest("# why\n\nfiles.read = ['/srv']"));
        assert_ne!(digest("files.read = ['/srv']"), digest("files.read = ['/srw']"));
    }

    #[test]
    fn a_policy_survives_json_and_its_toml_reads_back() {
        let policy = merged(&[(User, "env.set = { \"A\" = \"x'\\\"y\" }\nfiles.protect = ['.git/hooks/']")]).policy;
        let json = serde_json::to_string(&policy).expect("serialisable");
        assert_eq!(serde_json::from_str::<Policy>(&json).expect("readable"), policy);
        for sets in [crate::Sets::Expanded, crate::Sets::Named] {
            let toml = crate::to_toml(&policy, sets);
            let again = merge(&[layer(User, &toml)], &linux()).expect("mergeable").policy;
            for path in ["/usr/x", "/home/ada/work/.env", "/home/ada/work/.git/config", "/home/ada/x", "/nowhere"] {
                for access in [Access::Read, Access::Write] {
                    let (old, new) = (decide(&policy, access, path.as_ref()), decide(&again, access, path.as_ref()));
                    assert_eq!((old.allowed, old.effect), (new.allowed, new.effect), "{path}");
                }
            }
        }
    }

    #[test]
    fn places_must_be_absolute() {
        let places = Places { workspace: "work".into(), ..linux() };
        assert!(matches!(merge(&[], &places), Err(MergeError::Place { .. })));
    }
}
