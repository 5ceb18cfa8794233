//! For random policies and trees: a profile lets happen what the policy allows, and no renames lead around it.

use std::collections::BTreeMap;
use std::path::Path;

use pinfold_policy::{Access, Decider, DenyMatcher, Effect, Policy, Protect, Scope};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use crate::seatbelt::Seatbelt;
use crate::world::{PRIVATE_HOME, PRIVATE_TEMP, Tree, WORKSPACE, World, writable};

/// Directories that are there always, so that a policy can name them.
const ROOTS: [&str; 11] = [
    "/Users",
    "/Users/bob",
    WORKSPACE,
    "/Users/ada/work/sub",
    "/Users/ada/work/sub/a",
    "/Users/ada/other",
    "/srv",
    "/srv/a",
    "/srv/a/b",
    PRIVATE_HOME,
    PRIVATE_TEMP,
];
const GRANTS: [&str; 9] =
    ["/Users", "@workspace", "~/other", "./sub", "./sub/a", "/srv", "/srv/a", "/srv/a/b", "@toolchains"];
const DENIALS: [&str; 13] = [
    "*.key",
    "**/b",
    "sub/",
    "/srv/a",
    "deploy/x.key",
    "~/other/**/config",
    ".env",
    "**/a/*.key",
    "/srv/{a,deploy}/[a-c]*",
    "!x.key",
    "!/srv/a/b",
    "!.env",
    "@secrets",
];
const MASKS: [&str; 5] = [".env", "*.key", "/srv/a/x.key", "!x.key", "@secrets"];
const PROTECTIONS: [&str; 8] =
    ["deploy/", "**/.vscode/", "@metadata", ".git/hooks/", "a/b/", "sub/x.key", "!**/.vscode", "!.git/hooks"];
const NAMES: [&str; 20] = [
    "a",
    "b",
    "B",
    "sub",
    ".git",
    ".GIT",
    "x.git",
    "hooks",
    "Hooks",
    "config",
    "modules",
    "objects",
    ".vscode",
    ".env",
    ".env.local",
    ".env.example",
    "x.key",
    "y.KEY",
    "deploy",
    "plain",
];

/// What a new repository may have in it.
const INSIDE: [&str; 5] = ["config", "Hooks", "hooks/pre-commit", "modules/a/config", "index"];

fn policies() -> impl Strategy<Value = String> {
    let list = |from: &'static [&'static str], most| subsequence(from, 0..=most);
    let lists = (list(&GRANTS, 3), list(&GRANTS, 4), list(&GRANTS, 2), list(&DENIALS, 4), list(&MASKS, 2));
    (lists, list(&PROTECTIONS, 4), select(vec!["workspace", "read-only"])).prop_map(|(lists, protect, profile)| {
        let (read, write, copy, deny, mask) = lists;
        let home = |list: Vec<&'static str>| -> Vec<&'static str> { [list, vec!["@home"]].concat() };
        format!(
            "profile = '{profile}'\nfiles.read = {read:?}\nfiles.write = {:?}\nfiles.copy-on-write = {copy:?}\n\
             files.deny = {deny:?}\nfiles.mask = {mask:?}\nfiles.protect = {protect:?}\n",
            home(write)
        )
    })
}

/// A tree in which each name is put into a directory that was there before it. No two names of a directory differ in case
/// alone.
fn trees() -> impl Strategy<Value = Tree> {
    let node = (any::<Index>(), select(NAMES.to_vec()), proptest::bool::weighted(0.6));
    proptest::collection::vec(node, 5..40).prop_map(|nodes| {
        let mut tree: Tree = ROOTS.iter().map(|root| ((*root).to_owned(), true)).collect();
        for (place, name, directory) in nodes {
            let directories: Vec<&String> = tree.iter().filter(|(_, is)| **is).map(|(path, _)| path).collect();
            let path = format!("{}/{name}", place.get(&directories));
            if find(&tree, &path).is_none() {
                tree.insert(path, directory);
            }
        }
        tree
    })
}

fn worlds() -> impl Strategy<Value = World> {
    (policies(), trees()).prop_map(|(user, tree)| World::of_tree(&user, tree))
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lists = [&self.policy.read, &self.policy.write, &self.policy.copy_on_write];
        let named = lists.map(|list| list.iter().filter(|grant| grant.set.is_none()).map(|grant| grant.target.text()));
        let denied: Vec<_> =
            self.policy.deny.iter().filter(|deny| deny.set.is_none()).map(|deny| &deny.pattern).collect();
        let masked: Vec<_> =
            self.policy.mask.iter().filter(|deny| deny.set.is_none()).map(|deny| &deny.pattern).collect();
        let protected: Vec<_> =
            self.policy.protect.iter().filter(|protect| protect.set.is_none()).map(|protect| protect.text()).collect();
        writeln!(formatter, "{:?}", named.map(Iterator::collect::<Vec<_>>))?;
        writeln!(formatter, "deny {denied:?} mask {masked:?} protect {protected:?}")?;
        write!(formatter, "{:?}", self.tree.keys().collect::<Vec<_>>())
    }
}

/// What is at a path, whatever case it is written in.
fn find<'t>(tree: &'t Tree, path: &str) -> Option<&'t str> {
    tree.keys().find(|other| other.eq_ignore_ascii_case(path)).map(String::as_str)
}

/// A policy without what it cannot know from a path, by whether that is in no repository that was there, and whether it is
/// a directory: the names of repositories count in the workspace for those that were there, and names of files are left
/// alone as directories.
fn readings(policy: &Policy) -> [[Policy; 2]; 2] {
    let repository = |protect: &Protect| protect.scope == Scope::Repository;
    let reading = |new: bool, directory: bool| {
        let mut policy = policy.clone();
        policy.protect.retain(|protect| if repository(protect) { !new } else { protect.directory || !directory });
        policy
    };
    [false, true].map(|new| [false, true].map(|directory| reading(new, directory)))
}

/// What the policy says of a path of the host.
struct Allowed<'p> {
    world: &'p World,
    deciders: [[Decider<'p>; 2]; 2],
}

impl<'p> Allowed<'p> {
    fn new(world: &'p World, readings: &'p [[Policy; 2]; 2]) -> Self {
        Self { world, deciders: readings.each_ref().map(|of| of.each_ref().map(Decider::new)) }
    }

    fn reads(&self, path: &str) -> bool {
        let verdict = self.deciders[0][0].decide(Access::Read, Path::new(path));
        verdict.allowed && matches!(verdict.effect, Effect::Host | Effect::ReadOnly | Effect::CopyOnWrite)
    }

    fn writes(&self, path: &str, directory: bool) -> bool {
        let at = Path::new(path);
        let known = self.world.host.git.iter().any(|git| at.starts_with(&git.path));
        let new = at.starts_with(WORKSPACE) && !known;
        // What exists under a protected name stays as it is, a directory under that of a file by itself as well.
        let sealed = self.world.host.protected.iter().any(|protected| at == protected);
        let verdict = self.deciders[usize::from(new)][usize::from(directory)].decide(Access::Write, at);
        !sealed && verdict.allowed && verdict.effect == Effect::Host
    }
}

fn is_own(path: &str) -> bool {
    [PRIVATE_HOME, PRIVATE_TEMP].iter().any(|own| Path::new(path).starts_with(own))
}

/// Everything that exists, and names that could appear in directories that can be seen.
fn probes(world: &World, allowed: &Allowed<'_>) -> Vec<(String, bool)> {
    let mut probes: Vec<(String, bool)> = world.tree.iter().map(|(path, is)| (path.clone(), *is)).collect();
    let seen = world.tree.iter().filter(|(path, directory)| **directory && allowed.reads(path));
    for (path, _) in seen {
        let new = NAMES.iter().map(|name| format!("{path}/{name}")).filter(|new| find(&world.tree, new).is_none());
        let new: Vec<String> = new.collect();
        let in_new = |name: &&String| name.to_lowercase().ends_with(".git");
        let inside = new.iter().filter(in_new).flat_map(|git| INSIDE.map(|name| format!("{git}/{name}")));
        probes.extend(new.iter().cloned().chain(inside).flat_map(|new| [(new.clone(), false), (new, true)]));
    }
    for path in
        ["/usr/bin/env", "/usr/lib/b/x.key", "/private/etc/hosts", "/Users/ada/.ssh/x", "/private/tmp/x", "/opt/x"]
    {
        probes.push((path.to_owned(), false));
    }
    probes.retain(|(path, _)| !is_own(path));
    probes
}

/// Where a path of the host must stay: it is hidden, protected, a git directory, or a place that is less open.
fn stays(world: &World, path: &str) -> bool {
    let at = Path::new(path);
    let denied = world.host.denied.iter().any(|(denied, _)| denied == at) || world.host.masked.contains(at);
    let protected = world.host.protected.iter().any(|protected| protected == at);
    let git = world.host.git.iter().any(|git| git.path == at);
    let place = world.policy.layout().any(|area| area.path == at);
    denied || protected || git || place
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_profile_lets_happen_what_the_policy_allows(world in worlds()) {
        let seatbelt = world.seatbelt();
        let readings = readings(&world.policy);
        let allowed = Allowed::new(&world, &readings);
        for (path, directory) in probes(&world, &allowed) {
            let (reads, writes) = (allowed.reads(&path), allowed.writes(&path, directory));
            for operation in ["file-read-data", "file-read-xattr", "file-map-executable", "process-exec*"] {
                prop_assert_eq!(seatbelt.at(operation, &path, directory), reads, "{} {}", operation, path);
            }
            prop_assert_eq!(seatbelt.at("file-clone", &path, directory), reads && !directory, "clone {}", path);
            for operation in ["file-write-data", "file-write-create", "file-write-mode", "file-write-xattr", "file-link"] {
                prop_assert_eq!(seatbelt.at(operation, &path, directory), writes, "{} {}", operation, path);
            }
            prop_assert!(writes || !seatbelt.at("file-write-unlink", &path, directory), "unlink {}", path);
            prop_assert!(!reads || seatbelt.at("file-read-metadata", &path, directory), "metadata {}", path);
        }
    }

    #[test]
    fn what_must_stay_and_the_directories_on_the_way_are_not_moved_and_others_are(world in worlds()) {
        let seatbelt = world.seatbelt();
        let readings = readings(&world.policy);
        let allowed = Allowed::new(&world, &readings);
        let prepared = world.policy.protect.iter().filter_map(|protect| protect.name.parent());
        let prepared: Vec<_> = prepared.filter(|parent| parent.components().next().is_some()).collect();
        for (path, directory) in world.tree.iter().filter(|(path, _)| !is_own(path)) {
            let below = |other: &&String| Path::new(other).starts_with(path) && writable(&world.policy, Path::new(path));
            let moves_along = world.tree.keys().filter(below).any(|other| stays(&world, other));
            let unlinked = seatbelt.at("file-write-unlink", path, *directory);
            prop_assert!(!(unlinked && moves_along), "{} is moved", path);
            let in_front = prepared.iter().any(|parent| Path::new(WORKSPACE).join(parent).starts_with(path));
            if allowed.writes(path, *directory) && !moves_along && !in_front {
                prop_assert!(unlinked, "{} is not moved", path);
            }
        }
    }
}

/// Something that a run tries.
#[derive(Debug, Clone)]
enum Attempt {
    Rename(Index, Index, &'static str),
    Make(Index, &'static str, bool),
    Link(Index, Index, &'static str),
    Clone(Index, Index, &'static str),
    Remove(Index),
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let (at, name) = (any::<Index>, select(NAMES.to_vec()));
    let attempt = prop_oneof![
        6 => (at(), at(), name.clone()).prop_map(|(from, to, name)| Attempt::Rename(from, to, name)),
        2 => (at(), name.clone(), any::<bool>()).prop_map(|(to, name, directory)| Attempt::Make(to, name, directory)),
        1 => (at(), at(), name.clone()).prop_map(|(from, to, name)| Attempt::Link(from, to, name)),
        1 => (at(), at(), name).prop_map(|(from, to, name)| Attempt::Clone(from, to, name)),
        1 => at().prop_map(Attempt::Remove),
    ];
    proptest::collection::vec(attempt, 1..40)
}

/// A disk on which a run is at work: by path, which file is there (its number) and whether it is a directory.
struct Disk<'s> {
    seatbelt: &'s Seatbelt,
    files: BTreeMap<String, (usize, bool)>,
}

impl Disk<'_> {
    fn at(&self, index: &Index) -> (String, bool) {
        let all: Vec<_> = self.files.iter().collect();
        let (path, (_, directory)) = index.get(&all);
        ((*path).clone(), *directory)
    }

    /// A path in a directory, in the spelling on disk where something is there.
    fn target(&self, index: &Index, name: &str) -> String {
        let directories: Vec<_> = self.files.iter().filter(|(_, (_, is))| *is).map(|(path, _)| path).collect();
        let path = format!("{}/{name}", index.get(&directories));
        self.files.keys().find(|other| other.eq_ignore_ascii_case(&path)).cloned().unwrap_or(path)
    }

    fn is_empty(&self, path: &str) -> bool {
        !self.files.keys().any(|other| other != path && Path::new(other).starts_with(path))
    }

    /// May something be put at the path, in place of what is there?
    fn makes(&self, path: &str, directory: bool) -> bool {
        let replaced = self.files.get(path).is_none_or(|(_, is)| {
            *is == directory && self.is_empty(path) && self.seatbelt.at("file-write-unlink", path, *is)
        });
        replaced && self.seatbelt.at("file-write-create", path, directory)
    }

    fn attempt(&mut self, attempt: &Attempt, next: usize) {
        match attempt {
            Attempt::Rename(from, to, name) => {
                let ((from, directory), to) = (self.at(from), self.target(to, name));
                let inside = Path::new(&to).starts_with(&from);
                if !inside && self.seatbelt.at("file-write-unlink", &from, directory) && self.makes(&to, directory) {
                    self.files.remove(&to);
                    self.carry(&from, &to);
                }
            }
            Attempt::Make(to, name, directory) => {
                let to = self.target(to, name);
                if !self.files.contains_key(&to) && self.makes(&to, *directory) {
                    self.files.insert(to, (next, *directory));
                }
            }
            Attempt::Link(from, to, name) => {
                let ((from, directory), to) = (self.at(from), self.target(to, name));
                let free = !self.files.contains_key(&to) && self.makes(&to, false);
                if free && !directory && self.seatbelt.at("file-link", &from, false) {
                    self.files.insert(to, self.files[&from]);
                }
            }
            // What is cloned can be read there and is the original's content, but writing it changes only the clone.
            Attempt::Clone(from, to, name) => {
                let ((from, directory), to) = (self.at(from), self.target(to, name));
                let free = !self.files.contains_key(&to) && !Path::new(&to).starts_with(&from);
                if free && self.makes(&to, directory) && self.seatbelt.at("file-clone", &from, directory) {
                    let copies: Vec<_> = self.below(&from).map(|path| (path.clone(), self.files[path])).collect();
                    for (path, (file, directory)) in copies {
                        self.files.insert(format!("{to}{}", &path[from.len()..]), (file + CLONED, directory));
                    }
                }
            }
            Attempt::Remove(at) => {
                let (path, directory) = self.at(at);
                if self.is_empty(&path) && self.seatbelt.at("file-write-unlink", &path, directory) {
                    self.files.remove(&path);
                }
            }
        }
    }

    fn below(&self, path: &str) -> impl Iterator<Item = &String> {
        self.files.keys().filter(move |other| Path::new(other).starts_with(path))
    }

    fn carry(&mut self, from: &str, to: &str) {
        let moved: Vec<String> = self.below(from).cloned().collect();
        for path in moved {
            let file = self.files.remove(&path).expect("it was there");
            self.files.insert(format!("{to}{}", &path[from.len()..]), file);
        }
    }
}

/// Added to the number of a file for its clone.
const CLONED: usize = 1 << 32;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_renames_links_and_clones_lead_around_a_profile(world in worlds(), attempts in attempts()) {
        let seatbelt = world.seatbelt();
        let files = world.tree.iter().enumerate().map(|(file, (path, is))| (path.clone(), (file, *is)));
        let mut disk = Disk { seatbelt: &seatbelt, files: files.collect() };
        let before: Vec<(String, bool)> = world.tree.clone().into_iter().collect();
        // A directory with the name of a mask is no secret, nor is a file with that of a denied directory, though the profile
        // cannot tell.
        let (decider, matcher) = (Decider::new(&world.policy), DenyMatcher::new(&world.policy));
        let by_name = |path: &Path| matches!(decider.decide(Access::Read, path).effect, Effect::Masked | Effect::Hidden);
        let as_it_is = |path: &Path, directory: bool| {
            matcher.covering(path, directory).is_some() || !directory && matcher.mask(path).is_some()
        };
        let spared = |path: &Path, directory: bool| by_name(path) && !as_it_is(path, directory);
        let spared: Vec<bool> = before.iter().map(|(path, directory)| spared(Path::new(path), *directory)).collect();
        for (number, attempt) in attempts.iter().enumerate() {
            disk.attempt(attempt, CLONED / 2 + number);
            for (now, (file, directory)) in &disk.files {
                let Some((path, _)) = before.get(file % CLONED) else { continue };
                if spared[file % CLONED] {
                    continue;
                }
                let read = |path: &str| seatbelt.at("file-read-data", path, *directory);
                let written = |path: &str| seatbelt.at("file-write-data", path, *directory);
                prop_assert!(!read(now) || read(path), "{path} is read at {now} after {attempt:?}");
                let original = *file < CLONED;
                prop_assert!(!original || !written(now) || written(path), "{path} is written at {now} after {attempt:?}");
            }
            // What is protected is where it was, and nothing else is.
            for (file, (path, _)) in before.iter().enumerate() {
                if !spared[file] && !seatbelt.at("file-write-data", path, false) {
                    prop_assert_eq!(disk.files.get(path).map(|(now, _)| *now), Some(file), "{} after {:?}", path, attempt);
                }
            }
        }
    }
}
