//! Over random trees and policies, against the model of Windows' decision: a command changes, sees, removes and renames what
//! the policy lets it, and nothing else.

use std::collections::BTreeMap;

use pinfold_acl::{self as acl, Access, Child, Descriptor, Group, Level, Restriction, Sid, Token, inherited};
use pinfold_plan::windows::{Identity, Machine, Plan, Reach, Step, judge, native};
use pinfold_policy::{self as policy, Decider, Effect, Policy, Verdict};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use crate::machines::{PRIVATE, accounts, machine, plan, policy, seen};
use crate::world::{TOP, WORKSPACE, World, is_in, parent, user, world};

/// A world before and after it was prepared for a plan.
#[derive(Debug, Clone)]
struct Scene {
    world: World,
    /// What the policy says of writing and of reading each name.
    says: BTreeMap<String, [Verdict; 2]>,
    plan: Plan,
    after: World,
}

const PROTECTIONS: [&str; 5] = ["**/3/", "**/7/", "5/", "@metadata", "!.git/hooks/"];
const DENIALS: [&str; 4] = ["**/4", "**/9/", "6", "**/hooks"];

/// What a random policy file says, besides the workspace.
fn text(world: &World, read: &[Index], write: &[Index], protect: &[&str], deny: &[&str]) -> String {
    let paths: Vec<&String> = world.names.keys().filter(|path| *path != TOP && *path != WORKSPACE).collect();
    let named = |indexes: &[Index]| -> Vec<String> {
        indexes.iter().map(|index| index.get(&paths).replace('\\', "/")).collect()
    };
    let (read, write) =
        (named(read), [vec!["@workspace".into(), "@home".into(), "@temp".into()], named(write)].concat());
    format!("files.read = {read:?}\nfiles.write = {write:?}\nfiles.protect = {protect:?}\nfiles.deny = {deny:?}\n")
}

fn scene(accounts: bool) -> impl Strategy<Value = Scene> {
    let places = || proptest::collection::vec(any::<Index>(), 0..3);
    let names = (subsequence(&PROTECTIONS, 0..4), subsequence(&DENIALS, 0..3));
    (world(), places(), places(), names, any::<bool>()).prop_map(move |(world, read, write, names, backwards)| {
        let policy = policy(&text(&world, &read, &write, &names.0, &names.1));
        let found = machine(accounts.then(self::accounts));
        let plan = plan(&policy, &seen(&world, &policy), Machine { linked: linked(&world), ..found }).expect("a plan");
        let here = plan.edits.iter().filter(|edit| !PRIVATE.map(|path| path.replace('/', r"\")).contains(&edit.path));
        let mut edits: Vec<_> = here.collect();
        if backwards {
            edits.reverse();
        }
        Scene { after: world.edited(edits), says: says(&policy, &world), world, plan }
    })
}

fn says(policy: &Policy, world: &World) -> BTreeMap<String, [Verdict; 2]> {
    let decider = Decider::new(policy);
    let both = |path: &str| {
        [policy::Access::Write, policy::Access::Read]
            .map(|access| decider.decide(access, path.replace('\\', "/").as_ref()))
    };
    world.names.keys().map(|path| (path.clone(), both(path))).collect()
}

fn linked(world: &World) -> Vec<String> {
    world.names.keys().filter(|path| world.other_names(path).count() > 1).cloned().collect()
}

/// What the policy says of a path, for itself.
struct Allowed {
    write: bool,
    remove: bool,
}

impl Scene {
    /// What writing meets. What is protected by the name of the repository is a file of that name.
    fn writing(&self, path: &str) -> Effect {
        match self.says[path][0].effect {
            Effect::Protected if path == r"C:\w\.git" => Effect::Host,
            effect => effect,
        }
    }

    fn is_writable(&self, path: &str) -> bool {
        self.writing(path) == Effect::Host
    }

    /// What has a name in a place that nobody may write there is not written by another name, but where a person has opened
    /// exactly that one.
    fn is_held(&self, path: &str) -> bool {
        let opened = |name: &String| self.plan.roots.iter().any(|root| root.path == *name && root.reach == Reach::Work);
        if self.world.other_names(path).any(opened) {
            return false;
        }
        let in_a_place = |name: &String| self.plan.roots.iter().any(|root| is_in(name, &root.path));
        let mut names = self.world.other_names(path).filter(|name| in_a_place(name));
        names.any(|name| matches!(self.writing(name), Effect::Protected | Effect::Hidden))
    }

    fn allowed(&self, path: &str) -> Allowed {
        let names = || self.world.other_names(path);
        let write = !self.is_held(path) && names().any(|name| self.is_writable(name));
        // A root stays where it is, and so does all that leads to something that must not change.
        let is_root = self.plan.roots.iter().any(|root| root.path == path && root.reach == Reach::Work);
        let leads = |inner: &&String| *inner != path && is_in(inner, path) && !self.is_writable(inner);
        let pinned =
            self.plan.pins.iter().any(|pin| is_in(pin, path)) || self.world.names.keys().any(|inner| leads(&inner));
        // One of several names may go, whatever the others are.
        Allowed { write, remove: (write || self.is_writable(path)) && !is_root && !pinned }
    }

    /// The token of a command, in a reading of what writing is.
    fn token(&self, writing: Access) -> Token {
        let whose = match self.plan.identity {
            Identity::Caller => one_of_everybody(user()),
            Identity::Offline | Identity::Online => {
                one_of_everybody(accounts().offline).with_group(Group::enabled(accounts().group))
            }
        };
        self.plan.token.taken_from(&whose, writing)
    }

    fn step(&self, path: &str) -> Step {
        let node = self.world.node(path);
        Step { path: path.to_owned(), child: node.child, descriptor: node.descriptor.clone() }
    }

    /// By rights, and because nobody holds a handle to it or to something below that does not share that.
    fn may_remove(&self, token: &Token, path: &str) -> bool {
        let pinned = self.plan.pins.iter().any(|pin| is_in(pin, path));
        !pinned && self.after.may_remove(token, path)
    }
}

/// Somebody's token, before anything is taken from it.
fn one_of_everybody(who: Sid) -> Token {
    [Sid::EVERYONE, Sid::USERS].into_iter().fold(Token::new(who), |token, sid| token.with_group(Group::enabled(sid)))
}

/// What Microsoft's documents can mean by write access.
const READINGS: [Access; 3] = [Restriction::WRITES_AT_LEAST, Restriction::WRITES_AT_MOST, Restriction::EVERYTHING];
/// Changing what it is, whose it is, or who may do so.
const TAKING_OVER: [Access; 2] = [Access::WRITE_DAC, Access::WRITE_OWNER];
/// The last of them is what a new name for it takes as well.
const WRITES: [Access; 4] =
    [Access::FILE_WRITE_DATA, Access::FILE_APPEND_DATA, Access::FILE_WRITE_EA, Access::FILE_WRITE_ATTRIBUTES];

fn changes_nothing_else(scene: &Scene) -> Result<(), TestCaseError> {
    for reading in READINGS {
        let token = scene.token(reading);
        for path in scene.after.names.keys() {
            let Allowed { write, remove } = scene.allowed(path);
            prop_assert!(remove || !scene.may_remove(&token, path), "{path} is removed ({reading:?})");
            for access in WRITES.iter().chain(&TAKING_OVER) {
                prop_assert!(write || !scene.after.may(&token, path, *access), "{path} {access:?} ({reading:?})");
            }
        }
    }
    Ok(())
}

/// A denial that a list with the user's own leave before it is no denial for the user, but for restricting identifiers.
fn denies_everybody(scene: &Scene, path: &str) -> bool {
    let everybody = |ace: &acl::Ace| [Sid::EVERYONE, Sid::USERS].contains(&ace.sid);
    scene.world.list(path).0.iter().any(|ace| ace.kind == acl::AceKind::Deny && everybody(ace))
}

/// But for what inherits nothing, as the user has said so, and what a root of its own has inside of another.
fn cut_off(scene: &Scene, path: &str) -> bool {
    let roots = || scene.plan.roots.iter().filter(|root| is_in(path, &root.path));
    let inner = roots().map(|root| root.path.len()).max().unwrap_or_default();
    scene
        .world
        .names
        .iter()
        .any(|(above, node)| scene.world.nodes[*node].descriptor.protected && is_in(path, above) && above.len() > inner)
        || scene.world.other_names(path).count() > 1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_caller_changes_what_the_policy_says_and_nothing_else(scene in scene(false)) {
        changes_nothing_else(&scene)?;
    }

    #[test]
    fn an_account_changes_what_the_policy_says_and_nothing_else(scene in scene(true)) {
        changes_nothing_else(&scene)?;
    }

    /// Integrity and handles are a second and a third way: in the widest meaning of writing lists alone do as well, but for
    /// what is open to everybody.
    #[test]
    fn lists_alone_keep_what_is_not_open_to_everybody(scene in scene(false)) {
        let token = Token { level: Level::MEDIUM, ..scene.token(Restriction::WRITES_AT_MOST) };
        let anybody = Token::new(Sid::EVERYONE);
        for path in scene.after.names.keys().filter(|path| scene.world.other_names(path).count() == 1) {
            let Allowed { write, remove } = scene.allowed(path);
            let open = |access| scene.world.may(&anybody, path, access);
            prop_assert!(write || open(Access::FILE_WRITE_DATA) || !scene.after.may(&token, path, Access::FILE_WRITE_DATA), "{path}");
            let is_root = scene.plan.roots.iter().any(|root| is_in(&root.path, path));
            let leave = remove || is_root || scene.world.may_remove(&anybody, path);
            prop_assert!(leave || !scene.after.may_remove(&token, path), "{path} is removed");
        }
    }

    /// A single path is judged as the whole tree is, where it has one name.
    #[test]
    fn one_path_is_judged_like_the_tree(scene in prop_oneof![scene(false), scene(true)]) {
        let with_accounts = scene.plan.identity != Identity::Caller;
        let machine = Machine { groups: vec![Sid::USERS], ..machine(with_accounts.then(accounts)) };
        let token = scene.token(Restriction::WRITES_AT_MOST);
        for path in scene.after.names.keys().filter(|path| scene.world.other_names(path).count() == 1) {
            let ends = path.match_indices('\\').map(|(end, _)| end).chain([path.len()]);
            let way: Vec<Step> = ends.map(|end| scene.step(&path[..end])).collect();
            for access in [Access::FILE_READ_DATA, Access::FILE_WRITE_DATA, Access::DELETE, Access::WRITE_DAC] {
                let judged = judge(&scene.plan, &machine, &way, access, Restriction::WRITES_AT_MOST).is_ok();
                prop_assert_eq!(judged, scene.after.may(&token, path, access), "{} {:?}", path, access);
            }
        }
    }

    /// What everybody may read is left to it.
    #[test]
    fn an_account_reads_what_the_policy_says_and_nothing_else(scene in scene(true)) {
        let token = scene.token(Restriction::WRITES_AT_MOST);
        let anybody = Token::new(Sid::EVERYONE).with_group(Group::enabled(Sid::USERS));
        for path in scene.after.names.keys().filter(|path| *path != TOP) {
            let verdict = |name: &String| &scene.says[name][1];
            let seen = scene.world.other_names(path).any(|name| {
                let verdict = verdict(name);
                verdict.allowed && verdict.effect != Effect::Private
            });
            let hidden = scene.world.other_names(path).any(|name| verdict(name).effect == Effect::Hidden
                && scene.plan.roots.iter().any(|root| is_in(name, &root.path)));
            let reads = scene.after.may(&token, path, Access::FILE_READ_DATA);
            let open = scene.world.may(&anybody, path, Access::FILE_READ_DATA);
            prop_assert!(!hidden || open || !reads, "{path} is hidden");
            prop_assert!(seen || open || !reads, "{path} is read");
            let let_in = seen && !hidden && !denies_everybody(&scene, path) && !cut_off(&scene, path);
            prop_assert!(!let_in || reads, "{path} is not read");
        }
    }

    #[test]
    fn where_it_may_work_it_can_as_the_user_could(scene in scene(false)) {
        let (token, user) = (scene.token(Restriction::WRITES_AT_MOST), one_of_everybody(user()));
        for path in scene.after.names.keys().filter(|path| !cut_off(&scene, path) && !denies_everybody(&scene, path)) {
            let Allowed { write, remove } = scene.allowed(path);
            let writes = write && scene.world.may(&user, path, Access::FILE_WRITE_DATA);
            prop_assert!(!writes || scene.after.may(&token, path, Access::FILE_WRITE_DATA), "{path} is not written");
            let removes = remove && scene.world.may(&user, path, Access::DELETE);
            prop_assert!(!removes || scene.may_remove(&token, path), "{path} is not removed");
        }
    }

    /// Nobody else notices, but for files with several names, which inherit from whichever directory was changed last. And what
    /// in a root can be worked on.
    #[test]
    fn others_are_as_before_and_new_files_are_its_own(scene in prop_oneof![scene(false), scene(true)]) {
        for token in [Token::new(user()), Token::new(Sid::EVERYONE), Token::new(crate::world::synthetic(99))] {
            for path in scene.after.names.keys().filter(|path| scene.world.other_names(path).count() == 1) {
                let most = |world: &World| acl::most(&token, &world.node(path).descriptor);
                // Whoever starts runs gets what setting labels takes.
                let gained = if token.user.sid == user() { Access::WRITE_OWNER } else { Access::NONE };
                let (after, before) = (most(&scene.after), most(&scene.world));
                prop_assert_eq!(after.without(gained), before.without(gained), "{} for {:?}", path, token.user);
            }
        }
        for root in scene.plan.roots.iter().filter(|root| root.reach == Reach::Work) {
            // What the second list gives of a new file there.
            let second = Token { level: Level::LOW, ..Token::new(root.sid.clone()) };
            for path in scene.after.directories() {
                let node = scene.after.node(path);
                let new = inherited(scene.after.list(path), Child::File, &user(), &Sid::USERS);
                let label = node.descriptor.label.and_then(|label| label.inherited(Child::File));
                let new = Descriptor { dacl: Some(new), label, ..node.descriptor.clone() };
                let makes = acl::most(&second, &node.descriptor).holds(Access::FILE_WRITE_DATA);
                let works = acl::most(&second, &new).holds(Access::FILE_GENERIC_WRITE | Access::DELETE);
                prop_assert_eq!(makes, works, "{}", path);
            }
        }
    }
}

/// A repository in an ordinary tree, for the caller.
fn ordinary() -> Scene {
    let text = "files.write = ['@workspace', '@home', '@temp']\nfiles.protect = ['@metadata']\n";
    let (policy, mut runner) = (policy(text), proptest::test_runner::TestRunner::deterministic());
    let tree = world().new_tree(&mut runner).expect("a tree");
    let world = proptest::strategy::ValueTree::current(&tree);
    let plan = plan(&policy, &seen(&world, &policy), machine(None)).expect("a plan");
    let edits = plan.edits.iter().filter(|edit| world.names.contains_key(&edit.path));
    Scene { after: world.edited(edits), says: says(&policy, &world), world, plan }
}

/// The price of labels: what one run may write is open to another one of low integrity, where deletion is no write. What is
/// pinned keeps its place all the same, as long as the first run lives; and before one begins, places without a run lose their
/// labels.
#[test]
fn of_two_runs_at_once_one_may_delete_in_the_others_workspace_but_not_what_is_pinned() {
    let scene = ordinary();
    let index = r"C:\w\.git\index";
    let other = |writing| {
        let token = scene.token(writing);
        token.restricted_about([crate::world::synthetic(99), Sid::EVERYONE], writing)
    };
    assert!(scene.after.may_remove(&other(Restriction::WRITES_AT_LEAST), index), "the price");
    assert!(!scene.after.may_remove(&other(Restriction::WRITES_AT_MOST), index));
    assert!(!scene.world.may_remove(&other(Restriction::WRITES_AT_LEAST), index), "without labels there is none");
    for pinned in [r"C:\w", r"C:\w\.git", r"C:\w\.git\hooks", r"C:\w\.git\config"] {
        assert!(!scene.may_remove(&other(Restriction::WRITES_AT_LEAST), pinned), "{pinned}");
    }
    let writes = |token: &Token| scene.after.may(token, index, Access::FILE_WRITE_DATA);
    assert!(!writes(&other(Restriction::WRITES_AT_LEAST)) && !writes(&other(Restriction::WRITES_AT_MOST)));
}

/// The hole that is known of such sandboxes: where only the narrow meaning of writing is restricted, a token of ordinary
/// integrity removes a file that it may not write. So a restricted token alone is not enough, and each of the other two
/// closes it by itself.
#[test]
fn a_restricted_token_alone_lets_protected_files_be_removed() {
    let scene = ordinary();
    let hooks = r"C:\w\.git\hooks";
    let low = scene.token(Restriction::WRITES_AT_LEAST);
    let medium = Token { level: Level::MEDIUM, ..low.clone() };
    assert!(!scene.after.may(&medium, hooks, Access::FILE_WRITE_DATA));
    assert!(scene.after.may_remove(&medium, hooks), "the hole");
    assert!(!scene.after.may(&low, hooks, Access::DELETE), "integrity closes it");
    assert!(!scene.may_remove(&medium, hooks), "a handle closes it");
    assert_eq!(native(r"C:/w/.git/hooks".as_ref()), hooks);
    assert!(parent(hooks).is_some());
}
