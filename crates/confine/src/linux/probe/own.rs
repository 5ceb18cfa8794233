//! By which names files are met: a mount shows the same ones in another place.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use pinfold_plan::{Host, Kind};
use pinfold_policy::{AreaKind, Policy};

/// A line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
#[derive(Debug)]
struct Mounted {
    /// The file system, as major and minor number.
    device: String,
    /// What of it is shown, as a path from its own root.
    root: PathBuf,
    /// Where.
    point: PathBuf,
}

/// All paths, that one included, by which somebody meets a directory or what is in it, in whatever mounts this process sees.
/// `path` is absolute and without links, and need not exist.
pub fn names(path: &Path) -> Vec<PathBuf> {
    names_among(&mounts(&std::fs::read("/proc/self/mountinfo").unwrap_or_default()), path)
}

fn names_among(mounts: &[Mounted], path: &Path) -> Vec<PathBuf> {
    let mut names = names_in(mounts, path);
    // What is mounted in it has names of its own; those below that one are covered with it.
    let inside = mounts.iter().filter(|mount| mount.point.starts_with(path) && mount.point != path);
    let others = inside.flat_map(|inside| names_in(mounts, &inside.point)).filter(|name| !name.starts_with(path));
    names.extend(others);
    names
}

/// Denies what is pinfold's own wherever the run would see it.
pub(super) fn deny(host: &mut Host, policy: &Policy, own: &[PathBuf]) {
    let met = own.iter().filter(|own| own.is_dir() && is_shown(host, policy, own));
    let met: Vec<_> = met.map(|own| (own.clone(), true)).collect();
    host.denied.extend(met);
}

/// Whether the deepest place that a path lies in is the host's.
fn is_shown(host: &Host, policy: &Policy, path: &Path) -> bool {
    let shown = policy.layout().filter_map(|area| {
        let real = match host.paths.get(&area.path) {
            Some(Kind::Link { leads_to, .. }) => leads_to,
            _ => &area.path,
        };
        path.starts_with(real).then(|| (real.as_os_str().len(), area.kind != AreaKind::Private))
    });
    shown.max().is_some_and(|(_, shown)| shown)
}

fn names_in(mounts: &[Mounted], path: &Path) -> Vec<PathBuf> {
    let mut names = vec![path.to_owned()];
    // Of several at the same place the last one is seen.
    let around = mounts.iter().filter(|mount| path.starts_with(&mount.point));
    let Some(own) = around.max_by_key(|mount| mount.point.as_os_str().len()) else { return names };
    let below = path.strip_prefix(&own.point).unwrap_or(Path::new(""));
    let inside = joined(&own.root, below);
    for mount in mounts.iter().filter(|mount| mount.device == own.device) {
        let name = match (inside.strip_prefix(&mount.root), mount.root.starts_with(&inside)) {
            (Ok(rest), _) => joined(&mount.point, rest),
            (_, true) => mount.point.clone(),
            _ => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Without a slash behind a path that nothing follows.
fn joined(path: &Path, rest: &Path) -> PathBuf {
    if rest.as_os_str().is_empty() { path.to_owned() } else { path.join(rest) }
}

fn mounts(mountinfo: &[u8]) -> Vec<Mounted> {
    let mounted = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b' ').skip(2);
        let device = String::from_utf8_lossy(fields.next()?).into_owned();
        Some(Mounted { device, root: unescaped(fields.next()?), point: unescaped(fields.next()?) })
    };
    mountinfo.split(|byte| *byte == b'\n').filter_map(mounted).collect()
}

/// Blanks, tabs, line breaks and backslashes are written as a backslash and three octal digits.
fn unescaped(field: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, others)) = rest.split_first() {
        let octal = (*first == b'\\').then(|| std::str::from_utf8(others.get(..3)?).ok()).flatten();
        let octal = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        path.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { &others[3..] } else { others };
    }
    OsString::from_vec(path).into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    const MOUNTS: &str = "\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
23 22 8:2 / /home rw - ext4 /dev/sda2 rw
24 22 8:2 /ada /mnt/of\\040ada rw - ext4 /dev/sda2 rw
25 22 8:2 /ada/state/pinfold/ledger /srv/ledger rw - ext4 /dev/sda2 rw
26 22 8:2 /bob /mnt/bob rw - ext4 /dev/sda2 rw
27 22 0:33 / /mnt/other rw - tmpfs tmpfs rw
28 22 8:1 / /mnt/root rw - ext4 /dev/sda1 rw
29 23 0:34 / /home/bob/state/ledger rw - tmpfs tmpfs rw
30 22 0:34 / /srv/bobs rw - tmpfs tmpfs rw
";

    fn names_of(path: &str) -> Vec<String> {
        let names = names_among(&mounts(MOUNTS.as_bytes()), Path::new(path));
        names.into_iter().map(|name| name.display().to_string()).collect()
    }

    #[test]
    fn a_mount_of_what_lies_around_or_in_it_is_another_name() {
        assert_eq!(
            names_of("/home/ada/state/pinfold"),
            ["/home/ada/state/pinfold", "/mnt/of ada/state/pinfold", "/srv/ledger"]
        );
        assert_eq!(names_of("/var/state"), ["/var/state", "/mnt/root/var/state"]);
        assert_eq!(names_of("/mnt/other/x"), ["/mnt/other/x"]);
        assert_eq!(names_of("/home/bob/state"), ["/home/bob/state", "/mnt/bob/state", "/srv/bobs"]);
    }

    #[test]
    fn names_are_written_as_the_kernel_escapes_them() {
        assert_eq!(unescaped(b"/a\\040b\\134c\\9"), Path::new("/a b\\c\\9"));
        assert!(unescaped(b"/\\377").as_os_str().as_bytes().ends_with(b"\xff"));
    }
}
