//! Facts about this host that decide what can be kept here.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pinfold_confine::linux::probe;
use pinfold_plan::{Identity, Mount, Plan, Promise};
use rustix::fs::Access;
use serde::Serialize;

/// What each version of Landlock added, for those who have an older one.
const LANDLOCK_ADDED: [(u32, &str); 4] =
    [(3, "truncation"), (4, "TCP ports"), (5, "control of devices"), (6, "scopes of abstract sockets and signals")];
/// Mounts below `/proc` that every host has, and that hide nothing of it.
const HARMLESS_BELOW_PROC: [&str; 3] = ["/proc/sys/fs/binfmt_misc", "/proc/fs/nfsd", "/proc/openprom"];

/// What matters about this host.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Facts {
    pub(super) kernel: String,
    pub(super) root: bool,
    /// Why user namespaces cannot be made, as far as settings tell.
    pub(super) no_user_namespaces: Option<String>,
    /// AppArmor lets only programs with a profile make user namespaces.
    pub(super) apparmor_restricts: bool,
    /// Version of Landlock that is used, 0 for none.
    pub(super) landlock_abi: u32,
    /// What this version of Landlock does not have.
    pub(super) landlock_lacks: Vec<&'static str>,
    /// Whether package caches are written to a private layer; `None` when there are none.
    pub(super) overlay: Option<bool>,
    /// Whether the gate is transparent: all programs are led to it, not only those that know proxies.
    pub(super) transparent_gate: bool,
    /// A cgroup of the caller's own, where pinfold runs.
    pub(super) cgroup_delegated: bool,
    /// For root: whether ids are mapped, so that root inside is nobody outside.
    pub(super) id_mapped_mounts: Option<bool>,
    /// Version of git.
    pub(super) git: Option<String>,
    /// The container that this runs in.
    pub(super) container: Option<String>,
    /// A system call filter is on already, put there by a container or service.
    pub(super) filtered: bool,
    /// What is mounted over parts of `/proc`, so that the kernel allows no new one.
    pub(super) masked_proc: Vec<PathBuf>,
}

impl Facts {
    /// Looks at the host. The plan is one for this host and any workspace.
    pub(super) fn look(plan: &Plan) -> Self {
        let root = rustix::process::geteuid().is_root();
        let landlock_abi = plan.landlock.abi;
        Self {
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            root,
            no_user_namespaces: probe::no_user_namespaces(),
            apparmor_restricts: !root && setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1",
            landlock_abi,
            landlock_lacks: landlock_lacks(landlock_abi),
            overlay: overlay(plan),
            transparent_gate: probe::can_redirect().unwrap_or(false),
            cgroup_delegated: cgroup()
                .is_some_and(|path| is_writable(&path.join("cgroup.procs")) && is_writable(&path)),
            id_mapped_mounts: root.then_some(matches!(plan.identity, Identity::Shadow { .. })),
            git: git(),
            container: container(),
            filtered: setting_in("/proc/self/status", "Seccomp:").is_some_and(|mode| mode != "0"),
            masked_proc: masked_proc(&setting("/proc/self/mountinfo")),
        }
    }

    /// One line for each.
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<17}{value}");
        };
        line("kernel", &self.kernel);
        if let Some(container) = &self.container {
            line(
                "container",
                &format!("{container}{}", if self.filtered { ", with a system call filter" } else { "" }),
            );
        }
        line("user namespaces", &self.no_user_namespaces.as_ref().map_or("yes".into(), |why| format!("no: {why}")));
        line("Landlock", &self.describe_landlock());
        if !self.masked_proc.is_empty() {
            line("/proc", &format!("{} places of it are covered", self.masked_proc.len()));
        }
        line(
            "overlays",
            match self.overlay {
                Some(true) => "yes: package caches are used, and changed in a private layer only",
                Some(false) => "no: package caches are read-only inside",
                None => "not needed: there are no package caches",
            },
        );
        line(
            "network rules",
            match (&self.no_user_namespaces, self.transparent_gate) {
                (Some(_), _) => "no: nothing leads to the gate without a network namespace",
                (None, true) => "yes: whatever a program does, it comes to the gate (nf_tables)",
                (None, false) => "for programs that know proxies: this kernel redirects nothing (nf_tables)",
            },
        );
        if let Some(mapped) = self.id_mapped_mounts {
            line(
                "id-mapped mounts",
                if mapped {
                    "yes: root inside is nobody outside"
                } else {
                    "no: root keeps its user id, without capabilities"
                },
            );
        }
        line(
            "cgroup v2",
            if self.cgroup_delegated {
                "delegated; not needed: the supervisor and the kernel's limits do it"
            } else {
                "not delegated; not needed: the supervisor and the kernel's limits do it"
            },
        );
        line("git", self.git.as_deref().unwrap_or("not here: names and addresses of committers do not come in"));
        text
    }

    fn describe_landlock(&self) -> String {
        match (self.landlock_abi, self.landlock_lacks.as_slice()) {
            (0, _) => "no: too old, or not among the kernel's security modules (lsm=…)".into(),
            (abi, []) => format!("version {abi}, with all that is used"),
            (abi, lacks) => format!("version {abi}, without {}", lacks.join(", ")),
        }
    }
}

fn landlock_lacks(abi: u32) -> Vec<&'static str> {
    LANDLOCK_ADDED.iter().filter(|(version, _)| abi < *version).map(|(_, what)| *what).collect()
}

/// As the plan has it: with a note when overlays cannot be mounted.
fn overlay(plan: &Plan) -> Option<bool> {
    if plan.mounts.iter().any(|mount| matches!(mount, Mount::CopyOnWrite { .. })) {
        return Some(true);
    }
    let caches = plan.assurance.iter().find(|assurance| assurance.promise == Promise::CachesIntact)?;
    caches.note.is_some().then_some(false)
}

fn setting(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// The word after a key in a file of lines.
pub(super) fn setting_in(path: &str, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim().to_owned())
}

/// The directory of this process's cgroup.
fn cgroup() -> Option<PathBuf> {
    let path = setting_in("/proc/self/cgroup", "0::/")?;
    Some(Path::new("/sys/fs/cgroup").join(path)).filter(|path| path.exists())
}

fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, Access::WRITE_OK).is_ok()
}

fn git() -> Option<String> {
    let output = Command::new("git").arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let said = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(said.trim().trim_start_matches("git version ").to_owned())
}

fn container() -> Option<String> {
    if Path::new("/.dockerenv").exists() {
        return Some("docker".into());
    }
    if Path::new("/run/.containerenv").exists() {
        return Some("podman".into());
    }
    std::env::var("container").ok().filter(|name| !name.is_empty())
}

/// Places below `/proc` that something is mounted over: the kernel allows a new `/proc` only to those who see all of
/// the old one.
fn masked_proc(mountinfo: &str) -> Vec<PathBuf> {
    let points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4));
    let masks = points.filter(|point| point.starts_with("/proc/") && !HARMLESS_BELOW_PROC.contains(point));
    masks.map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_covered_proc_is_told_from_an_ordinary_one() {
        let ordinary = "24 1 0:22 / /proc rw - proc proc rw\n30 24 0:27 / /proc/sys/fs/binfmt_misc rw - autofs a rw";
        assert!(masked_proc(ordinary).is_empty());
        let masked = format!("{ordinary}\n31 24 0:5 /null /proc/kcore rw - tmpfs tmpfs rw");
        assert_eq!(masked_proc(&masked), [PathBuf::from("/proc/kcore")]);
    }

    #[test]
    fn an_old_landlock_says_what_it_lacks() {
        let facts = Facts { landlock_abi: 3, landlock_lacks: landlock_lacks(3), ..Facts::default() };
        assert!(facts.describe().contains("version 3, without TCP ports, control of devices, scopes"));
        assert!(landlock_lacks(6).is_empty());
    }
}
