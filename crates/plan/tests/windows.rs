//! The planned entries against the model of Windows' decision, over random trees: a token with the identifiers of some roots
//! writes, makes, removes and renames in those roots what the policy lets it, and nothing anywhere else.

use std::collections::BTreeMap;

use pinfold_acl::{Access, Ace, Acl, Child, Descriptor, Inherit, Restriction, Sid, Token, check, inherited, renewed};
use pinfold_plan::windows::{WritableRoot, edits};
use proptest::prelude::*;
use proptest::sample::Index;

const TOP: &str = r"C:";

fn user() -> Sid {
    Sid::new(5, &[21, 1, 2, 3, 1001]).expect("an identifier")
}

fn synthetic(number: usize) -> Sid {
    Sid::new(5, &[21, 9, 9, 9, number as u32]).expect("an identifier")
}

/// Files and directories by path, each directory before what is in it.
#[derive(Debug, Clone)]
struct World(BTreeMap<String, Node>);

#[derive(Debug, Clone)]
struct Node {
    child: Child,
    descriptor: Descriptor,
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('\\').map(|(parent, _)| parent)
}

fn is_in(path: &str, directory: &str) -> bool {
    path == directory || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('\\'))
}

impl World {
    fn list(&self, path: &str) -> &Acl {
        self.0[path].descriptor.dacl.as_ref().expect("a list")
    }

    /// As the system does it after a list has changed: what is below inherits anew.
    fn propagate(&mut self) {
        let paths: Vec<String> = self.0.keys().cloned().collect();
        for path in paths {
            let Some(above) = parent(&path).map(|above| self.list(above).clone()) else { continue };
            let Node { child, descriptor } = self.0.get_mut(&path).expect("a node");
            if !descriptor.protected {
                let own = descriptor.dacl.take().expect("a list");
                descriptor.dacl = Some(renewed(&own, &above, *child, &descriptor.owner, &descriptor.group));
            }
        }
    }

    fn may(&self, token: &Token, path: &str, access: Access) -> bool {
        check(token, &self.0[path].descriptor, access).is_ok()
    }

    /// MS-FSA 2.1.5.1.2.1: by the rights to itself, or to its directory.
    fn may_remove(&self, token: &Token, path: &str) -> bool {
        let directory = parent(path).is_some_and(|parent| self.may(token, parent, Access::FILE_DELETE_CHILD));
        directory || self.may(token, path, Access::DELETE)
    }
}

/// Entries that the user, or a program of the user's, has made: about anybody but the synthetic identifiers.
fn entries() -> impl Strategy<Value = Vec<Ace>> {
    let other = Sid::new(5, &[21, 1, 2, 3, 1002]).expect("an identifier");
    let sid = proptest::sample::select(vec![user(), other, Sid::EVERYONE, Sid::USERS, Sid::CREATOR_OWNER]);
    let rights = [Access::FILE_ALL, Access::FILE_GENERIC_READ, Access::FILE_GENERIC_WRITE, Access::DELETE];
    let inherit =
        proptest::sample::select(vec![Inherit::NOTHING, Inherit::ALL, Inherit { files: true, ..Inherit::NOTHING }]);
    let entry = (any::<bool>(), sid, proptest::sample::select(rights.to_vec()), inherit);
    let entry = entry.prop_map(|(allow, sid, access, inherit)| match allow {
        true => Ace::allow(sid, access, inherit),
        false => Ace::deny(sid, access, inherit),
    });
    proptest::collection::vec(entry, 0..3)
}

/// A tree in which each node is put into a directory that was there before it.
fn world() -> impl Strategy<Value = World> {
    let node = (any::<Index>(), proptest::bool::weighted(0.6), entries(), proptest::bool::weighted(0.1));
    proptest::collection::vec(node, 3..25).prop_map(|nodes| {
        let descriptor = |entries: Vec<Ace>, protected| Descriptor {
            protected,
            ..Descriptor::new(user(), Sid::USERS, Some(Acl::canonical(entries)))
        };
        let top = [
            Ace::allow(user(), Access::FILE_ALL, Inherit::ALL),
            Ace::allow(Sid::SYSTEM, Access::FILE_ALL, Inherit::ALL),
        ];
        let top = Node { child: Child::Directory, descriptor: descriptor(top.to_vec(), false) };
        let mut world = World(BTreeMap::from([(TOP.to_owned(), top)]));
        for (number, (place, directory, entries, protected)) in nodes.into_iter().enumerate() {
            let directories = world.0.iter().filter(|(_, node)| node.child == Child::Directory);
            let directories: Vec<&String> = directories.map(|(path, _)| path).collect();
            let path = format!(r"{}\{number}", place.get(&directories));
            let child = if directory { Child::Directory } else { Child::File };
            world.0.insert(path, Node { child, descriptor: descriptor(entries, protected) });
        }
        world.propagate();
        world
    })
}

/// Roots that do not lie in each other, with protected paths in them.
fn roots(world: &World, chosen: &[Index], protected: &[Index]) -> Vec<WritableRoot> {
    let directories = world.0.iter().filter(|(path, node)| *path != TOP && node.child == Child::Directory);
    let directories: Vec<&String> = directories.map(|(path, _)| path).collect();
    let mut roots: Vec<WritableRoot> = Vec::new();
    for index in chosen.iter().filter(|_| !directories.is_empty()) {
        let path = *index.get(&directories);
        if !roots.iter().any(|root| is_in(path, &root.path) || is_in(&root.path, path)) {
            roots.push(WritableRoot { path: path.clone(), sid: synthetic(roots.len()), protected: Vec::new() });
        }
    }
    for root in &mut roots {
        let below: Vec<&str> =
            world.0.keys().filter_map(|path| path.strip_prefix(&root.path)?.strip_prefix('\\')).collect();
        root.protected =
            protected.iter().filter(|_| !below.is_empty()).map(|index| (*index.get(&below)).to_owned()).collect();
    }
    roots
}

fn edited(world: &World, roots: &[WritableRoot]) -> World {
    let mut world = world.clone();
    for edit in roots.iter().flat_map(edits) {
        let node = world.0.get_mut(&edit.path).expect("what is edited exists");
        node.descriptor.dacl = node.descriptor.dacl.as_ref().map(|list| edit.added_to(list));
    }
    world.propagate();
    world
}

/// A world before and after it was prepared for some roots.
#[derive(Debug, Clone)]
struct Scene {
    world: World,
    roots: Vec<WritableRoot>,
    after: World,
}

fn scene() -> impl Strategy<Value = Scene> {
    let places = |counts| proptest::collection::vec(any::<Index>(), counts);
    (world(), places(1..4), places(0..3)).prop_map(|(world, chosen, protected)| {
        let roots = roots(&world, &chosen, &protected);
        Scene { after: edited(&world, &roots), world, roots }
    })
}

/// What the policy says of a path.
struct Allowed {
    write: bool,
    remove: bool,
}

fn allowed(path: &str, roots: &[WritableRoot]) -> Allowed {
    let Some(root) = roots.iter().find(|root| is_in(path, &root.path)) else {
        return Allowed { write: false, remove: false };
    };
    let protected: Vec<String> = root.protected.iter().map(|relative| format!(r"{}\{relative}", root.path)).collect();
    let write = !protected.iter().any(|protected| is_in(path, protected));
    let on_the_way = protected.iter().any(|protected| is_in(protected, path));
    Allowed { write, remove: write && !on_the_way && path != root.path }
}

fn sandboxed(roots: &[WritableRoot], about: Access) -> Token {
    Token::new(user()).restricted_about(roots.iter().map(|root| root.sid.clone()), about)
}

/// Changing what it is, whose it is, or who may do so.
const TAKING_OVER: [Access; 2] = [Access::WRITE_DAC, Access::WRITE_OWNER];
const WRITES: [Access; 4] =
    [Access::FILE_WRITE_DATA, Access::FILE_APPEND_DATA, Access::FILE_WRITE_EA, Access::FILE_WRITE_ATTRIBUTES];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_sandbox_changes_what_it_may_and_nothing_else(Scene { roots, after, .. } in scene()) {
        for about in [Restriction::WRITES_AT_MOST, Restriction::EVERYTHING] {
            let token = sandboxed(&roots, about);
            for path in after.0.keys() {
                let Allowed { write, remove } = allowed(path, &roots);
                for access in WRITES {
                    prop_assert!(write || !after.may(&token, path, access), "{path} {access:?}");
                }
                prop_assert!(remove || !after.may_remove(&token, path), "{path} is removed");
                for access in TAKING_OVER {
                    prop_assert!(!after.may(&token, path, access), "{path} {access:?}");
                }
            }
        }
    }

    /// But for what inherits nothing: there the user has said so.
    #[test]
    fn where_it_may_work_it_can_as_the_user_could(Scene { world, roots, after } in scene()) {
        let token = sandboxed(&roots, Restriction::WRITES_AT_MOST);
        let cut_off = |path: &str, root: &str| world.0.iter().any(|(above, node)| {
            node.descriptor.protected && is_in(path, above) && is_in(above, root) && above != root
        });
        for path in after.0.keys() {
            let Some(root) = roots.iter().find(|root| is_in(path, &root.path)) else { continue };
            let Allowed { write, remove } = allowed(path, &roots);
            if cut_off(path, &root.path) {
                continue;
            }
            let user = Token::new(user());
            let writes = write && world.may(&user, path, Access::FILE_WRITE_DATA);
            prop_assert!(!writes || after.may(&token, path, Access::FILE_WRITE_DATA), "{path} is not written");
            let removes = remove && world.may(&user, path, Access::DELETE);
            prop_assert!(!removes || after.may_remove(&token, path), "{path} is not removed");
        }
    }

    /// Nobody else notices, and what is new in a root can be worked on.
    #[test]
    fn others_are_as_before_and_new_files_are_its_own(Scene { world, roots, after } in scene()) {
        for token in [Token::new(user()), Token::new(Sid::EVERYONE), Token::new(synthetic(99))] {
            for path in after.0.keys() {
                let most = |world: &World| pinfold_acl::most(&token, &world.0[path].descriptor);
                prop_assert_eq!(most(&after), most(&world), "{} for {:?}", path, token.user);
            }
        }
        for root in &roots {
            // What the second list gives of a new file there.
            let second = Token::new(root.sid.clone());
            for (path, node) in after.0.iter().filter(|(_, node)| node.child == Child::Directory) {
                let new = inherited(after.list(path), Child::File, &user(), &Sid::USERS);
                let new = Descriptor { dacl: Some(new), ..node.descriptor.clone() };
                let makes = pinfold_acl::most(&second, &node.descriptor).holds(Access::FILE_WRITE_DATA);
                let works = pinfold_acl::most(&second, &new).holds(Access::FILE_GENERIC_WRITE | Access::DELETE);
                prop_assert_eq!(makes, works, "{}", path);
            }
        }
    }
}

/// Where only the narrow meaning of writing is restricted, a file that nobody may write can be removed: so such a token is
/// not enough.
#[test]
fn a_token_restricted_in_the_narrow_meaning_removes_what_is_protected() {
    let mut world = World(BTreeMap::new());
    let own = || Acl::canonical([Ace::allow(user(), Access::FILE_ALL, Inherit::ALL)]);
    for (path, child) in [(TOP, Child::Directory), (r"C:\work", Child::Directory), (r"C:\work\.git", Child::Directory)]
    {
        let descriptor = Descriptor::new(user(), Sid::USERS, Some(own()));
        world.0.insert(path.to_owned(), Node { child, descriptor });
    }
    let roots = [WritableRoot { path: r"C:\work".into(), sid: synthetic(0), protected: vec![".git".into()] }];
    let after = edited(&world, &roots);
    let narrow = sandboxed(&roots, Restriction::WRITES_AT_LEAST);
    assert!(!after.may(&narrow, r"C:\work\.git", Access::FILE_WRITE_DATA));
    assert!(after.may_remove(&narrow, r"C:\work\.git"), "the hole");
    assert!(!after.may_remove(&sandboxed(&roots, Restriction::WRITES_AT_MOST), r"C:\work\.git"));
}
