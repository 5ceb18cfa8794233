//! Invented machines, and what a probe would say of a tree and a policy.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_acl::{Child, Sid};
use pinfold_plan::windows::{Accounts, Machine, Plan, areas, build, native};
use pinfold_plan::{GitDirectory, Host, Kind, PlanError};
use pinfold_policy::{Access, Decider, Effect, Layer, LayerKind, Places, Platform, Policy, merge, parse};

use crate::world::{WORKSPACE, World, parent, synthetic, user};

pub(crate) const PRIVATE: [&str; 2] = ["C:/state/home", "C:/state/temp"];

pub(crate) fn accounts() -> Accounts {
    let sid = |number| Sid::new(5, &[21, 1, 2, 3, number]).expect("an identifier");
    Accounts { group: sid(2000), offline: sid(2001), online: sid(2002), gate_port: Some(47300) }
}

pub(crate) fn machine(accounts: Option<Accounts>) -> Machine {
    Machine {
        build: 22631,
        user: user(),
        logon: Sid::new(5, &[5, 0, 77]),
        groups: vec![Sid::USERS, Sid::ADMINISTRATORS],
        in_job: false,
        identifiers: Default::default(),
        without_lists: Vec::new(),
        linked: Vec::new(),
        program: None,
        accounts,
    }
}

pub(crate) fn policy(text: &str) -> Policy {
    let places = Places { platform: Platform::Windows, workspace: WORKSPACE.into(), home: r"C:\Users\ada".into() };
    let file = parse(text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"));
    merge(&[Layer::new(LayerKind::User, file)], &places).expect("mergeable").policy
}

/// The plan, on a machine that gives identifiers as they are asked for.
pub(crate) fn plan(policy: &Policy, host: &Host, mut machine: Machine) -> Result<Plan, PlanError> {
    let paths = areas(policy, host, &machine)?;
    machine.identifiers = paths.into_iter().enumerate().map(|(number, path)| (path, synthetic(number))).collect();
    build(policy, host, &machine)
}

/// What a probe would find.
pub(crate) fn seen(world: &World, policy: &Policy) -> Host {
    let decider = Decider::new(policy);
    let slashed = |path: &str| PathBuf::from(path.replace('\\', "/"));
    let all = || world.names.keys().filter(|path| *path != crate::world::TOP);
    let effect = |path: &str, access| decider.decide(access, &slashed(path)).effect;
    // The outermost of those for which something holds.
    let outermost = |holds: &dyn Fn(&str) -> bool| {
        let above = |path: &str| parent(path).is_some_and(|parent| parent.contains('\\') && holds(parent));
        all().filter(|path| holds(path) && !above(path)).map(|path| slashed(path)).collect::<Vec<PathBuf>>()
    };
    let kind = |path: &Path| match world.names.get(&native(path)).map(|node| world.nodes[*node].child) {
        Some(Child::File) => Some(Kind::File),
        Some(Child::Directory) => Some(Kind::Directory),
        None => None,
    };
    let paths = policy.layout().filter_map(|area| Some((area.path.clone(), kind(&area.path)?)));
    let git = slashed(WORKSPACE).join(".git");
    let repository = GitDirectory {
        existing: ["config", "hooks"].map(PathBuf::from).into(),
        path: git.clone(),
        outside: false,
        pointer: None,
    };
    let denied = outermost(&|path| effect(path, Access::Read) == Effect::Hidden);
    Host {
        private_home: PRIVATE[0].into(),
        private_temp: PRIVATE[1].into(),
        paths: paths.collect(),
        git: vec![repository],
        protected: outermost(&|path| effect(path, Access::Write) == Effect::Protected && path != native(&git)),
        present: BTreeSet::from([git]),
        denied_in_place: denied.clone(),
        denied: denied.into_iter().map(|path| (path, true)).collect(),
        ..Host::default()
    }
}
