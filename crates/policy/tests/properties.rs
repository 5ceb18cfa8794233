//! Properties that hold for every combination of layers: the ceiling holds, a project that is not trusted only narrows,
//! and no text makes the reader fail otherwise than with an error.

use std::ffi::OsString;
use std::path::Path;

use pinfold_policy::{
    Access, Decider, Effect, Layer, LayerKind, LimitName, Merged, Places, Platform, Sets, merge, parse,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

const WORKSPACE: &str = "/home/ada/work";
const PATHS: [&str; 10] =
    ["/srv", "/srv/a", "/srv/a/b", "/data", "~", "~/x", "./sub", "@workspace", "/home", "/srv/link.key"];
const DENIALS: [&str; 8] = ["/srv/a", "*.key", "**/b", "sub/", "~/x", "/srv/**/c", ".env", "x/y"];
const EXCEPTIONS: [&str; 6] = ["!*.key", "!/srv/a", "!**/b", "!sub", "!.env", "@secrets"];
const PROTECTIONS: [&str; 6] = ["deploy/", "**/.vscode/", "!.vscode", "@metadata", ".git/hooks/", "!deploy"];
const NAMES: [&str; 8] = ["@base", "MY_*", "*", "TOKEN", "PATH", "MY_A", "L*", "OTHER"];
const VARIABLES: [&str; 7] = ["PATH", "MY_A", "MY_B", "TOKEN", "LANG", "OTHER", "HUSKY"];

/// What one random layer says.
#[derive(Debug, Clone, Default)]
struct Said {
    profile: Option<&'static str>,
    read: Option<Vec<&'static str>>,
    write: Option<Vec<&'static str>>,
    copy_on_write: Option<Vec<&'static str>>,
    deny: Vec<&'static str>,
    protect: Vec<&'static str>,
    full_network: Option<bool>,
    allow: Option<Vec<&'static str>>,
    env_deny: Vec<&'static str>,
    set: Vec<&'static str>,
    nested: Option<bool>,
    memory: Option<&'static str>,
}

impl Said {
    fn toml(&self) -> String {
        let mut out = String::new();
        let mut list = |key: &str, entries: &[&str]| out.push_str(&format!("{key} = {entries:?}\n"));
        for (key, entries) in [
            ("files.read", &self.read),
            ("files.write", &self.write),
            ("files.copy-on-write", &self.copy_on_write),
            ("env.allow", &self.allow),
        ] {
            entries.iter().for_each(|entries| list(key, entries));
        }
        list("files.deny", &self.deny);
        list("files.protect", &self.protect);
        list("env.deny", &self.env_deny);
        self.profile.iter().for_each(|name| out.push_str(&format!("profile = '{name}'\n")));
        let mode = self.full_network.map(|full| if full { "full" } else { "off" });
        mode.iter().for_each(|mode| out.push_str(&format!("network.mode = '{mode}'\n")));
        self.set.iter().for_each(|name| out.push_str(&format!("env.set.{name} = 'from the policy'\n")));
        self.nested.iter().for_each(|nested| out.push_str(&format!("process.nested-namespaces = {nested}\n")));
        self.memory.iter().for_each(|memory| out.push_str(&format!("limits.memory = '{memory}'\n")));
        out
    }

    fn layer(&self, kind: LayerKind) -> Layer {
        let text = self.toml();
        Layer::new(kind, parse(&text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}\n{text}")))
    }
}

fn some_of(from: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(from, 0..=3)
}

fn grants() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    option::of(some_of(&PATHS))
}

fn said() -> impl Strategy<Value = Said> {
    let files = (grants(), grants(), grants(), some_of(&DENIALS), some_of(&EXCEPTIONS), some_of(&PROTECTIONS));
    let env = (option::of(some_of(&NAMES)), some_of(&VARIABLES), some_of(&VARIABLES));
    let profile = option::of(select(&["workspace", "read-only", "offline-build", "open"]));
    let memory = option::of(select(&["1GiB", "2GiB", "3GiB", "none"]));
    let rest = (profile, option::of(any::<bool>()), option::of(any::<bool>()), memory);
    (files, env, rest).prop_map(|(files, env, rest)| Said {
        profile: rest.0,
        read: files.0,
        write: files.1,
        copy_on_write: files.2,
        deny: [files.3, files.4].concat(),
        protect: files.5,
        full_network: rest.1,
        allow: env.0,
        env_deny: env.1,
        set: env.2,
        nested: rest.2,
        memory: rest.3,
    })
}

/// A managed layer whose meaning the test can state by itself: no sets, no exceptions, no values.
fn managed() -> impl Strategy<Value = Said> {
    (said(), some_of(&DENIALS)).prop_map(|(said, deny)| Said {
        profile: None,
        deny,
        set: Vec::new(),
        allow: said.allow.map(|names| names.into_iter().filter(|name| *name != "@base").collect()),
        ..said
    })
}

/// Layers below the managed one: any of user, project and command line.
fn lower() -> impl Strategy<Value = Vec<Layer>> {
    let kinds = [
        LayerKind::User,
        LayerKind::Project { trusted: true },
        LayerKind::Project { trusted: false },
        LayerKind::CommandLine,
    ];
    let layer = move |kind| said().prop_map(move |said: Said| said.layer(kind));
    let each = kinds.map(|kind| option::of(layer(kind)));
    each.prop_map(|layers| layers.into_iter().flatten().collect())
}

fn places() -> Places {
    Places { platform: Platform::Linux, workspace: WORKSPACE.into(), home: "/home/ada".into() }
}

fn merged(layers: &[Layer]) -> Merged {
    merge(layers, &places()).expect("mergeable")
}

fn probes() -> Vec<String> {
    let roots = ["/srv", "/data", "/home", "/home/ada", WORKSPACE, "/home/ada/x", "/usr", "/tmp", "/etc", "/srv2"];
    let rests = [
        "",
        "/a",
        "/a/b",
        "/a/b/c",
        "/b",
        "/b/z",
        "/x/k.key",
        "/k.key/z",
        "/x/y",
        "/sub",
        "/sub/q",
        "/.env",
        "/deploy/z",
        "/.vscode/t",
        "/.git/hooks/h",
        "/link.key",
    ];
    roots.iter().flat_map(|root| rests.iter().map(move |rest| format!("{root}{rest}"))).collect()
}

fn caller() -> Vec<(OsString, OsString)> {
    VARIABLES.iter().map(|name| (name.into(), "from the caller".into())).collect()
}

fn absolute(path: &str) -> String {
    match path {
        "@workspace" => WORKSPACE.to_owned(),
        "~" => "/home/ada".to_owned(),
        path if path.starts_with("~/") => format!("/home/ada/{}", &path[2..]),
        path if path.starts_with("./") => format!("{WORKSPACE}/{}", &path[2..]),
        path => path.to_owned(),
    }
}

fn inside(path: &str, bases: &[&str]) -> bool {
    bases.iter().any(|base| Path::new(path).starts_with(absolute(base)))
}

/// Does the managed layer let the host's content at this path be met with that effect? Stated independently of the
/// crate, from the words of the reference.
fn within(managed: &Said, access: Access, effect: Effect, path: &str) -> bool {
    if access == Access::Write
        && effect == Effect::Host
        && managed.write.as_ref().is_some_and(|list| !inside(path, list))
    {
        return false;
    }
    let Some(read) = &managed.read else { return true };
    let workspace = if managed.write.is_none() { vec!["@workspace"] } else { Vec::new() };
    let lists = [Some(read), managed.write.as_ref(), managed.copy_on_write.as_ref(), Some(&workspace)];
    lists.into_iter().flatten().any(|list| inside(path, list))
}

/// Does a denial of the pool hide this path?
fn hides(denial: &str, path: &str) -> bool {
    let part = |test: &dyn Fn(&str) -> bool| path.split('/').any(test);
    let machine = ["/usr", "/etc"].iter().any(|tree| Path::new(path).starts_with(tree));
    match denial {
        "*.key" => !machine && part(&|part| part.ends_with(".key")),
        "**/b" => !machine && part(&|part| part == "b"),
        "sub/" => !machine && part(&|part| part == "sub"),
        ".env" => !machine && part(&|part| part == ".env"),
        "/srv/**/c" => Path::new(path).starts_with("/srv") && part(&|part| part == "c"),
        "x/y" => inside(path, &["./x/y"]),
        path_denial => inside(path, &[path_denial]),
    }
}

fn name_matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

/// From nothing at all to the host's own file.
fn openness(allowed: bool, access: Access, effect: Effect) -> u8 {
    match (allowed, access, effect) {
        (false, ..) => 0,
        (true, Access::Write, Effect::Private | Effect::CopyOnWrite) => 1,
        (true, _, Effect::Private) => 1,
        (true, ..) => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_the_managed_layer_denies_is_allowed(lower in lower(), managed in managed()) {
        let mut layers = lower;
        layers.push(managed.layer(LayerKind::Managed));
        let policy = merged(&layers).policy;
        let decider = Decider::new(&policy);
        for path in probes() {
            for access in [Access::Read, Access::Write, Access::Exec] {
                let verdict = decider.decide(access, Path::new(&path));
                if managed.deny.iter().any(|denial| hides(denial, &path)) {
                    prop_assert!(!verdict.allowed, "{path} {access:?} is denied: {verdict:?}");
                }
                if verdict.allowed && verdict.effect != Effect::Private {
                    prop_assert!(within(&managed, access, verdict.effect, &path), "{path} {access:?}: {verdict:?}");
                }
            }
        }
        for (name, _) in policy.env.select(caller()) {
            let name = name.to_str().expect("ASCII");
            prop_assert!(!managed.env_deny.contains(&name), "{name} is denied");
            let listed = |list: &Vec<&str>| list.iter().any(|pattern| name_matches(pattern, name));
            prop_assert!(managed.allow.as_ref().is_none_or(listed), "{name} is not under the ceiling");
        }
        if managed.full_network == Some(false) {
            prop_assert_eq!(policy.network.mode.name(), "off");
        }
        prop_assert!(managed.nested != Some(false) || !policy.process.nested_namespaces);
        let bound = managed.memory.filter(|bound| *bound != "none");
        if let Some(bound) = bound {
            let bound: u64 = bound[..1].parse().expect("a digit");
            prop_assert!(policy.limits.memory.value.is_some_and(|value| value <= bound << 30));
        }
    }

    #[test]
    fn a_project_that_is_not_trusted_never_widens(
        user in option::of(said()), flags in option::of(said()), managed in option::of(managed()), project in said(),
    ) {
        let mut layers: Vec<Layer> = Vec::new();
        layers.extend(user.map(|said| said.layer(LayerKind::User)));
        layers.extend(flags.map(|said| said.layer(LayerKind::CommandLine)));
        layers.extend(managed.map(|said| said.layer(LayerKind::Managed)));
        let without = merged(&layers).policy;
        layers.push(project.layer(LayerKind::Project { trusted: false }));
        let with = merged(&layers).policy;

        let (before, after) = (Decider::new(&without), Decider::new(&with));
        for path in probes() {
            for access in [Access::Read, Access::Write, Access::Exec] {
                let old = before.decide(access, Path::new(&path));
                let new = after.decide(access, Path::new(&path));
                prop_assert!(
                    openness(new.allowed, access, new.effect) <= openness(old.allowed, access, old.effect),
                    "{path} {access:?}: {old:?} became {new:?}"
                );
            }
        }
        let old = without.env.select(caller());
        for variable in with.env.select(caller()) {
            prop_assert!(old.contains(&variable), "{variable:?}");
        }
        prop_assert!(with.network.mode <= without.network.mode);
        prop_assert!(!with.process.nested_namespaces || without.process.nested_namespaces);
        for name in LimitName::ALL {
            let (old, new) = (without.limits.get(name).value, with.limits.get(name).value);
            prop_assert!(old.is_none_or(|old| new.is_some_and(|new| new <= old)), "{name:?}");
        }
    }

    #[test]
    fn merging_is_deterministic(lower in lower(), managed in managed(), first in any::<Index>()) {
        let mut layers = lower;
        // Two layers of one kind are applied in the order given; here each kind is there once.
        layers.dedup_by_key(|layer| layer.kind.rank());
        layers.push(managed.layer(LayerKind::Managed));
        let once = merged(&layers);
        let by = first.index(layers.len());
        layers.rotate_left(by);
        prop_assert_eq!(&once, &merged(&layers));
        prop_assert_eq!(once.policy.digest_input(), merged(&layers).policy.digest_input());
    }

    #[test]
    fn the_shown_policy_reads_back(lower in lower()) {
        let policy = merged(&lower).policy;
        for sets in [Sets::Named, Sets::Expanded] {
            let text = pinfold_policy::to_toml(&policy, sets);
            let again = parse(&text, Path::new("shown"));
            prop_assert!(again.is_ok(), "{}\n{text}", again.expect_err("an error"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = parse(&text, Path::new("p")).map_err(|error| error.to_string());
    }

    #[test]
    fn no_damage_to_a_policy_makes_the_reader_panic(at in any::<Index>(), length in 0_usize..6, new in "\\PC{0,4}") {
        let text: Vec<char> = pinfold_policy::profile_text("workspace").expect("a profile").chars().collect();
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        let damaged: String = text[..start].iter().copied().chain(new.chars()).chain(text[end..].iter().copied()).collect();
        if let Ok(file) = parse(&damaged, Path::new("p")) {
            let _ = merge(&[Layer::new(LayerKind::User, file)], &places());
        }
    }

    #[test]
    fn no_value_makes_a_list_panic(value in "\\PC{0,12}|[*?/!~$@.{},\\[\\]a\\\\]{0,12}", path in any::<String>()) {
        use pinfold_policy::Setting;
        let mut file = pinfold_policy::PolicyFile::default();
        for setting in [Setting::Read, Setting::Deny, Setting::Protect, Setting::EnvAllow, Setting::EnvSet] {
            let _ = file.add_flag(setting, &value, "--flag");
        }
        if let Ok(merged) = merge(&[Layer::new(LayerKind::CommandLine, file)], &places()) {
            let decider = Decider::new(&merged.policy);
            let _ = decider.decide(Access::Write, Path::new(&path));
            let _ = decider.decide(Access::Read, Path::new(&format!("/{path}")));
            let _ = decider.decide(Access::Read, Path::new(&format!("/home/ada/work/{value}")));
        }
    }
}
