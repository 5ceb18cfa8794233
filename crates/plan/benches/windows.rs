//! How long a plan for Windows takes: `cargo bench -p pinfold-plan`.
//!
//! In one run, for a workspace as they are and for one with far too much that is protected, beside a plan for Linux of the
//! same policy. Each figure is the median of many plans.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pinfold_acl::Sid;
use pinfold_plan::windows::{Machine, areas, build};
use pinfold_plan::{GitDirectory, Host, Kind, linux};
use pinfold_policy::{Layer, LayerKind, Places, Platform, Policy, merge, parse};

fn policy(platform: Platform) -> Policy {
    let (workspace, home) = match platform {
        Platform::Windows => ("C:/work", "C:/Users/ada"),
        _ => ("/home/ada/work", "/home/ada"),
    };
    let places = Places { platform, workspace: workspace.into(), home: home.into() };
    let file = parse("", Path::new("policy.toml")).expect("a policy");
    merge(&[Layer::new(LayerKind::User, file)], &places).expect("mergeable").policy
}

/// A host with all that the policy names, and so many protected names in the workspace.
fn host(policy: &Policy, protected: usize) -> Host {
    let workspace = &policy.places.workspace;
    let protected = (0..protected).map(|number| workspace.join(format!("packages/{number}/.vscode")));
    Host {
        private_home: workspace.with_file_name("home"),
        private_temp: workspace.with_file_name("temp"),
        paths: policy.layout().map(|area| (area.path.clone(), Kind::Directory)).collect(),
        git: vec![GitDirectory {
            path: workspace.join(".git"),
            outside: false,
            pointer: None,
            existing: ["config", "hooks", "info"].map(PathBuf::from).into(),
        }],
        protected: protected.collect(),
        ..Host::default()
    }
}

fn machine(policy: &Policy, host: &Host) -> Machine {
    let sid = |number| Sid::new(5, &[21, 1, 2, 3, number]).expect("an identifier");
    let machine = Machine {
        build: 22631,
        user: sid(1001),
        logon: None,
        groups: Vec::new(),
        in_job: false,
        identifiers: Default::default(),
        without_lists: Vec::new(),
        linked: Vec::new(),
        program: None,
        accounts: None,
    };
    let paths = areas(policy, host, &machine).expect("areas");
    let identifiers = paths.into_iter().zip(5000..).map(|(path, number)| (path, sid(number))).collect();
    Machine { identifiers, ..machine }
}

fn median(work: impl Fn()) -> Duration {
    let once = || {
        let begin = Instant::now();
        work();
        begin.elapsed()
    };
    let mut times: Vec<Duration> = (0..201).map(|_| once()).collect();
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let (windows, linux_policy) = (policy(Platform::Windows), policy(Platform::Linux));
    for protected in [10, 3000] {
        let (host, other) = (host(&windows, protected), host(&linux_policy, protected));
        let machine = machine(&windows, &host);
        let edits = build(&windows, &host, &machine).expect("a plan").edits.len();
        let here = median(|| drop(build(&windows, &host, &machine)));
        let there = median(|| drop(linux::build(&linux_policy, &other)));
        println!("{protected} protected names, {edits} edits: {here:.2?} (goal 5 ms); for Linux {there:.2?}");
    }
}
