//! What each profile becomes for a caller and for accounts, and how much is done for it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use pinfold_plan::windows::{Identity, Machine, Network, Plan, Reach};
use pinfold_plan::{GitDirectory, Host, Kind, PlanError, Promise};
use pinfold_policy::{PROFILE_NAMES, Policy};

use crate::machines::{PRIVATE, accounts, machine, plan, policy};

const WORKSPACE: &str = "C:/w";

/// An ordinary machine, on which Windows, a Rust toolchain and what a person wrote exist.
fn host(policy: &Policy) -> Host {
    let workspace = Path::new(WORKSPACE);
    let existing = |path: &Path| {
        let set = policy.layout().find(|area| area.path == path).and_then(|area| area.set.clone());
        let machine = ["@toolchains", "@caches"].contains(&set.as_deref().unwrap_or_default());
        !machine || path.to_string_lossy().contains("/.cargo/") || path.to_string_lossy().contains("/.rustup")
    };
    let paths = policy.layout().map(|area| area.path.clone()).filter(|path| existing(path));
    Host {
        private_home: PRIVATE[0].into(),
        private_temp: PRIVATE[1].into(),
        paths: paths.map(|path| (path, Kind::Directory)).collect(),
        git: vec![GitDirectory {
            path: workspace.join(".git"),
            outside: false,
            pointer: None,
            existing: ["config", "hooks", "info"].map(PathBuf::from).into(),
        }],
        denied: vec![(workspace.join(".env"), false)],
        protected: vec![workspace.join(".vscode"), workspace.join("sub/.envrc")],
        ..Host::default()
    }
}

fn planned(text: &str, machine: Machine) -> Result<Plan, PlanError> {
    let policy = policy(text);
    plan(&policy, &host(&policy), machine)
}

/// The plan, one line for each thing that is done.
fn shown(plan: &Plan) -> String {
    let mut text = String::new();
    let mut line = |what: &dyn std::fmt::Debug| writeln!(text, "{what:?}").expect("a string takes everything");
    line(&(plan.identity, plan.network, plan.desktop, &plan.mitigations));
    let token = &plan.token;
    line(&(token.write_restricted, token.least_privilege, token.integrity, &token.privileges));
    line(&("deny only", &token.deny_only));
    line(&("restricting", &token.restricting));
    token.default_list.iter().for_each(|ace| line(&(ace.kind, &ace.sid, ace.access)));
    line(&(plan.job.processes, plan.job.memory_bytes, plan.job.cpu_time_ms, plan.job.interface.len()));
    for edit in &plan.edits {
        line(&(&edit.path, edit.label.map(|label| label.level)));
        edit.entries.iter().for_each(|ace| line(&(ace.kind, &ace.sid, ace.access, u8::from(ace.inherit))));
    }
    plan.pins.iter().for_each(|pin| line(&("pin", pin)));
    plan.assurance.iter().for_each(|assurance| line(&(assurance.promise, assurance.keepers(), &assurance.note)));
    text
}

#[test]
fn every_profile_for_a_caller_and_for_accounts() {
    for profile in PROFILE_NAMES {
        for (name, machine) in [("caller", machine(None)), ("account", machine(Some(accounts())))] {
            let plan = planned(&format!("profile = '{profile}'"), machine).expect("a plan");
            assert_snapshot!(format!("{profile}_{name}"), shown(&plan));
        }
    }
}

#[test]
fn rules_lead_to_the_gate_where_the_firewall_leaves_a_port() {
    let rules = "network.mode = 'rules'\nnetwork.allow = ['a.example']";
    let network = |machine| planned(rules, machine).expect("a plan").network;
    assert_eq!(network(machine(None)), Network::Host);
    assert_eq!(network(machine(Some(accounts()))), Network::Gate { port: 47300, inspects: false });
    let closed = machine(Some(pinfold_plan::windows::Accounts { gate_port: None, ..accounts() }));
    assert_eq!(network(closed.clone()), Network::None);
    let kept = |machine, promise| {
        let plan = planned(rules, machine).expect("a plan");
        plan.assurance.iter().any(|assurance| assurance.promise == promise && assurance.is_kept())
    };
    assert!(kept(machine(Some(accounts())), Promise::NetworkRules));
    assert!(!kept(closed, Promise::NetworkRules) && !kept(machine(None), Promise::NetworkRules));
}

#[test]
fn where_tls_is_opened_the_certificates_can_be_read_and_not_written() {
    let reach = |text: &str, machine| {
        let policy = policy(&format!("network.mode = 'rules'\n{text}"));
        let host = Host { own_trust: "C:/state/trust/trust.pem".into(), ..host(&policy) };
        let plan = plan(&policy, &host, machine).expect("a plan");
        let inspects = matches!(plan.network, Network::Gate { inspects: true, .. });
        let root = plan.roots.iter().find(|root| root.path == r"C:\state\trust");
        assert_eq!(inspects, root.is_some(), "{text}");
        root.map(|root| root.reach)
    };
    let looking = "network.allow = [{ host = 'a.example', methods = ['GET'] }]";
    let secret = "[secrets.token]\nfrom = { env = 'TOKEN' }\nhosts = ['a.example']\nin = 'header:authorization'";
    assert_eq!(reach(looking, machine(Some(accounts()))), Some(Reach::Look));
    assert_eq!(reach(secret, machine(Some(accounts()))), Some(Reach::Look));
    assert_eq!(reach("network.allow = ['a.example']", machine(Some(accounts()))), None);
    assert_eq!(reach(looking, machine(None)), None);
}

#[test]
fn the_whole_network_needs_the_account_that_has_it() {
    let plan = planned("network.mode = 'full'", machine(Some(accounts()))).expect("a plan");
    assert_eq!((plan.identity, plan.network), (Identity::Online, Network::Host));
}

#[test]
fn what_cannot_be_kept_by_lists_is_refused() {
    let fat = Machine { without_lists: vec![r"C:\w".into()], ..machine(None) };
    assert_eq!(planned("", fat), Err(PlanError::WithoutLists { path: r"C:\w".into() }));
    for workspace in [r"C:\", r"c:\windows", r"C:\Users", r"D:\", r"C:\Windows\System32", r"C:\users\Ada"] {
        let policy = {
            let mut policy = policy("");
            policy.places.workspace = workspace.replace('\\', "/").into();
            policy
        };
        let refused = plan(&policy, &host(&policy), machine(None));
        assert!(
            matches!(refused, Err(PlanError::WorkspaceIsSystem { .. } | PlanError::WorkspaceTooWide { .. })),
            "{workspace}: {refused:?}"
        );
    }
}

/// However large the tree is: what is edited is what is different in it.
#[test]
fn of_a_tree_of_300_000_files_only_what_is_protected_is_touched() {
    let policy = policy("");
    let mut host = host(&policy);
    // What a probe of such a tree brings home: its files are not in it, its protected names are.
    host.protected = (0..300).map(|number| PathBuf::from(format!("{WORKSPACE}/packages/{number}/.vscode"))).collect();
    let plan = plan(&policy, &host, machine(None)).expect("a plan");
    let work = plan.edits.iter().filter(|edit| edit.path.starts_with(r"C:\w")).count();
    // The root; `.git` with three in it; `.env`; `packages`; each package with its settings.
    assert_eq!(work, 1 + (1 + 3) + 1 + 1 + 2 * 300);
    assert!(plan.roots.iter().all(|root| root.reach == Reach::Work));
}
