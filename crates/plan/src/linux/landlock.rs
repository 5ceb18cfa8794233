//! The same paths for Landlock.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use pinfold_policy::AreaKind;

use crate::sites::Site;
use crate::{Backend, Host, Landlock, LandlockAccess, LandlockRule, Mode, Mount};

/// What is allowed, by path as text.
type Rules<'a> = BTreeMap<&'a OsStr, LandlockAccess>;

/// Rules that allow what the mounts (or, without mounts, the areas) allow.
pub(super) fn rules(host: &Host, sites: &[Site], mounts: &[Mount], backend: Backend) -> Landlock {
    // Before version 2 Landlock refuses every rename from one directory to another: nothing could be built.
    if host.landlock_abi < 2 {
        return Landlock::default();
    }
    let mut rules = Rules::new();
    match backend {
        Backend::LinuxNamespaces => {
            widen(&mut rules, Path::new("/"), LandlockAccess::List);
            mounts.iter().for_each(|mount| of_mount(mount, &mut rules));
        }
        Backend::LinuxLandlock => {
            sites.iter().for_each(|site| of_site(site, &mut rules));
            widen(&mut rules, &host.private_home, LandlockAccess::Write);
            widen(&mut rules, &host.private_temp, LandlockAccess::Write);
        }
    }
    let rules = rules.into_iter().map(|(path, access)| LandlockRule { path: path.into(), access }).collect();
    Landlock { abi: host.landlock_abi, rules }
}

fn of_mount<'a>(mount: &'a Mount, rules: &mut Rules<'a>) {
    let access = match mount {
        Mount::Bind { mode: Mode::ReadOnly, .. } | Mount::Text { .. } => LandlockAccess::Read,
        Mount::Bind { mode: Mode::Writable, .. } | Mount::CopyOnWrite { .. } | Mount::Private { .. } => {
            LandlockAccess::Write
        }
        // Landlock's rules are for the whole life of a run. What may be done to what is shown there later, its mount says.
        Mount::Place { .. } => LandlockAccess::Write,
        Mount::Proc => LandlockAccess::Use,
        Mount::Devices => {
            widen(rules, Path::new("/dev/shm"), LandlockAccess::Write);
            LandlockAccess::Use
        }
        Mount::Link { .. } | Mount::Pin { .. } | Mount::Seal { .. } | Mount::Hide { .. } | Mount::Mask { .. } => {
            return;
        }
    };
    widen(rules, mount.at(), access);
}

/// Without mounts of our own the host's paths themselves are allowed.
fn of_site<'a>(Site { area, .. }: &'a Site, rules: &mut Rules<'a>) {
    let path = &area.path;
    match area.kind {
        AreaKind::Read | AreaKind::CopyOnWrite => widen(rules, path, LandlockAccess::Read),
        AreaKind::Write => widen(rules, path, LandlockAccess::Write),
        AreaKind::Private => match path.to_str() {
            Some("/dev") => DEVICES.iter().for_each(|device| widen(rules, Path::new(device), LandlockAccess::Use)),
            // Others' processes are not told apart from one's own there; only what says something about the machine.
            Some("/proc") => MACHINE.iter().for_each(|file| widen(rules, Path::new(file), LandlockAccess::Read)),
            _ => {}
        },
    }
}

const DEVICES: [&str; 7] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/pts"];
const MACHINE: [&str; 6] =
    ["/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/uptime", "/proc/loadavg", "/proc/sys"];

fn widen<'a>(rules: &mut Rules<'a>, path: &'a Path, access: LandlockAccess) {
    let entry = rules.entry(path.as_os_str()).or_insert(access);
    *entry = access.max(*entry);
}
