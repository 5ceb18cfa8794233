//! Plans for invented hosts: what each profile becomes on each kind of machine, and what holds for every plan.
#![cfg(unix)] // Elsewhere paths are joined with another letter.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use pinfold_plan::{Gate, GitDirectory, Host, Kind, Mode, Mount, Network, Plan, PlanError, Promise, linux};
use pinfold_policy::{AreaKind, Layer, LayerKind, PROFILE_NAMES, Places, Platform, Policy, merge, parse};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// A machine with a workspace, and what the user's and the administrator's policy files say.
#[derive(Debug, Clone)]
struct Machine {
    places: Places,
    host: Host,
    /// Paths of the policy that do not exist here.
    missing: Vec<&'static str>,
    /// Paths of the policy that are links, with what they lead to.
    linked: Vec<(&'static str, &'static str)>,
    user: String,
    managed: String,
}

impl Machine {
    /// An ordinary user of a recent distribution, with a repository that has a secret in it.
    fn ordinary() -> Self {
        Self::with_home("/home/ada")
    }

    fn with_home(home: &str) -> Self {
        let home = Path::new(home);
        let (workspace, state) = (home.join("work"), home.join(".local/state/pinfold/workspaces/work"));
        let host = Host {
            uid: 1000,
            gid: 1000,
            workspace_owner: (1000, 1000),
            landlock_abi: 7,
            kernel: (6, 15),
            overlay: true,
            private_home: state.join("home"),
            layers: state.join("layers"),
            private_temp: state.join("temp"),
            denied: vec![(workspace.join(".env"), false)],
            git: vec![repository(workspace.join(".git"))],
            protected: vec![workspace.join(".vscode"), workspace.join("sub/.envrc")],
            present: BTreeSet::from([workspace.join(".git"), workspace.join(".vscode")]),
            ..Host::default()
        };
        Self {
            places: Places { platform: Platform::Linux, workspace, home: home.to_owned() },
            host,
            missing: vec!["/lib32", "/libx32", "/nix/store", "/gnu/store", "/var/lib/ca-certificates"],
            linked: Vec::new(),
            user: String::new(),
            managed: String::new(),
        }
    }

    fn without_namespaces(landlock_abi: u32) -> Self {
        let mut machine = Self::ordinary();
        machine.host.no_user_namespaces = Some("user.max_user_namespaces is 0".into());
        machine.host.landlock_abi = landlock_abi;
        machine
    }

    fn root(id_mapped_mounts: bool) -> Self {
        let mut machine = Self::with_home("/root");
        let readable_secrets = vec![("/etc/shadow".into(), false), ("/etc/sudoers.d".into(), true)];
        machine.host = Host { uid: 0, gid: 0, id_mapped_mounts, readable_secrets, ..machine.host };
        machine
    }

    /// The workspace is one of several worktrees of a repository beside it.
    fn linked_worktree() -> Self {
        let mut machine = Self::ordinary();
        let common = GitDirectory { outside: true, ..repository("/home/ada/project/.git".into()) };
        let own = GitDirectory {
            path: "/home/ada/project/.git/worktrees/work".into(),
            outside: true,
            pointer: Some("/home/ada/work/.git".into()),
            existing: ["commondir", "gitdir"].map(PathBuf::from).into(),
        };
        machine.host.git = vec![own, common];
        machine
    }

    fn merged_usr() -> Self {
        let mut machine = Self::ordinary();
        for name in ["bin", "sbin", "lib", "lib64"] {
            machine.host.links.insert(Path::new("/").join(name), Path::new("usr").join(name));
        }
        machine.linked =
            vec![("/bin", "/usr/bin"), ("/sbin", "/usr/sbin"), ("/lib", "/usr/lib"), ("/lib64", "/usr/lib64")];
        machine
    }

    /// The user writes `/home/ada`, which is a link to another disk.
    fn home_behind_a_link() -> Self {
        let mut machine = Self::with_home("/data/home/ada");
        machine.host.links.insert("/home/ada".into(), "../data/home/ada".into());
        machine
    }

    fn user(mut self, text: &str) -> Self {
        self.user = text.to_owned();
        self
    }

    fn managed(mut self, text: &str) -> Self {
        self.managed = text.to_owned();
        self
    }

    fn policy(&self, profile: &str) -> Policy {
        let file = |text: &str| parse(text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}"));
        let user = Layer::new(LayerKind::User, file(&format!("profile = '{profile}'\n{}", self.user)));
        let managed = Layer::new(LayerKind::Managed, file(&self.managed));
        merge(&[user, managed], &self.places).expect("mergeable").policy
    }

    /// The host, on which of what the policy names a system, a Rust toolchain and what a person wrote exist.
    fn host(&self, policy: &Policy) -> Host {
        let mut host = self.host.clone();
        for area in policy.layout() {
            let toolchain = ["@toolchains", "@caches"].contains(&area.set.as_deref().unwrap_or_default());
            let rust = [".cargo", ".rustup"].iter().any(|part| area.path.starts_with(self.places.home.join(part)));
            if (toolchain && !rust) || self.missing.iter().any(|missing| area.path == Path::new(missing)) {
                continue;
            }
            let link = self.linked.iter().find(|(link, _)| area.path == Path::new(link));
            let link = link.map(|(_, leads_to)| Kind::Link { leads_to: leads_to.into(), directory: true });
            let file = area.path.extension().is_some_and(|extension| extension == "txt") || area.path.ends_with("env");
            host.paths.insert(area.path.clone(), link.unwrap_or(if file { Kind::File } else { Kind::Directory }));
        }
        host
    }

    fn plan(&self, profile: &str) -> Result<Plan, PlanError> {
        let policy = self.policy(profile);
        linux::build(&policy, &self.host(&policy))
    }
}

fn repository(path: PathBuf) -> GitDirectory {
    GitDirectory {
        path,
        outside: false,
        pointer: None,
        existing: ["config", "hooks", "info"].map(PathBuf::from).into(),
    }
}

/// The plan, one line for each thing that is done.
fn shown(plan: &Plan) -> String {
    let mut text = String::new();
    let mut line = |what: &dyn std::fmt::Debug| writeln!(text, "{what:?}").expect("a string takes everything");
    line(&(plan.backend, plan.identity, plan.network));
    line(&plan.seccomp);
    line(&plan.limits);
    plan.mounts.iter().for_each(|mount| line(mount));
    plan.landlock.rules.iter().for_each(|rule| line(&(rule.access, &rule.path)));
    plan.assurance.iter().for_each(|assurance| line(&(assurance.promise, assurance.keepers(), &assurance.note)));
    for watched in plan.watch.chunk_by(|one, next| one.directory == next.directory) {
        let names: Vec<_> = watched.iter().map(|watch| (&watch.name, watch.files_only)).collect();
        line(&(&watched[0].directory, names.len(), names.first(), names.last()));
    }
    text
}

#[test]
fn every_profile_on_every_machine() {
    for (name, machine) in [
        ("ordinary", Machine::ordinary()),
        ("landlock-only", Machine::without_namespaces(7)),
        ("nothing", Machine::without_namespaces(0)),
        ("root-with-id-maps", Machine::root(true)),
        ("root", Machine::root(false)),
        ("linked-worktree", Machine::linked_worktree()),
        ("merged-usr", Machine::merged_usr()),
        ("home-behind-a-link", Machine::home_behind_a_link()),
    ] {
        for profile in PROFILE_NAMES {
            insta::assert_snapshot!(format!("{name}-{profile}"), shown(&machine.plan(profile).expect("a plan")));
        }
    }
}

#[test]
fn a_masked_file_is_a_text_over_it_and_one_that_cannot_be_is_hidden() {
    let mut machine = Machine::ordinary().user("files.mask = ['.env', '@secrets']");
    machine.host.masked.insert("/home/ada/work/sub/.env".into(), "KEY=pinfold-masked-KEY\n".into());
    let plan = machine.plan("workspace").expect("a plan");
    let over = |mount: &&Mount| matches!(mount, Mount::Hide { .. } | Mount::Mask { .. });
    let covers: Vec<String> = plan.mounts.iter().filter(over).map(|mount| format!("{mount:?}")).collect();
    assert_snapshot!(covers.join("\n"), @r#"
    Hide { at: "/home/ada/work/.env", directory: false }
    Mask { at: "/home/ada/work/sub/.env", text: "KEY=pinfold-masked-KEY\n" }
    "#);
    let secrets = plan.assurance.iter().find(|assurance| assurance.promise == Promise::SecretsHidden);
    assert_snapshot!(secrets.and_then(|assurance| assurance.note.clone()).unwrap_or_default(), @"files that exist when the run starts; of 1 the values are masked");
    let json = serde_json::to_string(&plan).expect("data");
    assert_eq!(serde_json::from_str::<Plan>(&json).expect("the same data"), plan);
}

#[test]
fn without_mounts_nothing_is_masked_and_the_run_refused() {
    let mut machine = Machine::without_namespaces(7).user("files.mask = ['.env']");
    machine.host.denied.clear();
    machine.host.masked.insert("/home/ada/work/.env".into(), "KEY=pinfold-masked-KEY\n".into());
    let refusal = linux::refusal(&machine.plan("workspace").expect("a plan")).expect("promises are missing");
    assert!(refusal.missing.iter().any(|missing| missing.promise == Promise::SecretsHidden));
}

#[test]
fn changes_can_be_undone_where_the_kernel_tells_of_them_and_a_stage_needs_none_of_it() {
    let undone = |machine: Machine, policy: &str| {
        let plan = machine.user(policy).plan("workspace").expect("a plan");
        let promise = plan.assurance.into_iter().find(|assurance| assurance.promise == Promise::ChangesUndone);
        promise.map(|assurance| assurance.is_kept())
    };
    let untold = || {
        let mut machine = Machine::ordinary();
        machine.host.untold = Some("the kernel is too old".into());
        machine
    };
    assert_eq!(undone(Machine::ordinary(), "files.undo = true"), Some(true));
    assert_eq!(undone(untold(), "files.undo = true"), Some(false));
    assert_eq!(undone(Machine::without_namespaces(7), "files.undo = true"), Some(false));
    assert_eq!(undone(untold(), ""), None);
    let mut staged = untold();
    staged.host.stage = Some(pinfold_plan::Stage::default());
    assert_eq!(undone(staged, "files.undo = true\nfiles.stage = true"), None);
}

#[test]
fn a_path_that_a_person_wrote_must_exist_and_one_of_a_set_need_not() {
    let mut machine = Machine::ordinary().user("files.read = ['/srv/data']");
    machine.missing.push("/srv/data");
    let error = machine.plan("workspace").expect_err("missing");
    assert_eq!(error.to_string(), "/srv/data does not exist");
}

#[test]
fn a_link_leads_nowhere_that_the_managed_policy_does_not_allow() {
    let managed = "files.read = ['@system', '/srv']\nfiles.write = ['@workspace', '@home', '@temp', '/data']";
    for (key, link, leads_to, allowed) in [
        ("read", "/srv/link", "/srv/other", true),
        ("read", "/srv/link", "/data/x", true),
        ("read", "/srv/link", "/secret", false),
        ("write", "/data/link", "/data/x", true),
        ("write", "/data/link", "/srv/x", false),
        ("write", "./link", "/home/ada/other", false),
    ] {
        let mut machine = Machine::ordinary().user(&format!("files.{key} = ['{link}']"));
        let link = if link == "./link" { "/home/ada/work/link" } else { link };
        machine.linked.push((link, leads_to));
        assert!(machine.plan("workspace").is_ok(), "{key} {link} without a ceiling");
        let refused = PlanError::LinkBeyondCeiling { link: link.into(), target: leads_to.into() };
        let plan = machine.managed(managed).plan("workspace");
        assert_eq!(plan.err(), (!allowed).then_some(refused), "{key} {link} {leads_to}");
    }
}

#[test]
fn a_workspace_that_is_a_bare_repository_is_held_inside_and_not_above() {
    let mut machine = Machine::ordinary();
    machine.host.git = vec![repository(machine.places.workspace.clone())];
    let mounts = machine.plan("workspace").expect("a plan").mounts;
    assert!(mounts.contains(&Mount::Seal { at: "/home/ada/work/hooks".into() }));
    assert!(
        mounts.iter().all(|mount| !matches!(mount, Mount::Pin { at } if Path::new("/home/ada/work").starts_with(at)))
    );
}

#[test]
fn the_git_directory_outside_is_as_open_as_the_workspace_and_the_ceiling() {
    let mode = |machine: Machine, profile: &str| {
        let mounts = machine.plan(profile).expect("a plan").mounts;
        mounts.into_iter().find_map(|mount| match mount {
            Mount::Bind { at, mode, .. } if at == Path::new("/home/ada/project/.git") => Some(mode),
            _ => None,
        })
    };
    let read = "files.read = ['@system', '@workspace', '~/project']\n";
    let write = "files.write = ['@workspace', '@home', '@temp']";
    assert_eq!(mode(Machine::linked_worktree(), "workspace"), Some(Mode::Writable));
    assert_eq!(mode(Machine::linked_worktree(), "read-only"), Some(Mode::ReadOnly));
    assert_eq!(mode(Machine::linked_worktree().managed(read), "read-only"), Some(Mode::ReadOnly));
    assert_eq!(mode(Machine::linked_worktree().managed(write), "workspace"), None);
}

/// Where the policy lets a run write: the paths it grants, and what those that are links lead to.
fn writable(policy: &Policy, host: &Host) -> Vec<PathBuf> {
    let granted = policy.layout().filter(|area| area.kind == AreaKind::Write);
    let real = |path: PathBuf| match host.kind(&path) {
        Some(Kind::Link { leads_to, .. }) => leads_to.clone(),
        _ => path,
    };
    granted.map(|area| real(area.path.clone())).collect()
}

/// A machine with rules for the network, whose name server is systemd's.
fn with_gate(rules: &str, redirects: bool) -> Machine {
    let mut machine = Machine::ordinary().user(&format!("[network]\nmode = 'rules'\n{rules}"));
    machine.host.redirects = redirects;
    machine.host.resolver = Some("/run/systemd/resolve/stub-resolv.conf".into());
    machine.host.hosts = Some("/etc/hosts".into());
    machine.host.name = "engine".into();
    machine.host.trust_bundles = vec!["/etc/ssl/certs/ca-certificates.crt".into()];
    let stores =
        ["/etc/ssl/certs/java/cacerts", "/home/ada/.jdks/x/lib/security/cacerts", "/srv/jdk/lib/security/cacerts"];
    machine.host.java_trust_stores = stores.map(PathBuf::from).to_vec();
    machine.host.own_trust = "/home/ada/.local/state/pinfold/workspaces/work/layers/0.trust.pem".into();
    machine
}

#[test]
fn rules_of_the_network_are_the_gates() {
    let kept = |redirects| {
        let plan = with_gate("allow = ['*:*', '0.0.0.0/0:*']", redirects).plan("workspace").expect("a plan");
        assert_eq!(plan.network, Network::Gate(Gate { transparent: redirects, inspects: false }));
        assert_eq!(linux::refusal(&plan), None);
        let row = plan.assurance.iter().find(|row| row.promise == Promise::NetworkRules).expect("a row");
        format!("{}; {}", row.keepers(), row.note.as_deref().unwrap_or("all programs"))
    };
    assert_snapshot!(kept(true), @"gate, kernel: namespace; all programs");
    assert_snapshot!(kept(false), @"gate, kernel: namespace; proxy only: without nf_tables, programs that know no proxy reach nothing");
}

#[test]
fn what_programs_read_about_their_network_is_the_gates() {
    let mounts = |rules: &str| {
        let plan = with_gate(rules, true).plan("workspace").expect("a plan");
        let shown = |mount: &Mount| match mount {
            Mount::Text { at, text } => Some(format!("{}: {text:?}\n", at.display())),
            Mount::Bind { source, at, mode: Mode::ReadOnly, .. } if source != at => {
                Some(format!("{} <- {}\n", at.display(), source.display()))
            }
            _ => None,
        };
        plan.mounts.iter().filter_map(shown).collect::<String>()
    };
    assert_snapshot!(mounts("allow = ['a.example']"), @r#"
    /run/systemd/resolve/stub-resolv.conf: "nameserver 198.18.0.1\nsearch .\noptions timeout:2 attempts:2\n"
    /etc/hosts: "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 engine\n"
    "#);
    let inspecting = mounts("allow = [{ host = 'a.example', methods = ['GET'] }]");
    assert_snapshot!(inspecting, @r#"
    /run/systemd/resolve/stub-resolv.conf: "nameserver 198.18.0.1\nsearch .\noptions timeout:2 attempts:2\n"
    /etc/hosts: "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 engine\n"
    /etc/ssl/certs/ca-certificates.crt <- /home/ada/.local/state/pinfold/workspaces/work/layers/0.trust.pem
    /run/pinfold/trust.pem <- /home/ada/.local/state/pinfold/workspaces/work/layers/0.trust.pem
    /etc/ssl/certs/java/cacerts <- /home/ada/.local/state/pinfold/workspaces/work/layers/0.trust.jks
    /run/pinfold/trust.jks <- /home/ada/.local/state/pinfold/workspaces/work/layers/0.trust.jks
    "#);
    assert_eq!(mounts("[secrets.a]\nfrom = { env = 'A' }\nhosts = ['a.example']\nin = 'basic'"), inspecting);
}

#[test]
fn rules_of_the_network_let_nothing_out_where_no_gate_keeps_them() {
    let mut machine = Machine::without_namespaces(7);
    machine.user = "network = { mode = 'rules', allow = ['*:*', '0.0.0.0/0:*'] }".into();
    let plan = machine.plan("workspace").expect("a plan");
    assert_eq!(plan.network, Network::None);
    let missing = linux::refusal(&plan).expect("a refusal").missing;
    assert!(missing.iter().any(|assurance| assurance.promise == Promise::NetworkRules), "{missing:?}");
}

/// The last step before `index` that mounts something of the host at the path or above it.
fn bound<'a>(mounts: &'a [Mount], index: usize, path: &Path) -> Option<&'a Mount> {
    let binds =
        mounts[..index].iter().rev().filter(|mount| matches!(mount, Mount::Bind { .. } | Mount::CopyOnWrite { .. }));
    binds.filter(|mount| path.starts_with(mount.at())).max_by_key(|mount| mount.at().components().count())
}

fn machines() -> impl Strategy<Value = Machine> {
    const PATHS: [&str; 8] =
        ["/srv", "/srv/a/b", "/data", "/data/x", "~/other", "./sub", "./sub/deep", "/home/ada/project"];
    const HIDDEN: [&str; 4] = ["/home/ada/work/.env", "/home/ada/work/sub/deep/.env", "/srv/a/.env", "/data/x/y/.env"];
    const PROTECTED: [&str; 4] =
        ["/home/ada/work/.vscode", "/home/ada/work/sub/deep/.envrc", "/srv/a/.idea", "/data/x/y/z/.vscode"];
    let lists = [(); 3].map(|()| subsequence(PATHS.to_vec(), 0..4));
    let found = (subsequence(HIDDEN.to_vec(), 0..4), subsequence(PROTECTED.to_vec(), 0..4));
    let repositories = subsequence(vec!["/home/ada/work/.git", "/home/ada/work/sub/m/.git", "/data/x/.git"], 0..4);
    let machine = select(vec![Machine::ordinary(), Machine::linked_worktree(), Machine::merged_usr()]);
    let linked = subsequence(vec![("/srv", "/mnt/srv"), ("/data", "/mnt/data")], 0..3);
    (machine, lists, found, repositories, linked).prop_map(|(mut machine, lists, found, repositories, linked)| {
        let keys = ["read", "write", "copy-on-write"];
        machine.user = keys.iter().zip(&lists).map(|(key, paths)| format!("files.{key} = {paths:?}\n")).collect();
        machine.host.denied = found.0.into_iter().map(|path| (path.into(), false)).collect();
        machine.host.protected = found.1.into_iter().map(PathBuf::from).collect();
        machine.host.git.extend(repositories.into_iter().map(|path| repository(path.into())));
        machine.linked.extend(linked);
        machine
    })
}

proptest! {
    #[test]
    fn nothing_is_writable_but_what_the_policy_opens(machine in machines(), profile in select(PROFILE_NAMES)) {
        let policy = machine.policy(profile);
        let host = machine.host(&policy);
        let open = writable(&policy, &host);
        let own = open.contains(&policy.places.workspace);
        let outside = |path: &Path| own && host.git.iter().any(|git| git.outside && path == git.path);
        for mount in linux::build(&policy, &host).expect("a plan").mounts {
            let Mount::Bind { source, at, mode: Mode::Writable, .. } = &mount else { continue };
            let private_home = *at == policy.places.home && *source == host.private_home;
            prop_assert!(private_home || *source == *at && (open.contains(at) || outside(at)), "{mount:?}");
        }
    }

    #[test]
    fn what_is_held_lies_in_a_writable_place_and_so_do_its_parents(
        machine in machines(), profile in select(PROFILE_NAMES),
    ) {
        let mounts = machine.plan(profile).expect("a plan").mounts;
        for (index, mount) in mounts.iter().enumerate() {
            let (Mount::Pin { at } | Mount::Seal { at }) = mount else { continue };
            let Some(Mount::Bind { at: place, mode: Mode::Writable, .. }) = bound(&mounts, index, at) else {
                // In what a link leads to, paths are named by the link.
                prop_assert!(machine.linked.iter().any(|(link, _)| at.starts_with(link)), "{mount:?} in {mounts:#?}");
                continue;
            };
            for parent in at.ancestors().skip(1).take_while(|parent| parent != place) {
                let pinned = mounts[..index].contains(&Mount::Pin { at: parent.to_owned() });
                prop_assert!(pinned, "{} above {mount:?}", parent.display());
            }
        }
    }

    #[test]
    fn a_place_that_is_less_open_cannot_be_moved_out_of_the_way(
        machine in machines(), profile in select(PROFILE_NAMES),
    ) {
        let mounts = machine.plan(profile).expect("a plan").mounts;
        for area in machine.policy(profile).layout().filter(|area| area.kind == AreaKind::Read) {
            let is_it = |mount: &Mount| matches!(mount, Mount::Bind { at, mode: Mode::ReadOnly, .. } if *at == area.path);
            let Some(index) = mounts.iter().position(is_it) else { continue };
            let parent = area.path.parent().expect("not the root");
            if let Some(Mount::Bind { at: place, source, mode: Mode::Writable, .. }) = bound(&mounts, index, parent)
                && place == source
            {
                for parent in parent.ancestors().take_while(|parent| parent != place) {
                    prop_assert!(mounts[index..].iter().any(|mount| {
                        matches!(mount, Mount::Pin { at } | Mount::Seal { at } if at == parent)
                    }), "{} above {}", parent.display(), area.path.display());
                }
            }
        }
    }

    #[test]
    fn what_is_denied_is_hidden_after_all_that_could_show_it(
        machine in machines(), profile in select(PROFILE_NAMES),
    ) {
        let mounts = machine.plan(profile).expect("a plan").mounts;
        for (path, _) in &machine.host.denied {
            let shows = |mount: &Mount| !matches!(mount, Mount::Hide { .. }) && path.starts_with(mount.at());
            let last = mounts.iter().rposition(shows);
            let hidden = mounts.iter().rposition(|mount| matches!(mount, Mount::Hide { at, .. } if path.starts_with(at)));
            prop_assert!(hidden.is_some() && last < hidden, "{}", path.display());
        }
    }

    #[test]
    fn a_plan_is_read_as_it_was_written(machine in machines()) {
        let plan = machine.plan("workspace").expect("a plan");
        let text = serde_json::to_string(&plan).expect("serialisable");
        prop_assert_eq!(serde_json::from_str::<Plan>(&text).expect("readable"), plan);
    }
}

/// Git's own files are protected wherever they are opened; what is protected by its name alone may be opened by a person.
#[test]
fn what_is_opened_inside_of_git_stays_protected() {
    let machine =
        Machine::ordinary().user("files.write = ['.git/config', '.vscode', '@workspace', '@temp', '@home']\n");
    let mounts = machine.plan("workspace").expect("a plan").mounts;
    let sealed = |name: &str| mounts.contains(&Mount::Seal { at: Path::new("/home/ada/work").join(name) });
    assert!(sealed(".git/config") && !sealed(".vscode"));
    let place = |mount: &&Mount| mount.at() == Path::new("/home/ada/work/.git/config");
    let last = mounts.iter().rfind(place);
    assert!(matches!(last, Some(Mount::Seal { .. })), "{last:?}");
}
