//! Facts about the kernel, the caller and the system's own files.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, StatxFlags};
use rustix::thread::CapabilitySet;

use crate::linux::seccomp;

/// Files that hold secrets of the system. Where the caller may read them all the same (as root, or as a member of a
/// group) they are covered.
const SYSTEM_SECRETS: [&str; 12] = [
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/ssl/private",
    "/etc/krb5.keytab",
    "/etc/wireguard",
    "/etc/docker",
    "/etc/kubernetes",
    "/etc/NetworkManager/system-connections",
];

/// What container engines cover or make read-only in `/proc`.
const COVERED_IN_CONTAINERS: [&str; 11] = [
    "/proc/sys",
    "/proc/sysrq-trigger",
    "/proc/irq",
    "/proc/bus",
    "/proc/fs",
    "/proc/kcore",
    "/proc/keys",
    "/proc/acpi",
    "/proc/asound",
    "/proc/timer_list",
    "/proc/scsi",
];

/// File systems whose mounts can map ids (`mount_setattr(2)`), by their numbers in `linux/magic.h`: ext4, XFS, Btrfs,
/// F2FS, EROFS. tmpfs can since 6.3 only and is left out.
const ID_MAPPING_FILE_SYSTEMS: [u64; 5] = [0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0xE0F5_E1E2];

/// Why the kernel tells nobody of calls before it carries them out, if so.
pub(super) fn untold() -> Option<String> {
    let error = seccomp::listener_is_given().err()?;
    Some(match error.kind() {
        std::io::ErrorKind::ResourceBusy => {
            "something around it is told of calls already, and the kernel allows one".into()
        }
        _ => format!("the kernel does not tell of calls: {error}"),
    })
}

/// Secrets of the system that the caller may read, directories flagged. Root may read everything, so for root it is
/// all in `/etc` that others may not.
pub(super) fn readable_secrets() -> Vec<(PathBuf, bool)> {
    if rustix::process::geteuid().is_root() {
        let mut secrets = Vec::new();
        not_for_others(Path::new("/etc"), &mut secrets);
        return secrets;
    }
    let listed = SYSTEM_SECRETS.iter().map(PathBuf::from);
    let host_keys = std::fs::read_dir("/etc/ssh").into_iter().flatten().flatten().map(|entry| entry.path());
    let host_keys = host_keys.filter(|path| path.to_string_lossy().ends_with("_key"));
    let readable = |path: &PathBuf| rustix::fs::accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS).is_ok();
    let flag = |path: PathBuf| {
        let directory = path.is_dir();
        (path, directory)
    };
    listed.chain(host_keys).filter(readable).map(flag).collect()
}

/// Collects what the permission bits keep from others.
fn not_for_others(directory: &Path, secrets: &mut Vec<(PathBuf, bool)>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_symlink() {
            continue;
        }
        let needed = if metadata.is_dir() { 0o005 } else { 0o004 };
        if metadata.permissions().mode() & needed != needed {
            secrets.push((entry.path(), metadata.is_dir()));
        } else if metadata.is_dir() {
            not_for_others(&entry.path(), secrets);
        }
    }
}

/// What the machine calls itself.
pub(super) fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Why user namespaces cannot be made, as far as the kernel's settings tell.
pub fn no_user_namespaces() -> Option<String> {
    let setting = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let is_root = rustix::process::geteuid().is_root();
    if !Path::new("/proc/self/ns/user").exists() {
        return Some("this kernel has no user namespaces".into());
    }
    if setting("/proc/sys/user/max_user_namespaces").as_deref() == Some("0") {
        return Some("user.max_user_namespaces is 0".into());
    }
    if is_root && !rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SETFCAP))
    {
        return Some("root without CAP_SETFCAP may not map its own id".into());
    }
    if is_proc_covered() {
        return Some("/proc is partly covered here, as in a container, so that no fresh one can be mounted".into());
    }
    if !is_root && setting("/proc/sys/kernel/unprivileged_userns_clone").as_deref() == Some("0") {
        return Some("kernel.unprivileged_userns_clone is 0".into());
    }
    if !is_root && setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").as_deref() == Some("1") {
        let profile = setting("/proc/self/attr/current").unwrap_or_default();
        if profile == "unconfined" || profile.is_empty() {
            return Some("AppArmor restricts user namespaces to programs with a profile".into());
        }
    }
    None
}

/// Whether something is mounted over a part of `/proc`: then the kernel refuses another mount of it in a user namespace,
/// which would show what is covered (`mount_too_revealing`).
fn is_proc_covered() -> bool {
    let mount = |path: &str| {
        rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::MNT_ID).ok().map(|statx| statx.stx_mnt_id)
    };
    let whole = mount("/proc");
    COVERED_IN_CONTAINERS.iter().filter_map(|path| mount(path)).any(|part| Some(part) != whole)
}

/// Whether the caller may map ids and these directories, or the nearest that exist above them, are on file systems
/// that can.
pub(super) fn can_map_ids(directories: &[&PathBuf]) -> bool {
    let initial = || {
        let whole_range = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        whole_range.split_whitespace().eq(["0", "0", "4294967295"])
    };
    let capable = rustix::thread::capabilities(None)
        .is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN | CapabilitySet::SETUID));
    let able = |directory: &&PathBuf| {
        let existing = directory.ancestors().find(|ancestor| ancestor.exists());
        let kind = existing.and_then(|existing| rustix::fs::statfs(existing).ok()).map(|stat| stat.f_type as u64);
        kind.is_some_and(|kind| ID_MAPPING_FILE_SYSTEMS.contains(&kind))
    };
    capable && initial() && kernel() >= (5, 19) && directories.iter().all(able)
}

/// Major and minor version of the kernel.
pub(super) fn kernel() -> (u32, u32) {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy().into_owned();
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit()).map_while(|part| part.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
