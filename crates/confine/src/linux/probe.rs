//! Facts about this machine and this workspace, for the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pinfold_plan::{GitDirectory, Host, Kind};
use pinfold_policy::{AreaKind, DenyMatcher, Policy, Scope};
use pinfold_survey::{Entry, Found, Matcher, Place, Repository, Survey, SurveyError};
use rustix::fs::{Access, AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::thread::CapabilitySet;

use super::sys;

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

/// File systems whose mounts can map ids (`mount_setattr(2)`), by their numbers in `linux/magic.h`: ext4, XFS, Btrfs,
/// F2FS, EROFS. tmpfs can since 6.3 only and is left out.
const ID_MAPPING_FILE_SYSTEMS: [u64; 5] = [0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0xE0F5_E1E2];

/// Where a run keeps what lasts; see the session store.
#[derive(Debug, Clone)]
pub struct Stores {
    /// The private home.
    pub home: PathBuf,
    /// Layers over package caches.
    pub layers: PathBuf,
    /// A temporary directory.
    pub temp: PathBuf,
}

/// What was seen of a workspace before a run: facts for the plan, and what to compare with afterwards.
#[derive(Debug)]
pub struct Sight {
    /// The facts.
    pub host: Host,
    /// The trees that were looked through.
    pub trees: Vec<Tree>,
}

/// A tree that was looked through: a place that a person opened, not the system's and not the toolchains'.
#[derive(Debug)]
pub struct Tree {
    /// Its path.
    pub root: PathBuf,
    /// What was found in it.
    pub found: Found,
}

/// Gathers what the plan for `policy` needs to know. `spelled` are paths as the user wrote them, whose links shall
/// work inside too.
pub fn look(policy: &Policy, stores: Stores, spelled: &[PathBuf]) -> Result<Sight, SurveyError> {
    let matcher = DenyMatcher::new(policy);
    let trees = survey(policy, &matcher)?;
    let workspace = &policy.places.workspace;
    let owner = rustix::fs::stat(workspace).map(|stat| (stat.st_uid, stat.st_gid)).unwrap_or_default();
    let paths = kinds(policy);
    let host = Host {
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        no_user_namespaces: no_user_namespaces(),
        id_mapped_mounts: can_map_ids(&[workspace, &stores.home]),
        workspace_owner: owner,
        landlock_abi: sys::landlock_abi(),
        kernel: kernel(),
        overlay: kernel() >= (5, 11),
        private_home: stores.home,
        layers: stores.layers,
        private_temp: stores.temp,
        links: links(&paths, spelled),
        paths,
        resolver: resolver(),
        denied: denied(policy, &trees, &matcher),
        git: repositories(&trees).flat_map(|(root, repository)| git_directories(policy, root, repository)).collect(),
        protected: protected(policy, &trees),
        present: present(policy),
        readable_secrets: readable_secrets(),
    };
    Ok(Sight { host, trees })
}

/// Looks through every tree of the policy.
fn survey(policy: &Policy, matcher: &DenyMatcher) -> Result<Vec<Tree>, SurveyError> {
    let looked = roots(policy).into_iter().map(|root| {
        let denied = Denied { matcher, root: &root };
        let names = policy.protect.iter().filter(|protect| protect.scope == Scope::Anywhere);
        let names: Vec<&OsStr> = names.filter_map(|protect| protect.name.file_name()).collect();
        let found = Survey::new([&root]).denied(&denied).names(names).walk()?;
        Ok(Tree { root, found })
    });
    looked.collect()
}

/// Decides which files of a tree are hidden.
struct Denied<'a> {
    matcher: &'a DenyMatcher,
    root: &'a Path,
}

impl Matcher for Denied<'_> {
    fn may_match(&self, basename: &[u8]) -> bool {
        self.matcher.may_match_name(basename)
    }

    fn matches(&self, relative: &Path, is_dir: bool) -> bool {
        self.matcher.matches(&self.root.join(relative), is_dir).is_some()
    }
}

/// All repositories with the root of their tree.
fn repositories(trees: &[Tree]) -> impl Iterator<Item = (&Path, &Repository)> {
    trees.iter().flat_map(|tree| tree.found.repositories.iter().map(|repository| (tree.root.as_path(), repository)))
}

/// What is looked through: the places that a person opened, not the system's and not the toolchains'.
fn roots(policy: &Policy) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = Vec::new();
    for area in policy.layout() {
        let machine = area.set.as_deref().is_some_and(|set| ["@system", "@toolchains", "@caches"].contains(&set));
        if machine || area.kind == AreaKind::Private || roots.iter().any(|root| area.path.starts_with(root)) {
            continue;
        }
        if area.path.is_dir() {
            roots.push(area.path);
        }
    }
    roots
}

/// What each path of the policy is. Missing ones are left out.
fn kinds(policy: &Policy) -> BTreeMap<PathBuf, Kind> {
    policy.layout().into_iter().filter_map(|area| kind(&area.path).map(|kind| (area.path, kind))).collect()
}

/// A path that a link is part of counts as a link, whichever part it is.
fn kind(path: &Path) -> Option<Kind> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    match rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(found) => {
            let stat = rustix::fs::fstat(found).ok()?;
            let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            Some(if directory { Kind::Directory } else { Kind::File })
        }
        Err(Errno::LOOP) => {
            let real = std::fs::canonicalize(path).ok()?;
            let directory = real.is_dir();
            Some(Kind::Link { leads_to: real, directory })
        }
        Err(_) => None,
    }
}

/// The links that lead to what is visible.
fn links(paths: &BTreeMap<PathBuf, Kind>, spelled: &[PathBuf]) -> BTreeMap<PathBuf, PathBuf> {
    let linked = paths.iter().filter(|(_, kind)| matches!(kind, Kind::Link { .. })).map(|(path, _)| path);
    linked.chain(spelled).flat_map(|path| links_on_the_way(path)).collect()
}

/// The symbolic links met on the way along an absolute path as the user wrote it, with what they say.
fn links_on_the_way(path: &Path) -> Vec<(PathBuf, PathBuf)> {
    const MOST_LINKS: usize = 40; // as the kernel, path_resolution(7)
    let mut links = Vec::new();
    let mut rest: Vec<_> = path.components().map(|part| part.as_os_str().to_owned()).rev().collect();
    let mut at = PathBuf::new();
    while let Some(part) = rest.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        let Ok(says) = std::fs::read_link(&at) else { continue };
        if links.len() == MOST_LINKS {
            break;
        }
        links.push((at.clone(), says.clone()));
        at.pop();
        rest.extend(says.components().map(|part| part.as_os_str().to_owned()).rev());
    }
    links
}

/// Every existing path that a deny rule names: those found by walking, and single paths elsewhere.
fn denied(policy: &Policy, trees: &[Tree], matcher: &DenyMatcher) -> Vec<(PathBuf, bool)> {
    let in_tree = |tree: &Tree| {
        let path = |entry: &Entry| (tree.root.join(&entry.path), entry.kind == pinfold_survey::Kind::Directory);
        tree.found.denied.iter().map(path).collect::<Vec<_>>()
    };
    let walked = trees.iter().flat_map(in_tree);
    let literals = policy.deny.iter().filter(|deny| !deny.exception).filter_map(|deny| deny.literal.clone());
    let elsewhere = literals.filter(|path| !trees.iter().any(|tree| path.starts_with(&tree.root))).filter_map(|path| {
        let directory = matches!(kind(&path)?, Kind::Directory);
        matcher.matches(&path, directory).map(|_| (path.clone(), directory))
    });
    let mut denied: Vec<_> = walked.chain(elsewhere).collect();
    denied.sort();
    denied.dedup();
    denied
}

/// The git directories of a repository and what can be protected in each.
fn git_directories(policy: &Policy, root: &Path, repository: &Repository) -> Vec<GitDirectory> {
    let at = root.join(&repository.at);
    let pointer = (repository.kind == pinfold_survey::RepositoryKind::File).then(|| at.clone());
    let is_workspace = at.parent() == Some(&policy.places.workspace);
    // A `.git` file may say anything: only the workspace's own, which its target acknowledges, leads outside.
    let usable = |place: &&Place| !place.outside || (is_workspace && repository.acknowledged);
    let places = repository.git_dir.iter().chain(&repository.common_dir).chain(&repository.modules);
    let places = places.chain(repository.worktrees.iter().map(|worktree| &worktree.admin));
    let mut directories: Vec<GitDirectory> =
        places.filter(usable).map(|place| git_directory(policy, &place.path, place.outside, None)).collect();
    if let Some(pointer) = pointer {
        match directories.first_mut() {
            Some(first) => first.pointer = Some(pointer),
            None => directories.push(git_directory(policy, &at, false, Some(pointer))),
        }
    }
    directories
}

fn git_directory(policy: &Policy, path: &Path, outside: bool, pointer: Option<PathBuf>) -> GitDirectory {
    let names = policy.protect.iter().filter(|protect| protect.scope == Scope::Repository);
    let existing = names.map(|protect| protect.name.clone()).filter(|name| exists(&path.join(name))).collect();
    GitDirectory { path: path.to_owned(), outside, pointer, existing }
}

/// Protected names that exist outside of git directories.
fn protected(policy: &Policy, trees: &[Tree]) -> Vec<PathBuf> {
    let seen = trees.iter().flat_map(|tree| {
        let named = tree.found.named.iter().map(|entry| (entry, tree.root.join(&entry.path)));
        named.filter(|(entry, path)| is_protected_anywhere(policy, entry, path)).map(|(_, path)| path)
    });
    let workspace = &policy.places.workspace;
    let named = policy.protect.iter().filter(|protect| protect.scope == Scope::Workspace);
    let top = named.filter_map(|protect| {
        let path = workspace.join(&protect.name);
        let stat = rustix::fs::statat(CWD, &path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        (protect.directory || !directory).then_some(path)
    });
    let mut protected: Vec<_> = seen.chain(top).collect();
    protected.sort();
    protected.dedup();
    protected
}

/// What exists at the top of the workspace under a protected name.
fn present(policy: &Policy) -> BTreeSet<PathBuf> {
    let names = policy.protect.iter().filter(|protect| protect.scope != Scope::Repository);
    names.map(|protect| policy.places.workspace.join(&protect.name)).filter(|path| exists(path)).collect()
}

/// Whether an entry has a name that is protected in every directory. What packages bring along in `node_modules` is
/// left alone: nobody opens or enters those directories, and package managers must be able to remove them.
fn is_protected_anywhere(policy: &Policy, entry: &Entry, path: &Path) -> bool {
    let directory = entry.kind == pinfold_survey::Kind::Directory;
    let in_packages = entry.path.parent().is_some_and(|parent| parent.iter().any(|part| part == "node_modules"));
    let mut names = policy.protect.iter().filter(|protect| protect.scope == Scope::Anywhere);
    !in_packages && names.any(|protect| (protect.directory || !directory) && path.ends_with(&protect.name))
}

/// What has appeared in the trees since they were looked through.
#[derive(Debug, Default)]
pub struct Appearance {
    /// Protected names, by root and the path below it.
    pub protected: Vec<(PathBuf, PathBuf)>,
    /// Repositories, by root.
    pub repositories: Vec<(PathBuf, Repository)>,
}

/// Looks at what changed in the trees.
pub fn look_again(policy: &Policy, trees: &mut [Tree]) -> Result<Appearance, SurveyError> {
    let names = policy.protect.iter().filter(|protect| protect.scope == Scope::Anywhere);
    let names: Vec<&OsStr> = names.filter_map(|protect| protect.name.file_name()).collect();
    let mut appearance = Appearance::default();
    for Tree { root, found } in trees {
        let survey = Survey::new([root.clone()]).names(&names);
        let appeared = found.stamps.rescan(&survey)?;
        let named = appeared.named.into_iter().filter(|entry| {
            is_protected_anywhere(policy, entry, &root.join(&entry.path)) && entry.path.file_name() != Some(".git".as_ref())
        });
        appearance.protected.extend(named.map(|entry| (root.clone(), entry.path)));
        appearance.repositories.extend(appeared.repositories.into_iter().map(|repository| (root.clone(), repository)));
    }
    Ok(appearance)
}

fn exists(path: &Path) -> bool {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

/// Secrets of the system that the caller may read.
fn readable_secrets() -> Vec<(PathBuf, bool)> {
    let listed = SYSTEM_SECRETS.iter().map(PathBuf::from);
    let host_keys = std::fs::read_dir("/etc/ssh").into_iter().flatten().flatten().map(|entry| entry.path());
    let host_keys = host_keys.filter(|path| path.to_string_lossy().ends_with("_key"));
    let readable = |path: &PathBuf| rustix::fs::accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS).is_ok();
    listed
        .chain(host_keys)
        .filter(readable)
        .map(|path| {
            let directory = path.is_dir();
            (path, directory)
        })
        .collect()
}

/// Where `/etc/resolv.conf` leads when that is not below `/etc`.
fn resolver() -> Option<PathBuf> {
    let target = std::fs::canonicalize("/etc/resolv.conf").ok()?;
    (!target.starts_with("/etc")).then_some(target)
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

/// Whether the caller may map ids and these directories, or the nearest that exist above them, are on file systems
/// that can.
fn can_map_ids(directories: &[&PathBuf]) -> bool {
    let whole_range = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let initial = whole_range.split_whitespace().eq(["0", "0", "4294967295"]);
    let capable = rustix::thread::capabilities(None)
        .is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN | CapabilitySet::SETUID));
    let able = |directory: &&PathBuf| {
        let existing = directory.ancestors().find(|ancestor| ancestor.exists());
        let kind = existing.and_then(|existing| rustix::fs::statfs(existing).ok()).map(|stat| stat.f_type as u64);
        kind.is_some_and(|kind| ID_MAPPING_FILE_SYSTEMS.contains(&kind))
    };
    initial && capable && kernel() >= (5, 19) && directories.iter().all(able)
}

/// Major and minor version of the kernel.
fn kernel() -> (u32, u32) {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy().into_owned();
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit()).map_while(|part| part.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
