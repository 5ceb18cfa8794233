//! Policy files: no text makes the reader panic, a managed policy is a ceiling, and a project that is not trusted only
//! narrows. The input is up to four files, each after a line that begins with `%`.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use pinfold_policy::{
    Access, Decider, Destination, Effect, Layer, LayerKind, LimitName, List, Merged, Places, Platform, PolicyFile,
    Rules, merge, parse,
};

const SEPARATOR: &str = "\n%";
const PROBES: [&str; 14] = [
    "/",
    "/usr/bin/env",
    "/etc/passwd",
    "/home/ada",
    "/home/ada/.ssh/id_ed25519",
    "/home/ada/.cargo/bin/x",
    "/home/ada/work",
    "/home/ada/work/a",
    "/home/ada/work/.env",
    "/home/ada/work/.git/config",
    "/home/ada/work/.git/hooks/pre-commit",
    "/srv/a/b",
    "/tmp/x",
    "/proc/self/mem",
];

const DESTINATIONS: [&str; 5] = ["a.example", "github.com:22", "1.2.3.4:80", "10.1.2.3:5432", "127.0.0.1:80"];

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(4, SEPARATOR).map(read);
    let mut next = |kind| parts.next().flatten().map(|file| Layer::new(kind, file));
    let user = next(LayerKind::User);
    let project = next(LayerKind::Project { trusted: false });
    let managed = next(LayerKind::Managed);
    let command_line = next(LayerKind::CommandLine);
    let trusted: Vec<Layer> = user.into_iter().chain(command_line).collect();
    let all = [trusted.as_slice(), project.as_slice(), managed.as_slice()].concat();
    if all.is_empty() {
        return;
    }
    let platform = Platform::ALL[text.len() % Platform::ALL.len()];
    if platform != Platform::Linux {
        let _ = merge(&all, &places(platform));
        return;
    }
    let Some(without) = merged(&[trusted.as_slice(), managed.as_slice()].concat()) else { return };
    if managed.is_some() {
        ceilings_hold(&without);
        if let Some(free) = merged(&trusted).filter(|free| free.policy.profile == without.policy.profile) {
            no_wider(&free, &without, "managed");
        }
    }
    if let Some(project) = project
        && let Some(with) = merged(&[trusted.as_slice(), &[project], managed.as_slice()].concat())
    {
        no_wider(&without, &with, "project");
    }
});

/// A file that can be read; the message of any other can be written.
fn read(text: &str) -> Option<PolicyFile> {
    parse(text, Path::new("pinfold.toml")).map_err(|error| error.to_string()).ok()
}

fn places(platform: Platform) -> Places {
    let root = if platform == Platform::Windows { "C:" } else { "" };
    Places { platform, workspace: format!("{root}/home/ada/work").into(), home: format!("{root}/home/ada").into() }
}

fn merged(layers: &[Layer]) -> Option<Merged> {
    merge(layers, &places(Platform::Linux)).map_err(|error| error.to_string()).ok()
}

fn ceilings_hold(merged: &Merged) {
    let policy = &merged.policy;
    for (list, grants) in
        [(List::Read, &policy.read), (List::Write, &policy.write), (List::CopyOnWrite, &policy.copy_on_write)]
    {
        for path in grants.iter().filter_map(|grant| grant.target.host_path(&policy.places)) {
            assert!(policy.fits_ceilings(list, &path), "{list:?} {}", path.display());
        }
    }
}

/// Nothing is allowed after that was not before.
fn no_wider(before: &Merged, after: &Merged, who: &str) {
    let (old, new) = (Decider::new(&before.policy), Decider::new(&after.policy));
    for path in PROBES.map(Path::new) {
        for access in [Access::Read, Access::Write, Access::Exec] {
            let allowed = new.decide(access, path).allowed;
            assert!(!allowed || old.decide(access, path).allowed, "{who} opens {access:?} {}", path.display());
            let masked = |decider: &Decider| decider.decide(access, path).effect == Effect::Masked;
            assert!(!allowed || masked(&new) || !masked(&old), "{who} unmasks {}", path.display());
        }
    }
    assert!(after.policy.network.mode <= before.policy.network.mode, "{who} opens the network");
    let (old, new) = (Rules::new(&before.policy), Rules::new(&after.policy));
    for to in DESTINATIONS.map(|text| Destination::parse(text, 443).expect("a destination")) {
        assert!(!new.connect(&to).allowed() || old.connect(&to).allowed(), "{who} opens {to}");
    }
    for name in LimitName::ALL {
        let (old, new) = (before.policy.limits.get(name).value, after.policy.limits.get(name).value);
        assert!(old.is_none_or(|old| new.is_some_and(|new| new <= old)), "{who} raises {name:?}");
    }
}
