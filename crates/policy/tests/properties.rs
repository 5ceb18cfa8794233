//! Properties that hold for every combination of layers: the ceiling holds, a project that is not trusted only narrows,
//! and no text makes the reader fail otherwise than with an error.

use std::ffi::OsString;
use std::path::Path;

use pinfold_policy::{
    Access, Decider, Destination, Effect, HOST_NAME, Layer, LayerKind, LimitName, Merged, NetworkMode, Places,
    Platform, Rules, Sets, merge, parse,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

const WORKSPACE: &str = "/home/ada/work";
const PATHS: [&str; 10] =
    ["/srv", "/srv/a", "/srv/a/b", "/data", "~", "~/x", "./sub", "@workspace", "/home", "/srv/link.key"];
const DENIALS: [&str; 8] = ["/srv/a", "*.key", "**/b", "sub/", "~/x", "/srv/**/c", ".env", "x/y"];
const EXCEPTIONS: [&str; 6] = ["!*.key", "!/srv/a", "!**/b", "!sub", "!.env", "@secrets"];
const MASKS: [&str; 8] = [".env", "*.key", "**/b", "/srv/a/b", "@secrets", "/srv/link.key", "!.env", "!*.key"];
const PROTECTIONS: [&str; 6] = ["deploy/", "**/.vscode/", "!.vscode", "@metadata", ".git/hooks/", "!deploy"];
const NAMES: [&str; 8] = ["@base", "MY_*", "*", "TOKEN", "PATH", "MY_A", "L*", "OTHER"];
const MODES: [&str; 3] = ["off", "rules", "full"];
const HOSTS: [&str; 9] = [
    "'a.example'",
    "'*.example'",
    "'b.a.example:22'",
    "'*'",
    "'*:*'",
    "'10.0.0.0/8:*'",
    "'0.0.0.0/0'",
    "'127.0.0.1:80'",
    "{ host = 'a.example', methods = ['GET'], paths = ['/x/**'] }",
];
const BUDGETS: [&str; 3] = ["1MB", "2MB", "none"];
const VARIABLES: [&str; 7] = ["PATH", "MY_A", "MY_B", "TOKEN", "LANG", "OTHER", "HUSKY"];

/// What one random layer says.
#[derive(Debug, Clone, Default)]
struct Said {
    profile: Option<&'static str>,
    read: Option<Vec<&'static str>>,
    write: Option<Vec<&'static str>>,
    copy_on_write: Option<Vec<&'static str>>,
    deny: Vec<&'static str>,
    mask: Vec<&'static str>,
    protect: Vec<&'static str>,
    mode: Option<&'static str>,
    hosts: Option<Vec<&'static str>>,
    hosts_denied: Vec<&'static str>,
    host_ports: Option<Vec<u16>>,
    budget: Option<&'static str>,
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
        list("files.mask", &self.mask);
        list("files.protect", &self.protect);
        list("env.deny", &self.env_deny);
        self.profile.iter().for_each(|name| out.push_str(&format!("profile = '{name}'\n")));
        self.mode.iter().for_each(|mode| out.push_str(&format!("network.mode = '{mode}'\n")));
        self.hosts.iter().for_each(|hosts| out.push_str(&format!("network.allow = [{}]\n", hosts.join(", "))));
        out.push_str(&format!("network.deny = [{}]\n", self.hosts_denied.join(", ")));
        self.host_ports.iter().for_each(|ports| out.push_str(&format!("network.host-ports = {ports:?}\n")));
        self.budget.iter().for_each(|budget| out.push_str(&format!("network.budget.bytes-out = '{budget}'\n")));
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
    let files =
        (grants(), grants(), grants(), some_of(&DENIALS), some_of(&EXCEPTIONS), some_of(&PROTECTIONS), some_of(&MASKS));
    let env = (option::of(some_of(&NAMES)), some_of(&VARIABLES), some_of(&VARIABLES));
    let profile = option::of(select(&["workspace", "read-only", "offline-build", "open"]));
    let memory = option::of(select(&["1GiB", "2GiB", "3GiB", "none"]));
    let rest = (profile, option::of(any::<bool>()), memory);
    let ports = option::of(subsequence(vec![80, 5432], 0..=2));
    let hosts = (option::of(some_of(&HOSTS)), subsequence(&HOSTS, 0..=1));
    let network = (option::of(select(&MODES)), hosts, ports, option::of(select(&BUDGETS)));
    (files, env, network, rest).prop_map(|(files, env, network, rest)| Said {
        profile: rest.0,
        read: files.0,
        write: files.1,
        copy_on_write: files.2,
        deny: [files.3, files.4].concat(),
        mask: files.6,
        protect: files.5,
        mode: network.0,
        hosts: network.1.0,
        hosts_denied: network.1.1,
        host_ports: network.2,
        budget: network.3,
        allow: env.0,
        env_deny: env.1,
        set: env.2,
        nested: rest.1,
        memory: rest.2,
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

/// Destinations: names on their way to an address, and bare addresses.
fn destinations() -> Vec<Destination> {
    let hosts = ["a.example", "b.a.example", "example", "other.test", "host.pinfold.internal", "1.2.3.4", "10.1.2.3"];
    let more = ["127.0.0.1", "[::ffff:10.1.2.3]", "169.254.169.254"];
    let hosts = hosts.into_iter().chain(more);
    let to = |host: &str, port: u16| Destination::parse(&format!("{host}:{port}"), 0).expect("a destination");
    hosts.flat_map(|host| [22, 80, 443, 5432].map(|port| to(host, port))).collect()
}

const DIALLED: [&str; 4] = ["1.2.3.4", "10.1.2.3", "127.0.0.1", "64:ff9b::a01:203"];
const REQUESTS: [(&str, &str); 4] = [("GET", "/x/y"), ("POST", "/x/y"), ("GET", "/z"), ("GET", "/x/../z")];

/// Everything that the rules let through.
fn let_through(rules: &Rules) -> Vec<String> {
    let mut through = Vec::new();
    for to in destinations() {
        if rules.connect(&to).allowed() {
            through.push(format!("{to}"));
        }
        for (method, path) in REQUESTS.iter().filter(|(method, path)| rules.request(&to, method, path).allowed()) {
            through.push(format!("{to} {method} {path}"));
        }
        let ips = DIALLED.map(|ip| ip.parse().expect("an address"));
        for ip in ips.into_iter().filter(|ip| rules.connect(&to).allowed() && rules.address(*ip, &to).allowed()) {
            through.push(format!("{to} at {ip}"));
        }
    }
    through
}

/// Is an entry of the pool about this destination? `unsaid` is what no port means.
fn names(entry: &str, to: &Destination, unsaid: &[u16]) -> bool {
    let host = to.to_string();
    let (host, _) = host.rsplit_once(':').expect("a port");
    let name = to.name.is_some();
    let (fits, ports) = match entry {
        "'a.example'" => (host == "a.example", unsaid),
        "'*.example'" => (host.ends_with(".example"), unsaid),
        "'b.a.example:22'" => (host == "b.a.example", &[22][..]),
        "'*'" => (name, unsaid),
        "'*:*'" => (name, &[][..]),
        "'10.0.0.0/8:*'" => (host == "10.1.2.3", &[][..]),
        "'0.0.0.0/0'" => (host == "1.2.3.4", unsaid),
        "'127.0.0.1:80'" => (host == "127.0.0.1", &[80][..]),
        table => (table.contains("a.example") && host == "a.example", unsaid),
    };
    fits && (ports.is_empty() || ports.contains(&to.port))
}

/// Does the managed layer let this be reached? Stated from the words of the reference.
fn may_be_reached(managed: &Said, to: &Destination, method: &str, path: &str) -> bool {
    let table = |entry: &str| entry.starts_with('{');
    let request = |entry: &str| !table(entry) || (method == "GET" && path.starts_with("/x/") && !path.contains(".."));
    let forbids = |entry: &str| !table(entry) || (method == "GET" && (path.starts_with("/x/") || path.contains("..")));
    if managed.hosts_denied.iter().any(|entry| names(entry, to, &[]) && forbids(entry)) {
        return false;
    }
    if to.name.as_ref().is_some_and(|name| name.as_str() == HOST_NAME) {
        return managed.host_ports.as_ref().is_none_or(|ports| ports.contains(&to.port));
    }
    managed.hosts.as_ref().is_none_or(|hosts| hosts.iter().any(|entry| names(entry, to, &[80, 443]) && request(entry)))
}

/// Does the managed layer let a connection be opened whose requests are then judged one by one? A rule about requests
/// forbids none as such, also where it forbids each that another allows.
fn may_be_opened(managed: &Said, to: &Destination) -> bool {
    let denied = |entry: &&str| !entry.starts_with('{') && names(entry, to, &[]);
    let named = |hosts: &Vec<&str>| hosts.iter().any(|entry| names(entry, to, &[80, 443]));
    !managed.hosts_denied.iter().any(denied) && managed.hosts.as_ref().is_none_or(named)
}

/// From nothing at all to the host's own file.
fn openness(allowed: bool, access: Access, effect: Effect) -> u8 {
    match (allowed, access, effect) {
        (false, ..) => 0,
        (true, Access::Write, Effect::Private | Effect::CopyOnWrite) => 1,
        (true, _, Effect::Private) => 1,
        (true, _, Effect::Masked) => 2,
        (true, ..) => 3,
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
                    prop_assert!(verdict.effect != Effect::Masked, "{path} {access:?} is denied: {verdict:?}");
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
        let mode = |name: &str| NetworkMode::named(name).expect("a mode");
        prop_assert!(managed.mode.is_none_or(|most| policy.network.mode <= mode(most)));
        if managed.hosts.is_some() || !managed.hosts_denied.is_empty() {
            prop_assert!(policy.network.mode < NetworkMode::Full);
        }
        let rules = Rules::new(&policy);
        for to in destinations() {
            for (method, path) in REQUESTS {
                let ruling = rules.request(&to, method, path);
                prop_assert!(
                    !ruling.allowed() || may_be_reached(&managed, &to, method, path),
                    "{to} {method} {path}: {ruling:?}"
                );
            }
            let connect = rules.connect(&to);
            if connect.allowed() {
                let full = policy.network.mode == NetworkMode::Full;
                let unseen = REQUESTS.iter().all(|(m, p)| may_be_reached(&managed, &to, m, p));
                prop_assert!(full || unseen || (connect.inspect && may_be_opened(&managed, &to)), "{to}: {connect:?}");
                prop_assert_eq!(rules.smallest_change(&to), None);
            }
        }
        if let Some(bound) = managed.budget.filter(|bound| *bound != "none") {
            let bound: u64 = bound[..1].parse().expect("a digit");
            prop_assert!(policy.network.budget.bytes_out.value.is_some_and(|value| value <= bound * 1_000_000));
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
        let old = let_through(&Rules::new(&without));
        for through in let_through(&Rules::new(&with)) {
            prop_assert!(old.contains(&through), "{through} is new");
        }
        let (old, new) = (without.network.budget.bytes_out.value, with.network.budget.bytes_out.value);
        prop_assert!(old.is_none_or(|old| new.is_some_and(|new| new <= old)));
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
            // With the mode that is shown, the hosts that are shown are the same.
            let again = merged(&[Layer::new(LayerKind::User, again.expect("just read"))]).policy;
            prop_assert_eq!(let_through(&Rules::new(&again)), let_through(&Rules::new(&policy)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_name_is_its_own_one_form_and_never_an_address(text in "[a-zA-Z0-9.x_:ßé％。-]{1,20}|(0x)?[0-9a-f.]{1,12}|\\PC{0,8}") {
        if let Ok(name) = pinfold_policy::Name::new(&text) {
            prop_assert_eq!(pinfold_policy::Name::new(name.as_str()), Ok(name.clone()));
            prop_assert!(name.as_str().parse::<std::net::IpAddr>().is_err());
            prop_assert!(name.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || b"0123456789-_.".contains(&byte)));
        }
    }

    #[test]
    fn a_path_in_two_ways_never_passes(path in "(/|\\.|%2e|%2F|;|%5c|a|x|%00){1,10}") {
        let file = parse("network = { mode = 'rules', allow = [{ host = 'h.x', paths = ['/x/**'] }] }", Path::new("p"));
        let policy = merged(&[Layer::new(LayerKind::User, file.expect("a policy"))]).policy;
        let to = Destination::parse("h.x", 443).expect("a host");
        let decoded = path.replace("%2e", ".").replace("%2F", "/");
        if Rules::new(&policy).request(&to, "GET", &path).allowed() {
            let goes_elsewhere = decoded.split('/').any(|part| [".", ".."].contains(&part));
            prop_assert!(decoded.starts_with("/x") && !goes_elsewhere && !decoded.contains("//"));
            prop_assert!(!path.contains("%2F") && !path.contains(';') && !path.contains("%5c") && !path.contains("%00"));
        }
    }

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
        for setting in [Setting::Read, Setting::Deny, Setting::Mask, Setting::Protect, Setting::EnvAllow, Setting::EnvSet, Setting::AllowHost] {
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
