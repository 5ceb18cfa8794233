//! Files and directories with descriptors, as Windows keeps them: what is below inherits, files have several names.

use std::collections::BTreeMap;

use pinfold_acl::{Access, Ace, Acl, Child, Descriptor, Inherit, Sid, Token, check, renewed};
use pinfold_plan::windows::Edit;
use proptest::prelude::*;
use proptest::sample::{Index, select};

pub(crate) const TOP: &str = "C:";
/// A directory that is in every tree, to be worked in, with a repository.
pub(crate) const WORKSPACE: &str = r"C:\w";
const REPOSITORY: [(&str, Child); 6] = [
    (WORKSPACE, Child::Directory),
    (r"C:\w\.git", Child::Directory),
    (r"C:\w\.git\hooks", Child::Directory),
    (r"C:\w\.git\hooks\pre-commit", Child::File),
    (r"C:\w\.git\config", Child::File),
    (r"C:\w\.git\index", Child::File),
];

pub(crate) fn user() -> Sid {
    Sid::new(5, &[21, 1, 2, 3, 1001]).expect("an identifier")
}

pub(crate) fn synthetic(number: usize) -> Sid {
    Sid::new(5, &[21, 9, 9, 9, number as u32]).expect("an identifier")
}

/// What exists, by number, and its names; a directory before what is in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) nodes: Vec<Node>,
    pub(crate) names: BTreeMap<String, usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) child: Child,
    pub(crate) descriptor: Descriptor,
}

pub(crate) fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('\\').map(|(parent, _)| parent)
}

pub(crate) fn is_in(path: &str, directory: &str) -> bool {
    path == directory || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('\\'))
}

impl World {
    pub(crate) fn node(&self, path: &str) -> &Node {
        &self.nodes[self.names[path]]
    }

    pub(crate) fn list(&self, path: &str) -> &Acl {
        self.node(path).descriptor.dacl.as_ref().expect("a list")
    }

    pub(crate) fn directories(&self) -> Vec<&String> {
        let directories = self.names.iter().filter(|(_, node)| self.nodes[**node].child == Child::Directory);
        directories.map(|(path, _)| path).collect()
    }

    /// All names of what a path names.
    pub(crate) fn other_names(&self, path: &str) -> impl Iterator<Item = &String> {
        let node = self.names[path];
        self.names.iter().filter(move |(_, other)| **other == node).map(|(name, _)| name)
    }

    fn add(&mut self, path: String, child: Child, entries: Vec<Ace>, protected: bool) {
        let list = Some(Acl::canonical(entries));
        let descriptor = Descriptor { protected, ..Descriptor::new(user(), Sid::USERS, list) };
        self.names.insert(path, self.nodes.len());
        self.nodes.push(Node { child, descriptor });
    }

    /// As the system does it after the descriptor of a directory has changed: what is below inherits anew.
    fn propagate(&mut self, from: &str) {
        let below: Vec<String> = self.names.keys().filter(|path| is_in(path, from) && *path != from).cloned().collect();
        for path in below {
            let Some(above) = parent(&path).map(|above| self.node(above).descriptor.clone()) else { continue };
            let Node { child, descriptor } = &mut self.nodes[self.names[&path]];
            if descriptor.label.is_none_or(|label| label.inherit.inherited) {
                descriptor.label = above.label.and_then(|label| label.inherited(*child));
            }
            if !descriptor.protected {
                let (own, above) = (descriptor.dacl.take().expect("a list"), above.dacl.expect("a list"));
                descriptor.dacl = Some(renewed(&own, &above, *child, &descriptor.owner, &descriptor.group));
            }
        }
    }

    /// The world after some edits, made in this order.
    pub(crate) fn edited<'a>(&self, edits: impl IntoIterator<Item = &'a Edit>) -> Self {
        let mut world = self.clone();
        for edit in edits {
            let Node { child, descriptor } = &mut world.nodes[self.names[&edit.path]];
            let edit = if *child == Child::File { edit.clone().for_file() } else { edit.clone() };
            descriptor.dacl = descriptor.dacl.as_ref().map(|list| edit.added_to(list));
            descriptor.label = edit.label.or(descriptor.label);
            world.propagate(&edit.path);
        }
        world
    }

    pub(crate) fn may(&self, token: &Token, path: &str, access: Access) -> bool {
        check(token, &self.node(path).descriptor, access).is_ok()
    }

    /// MS-FSA 2.1.5.1.2.1: by the rights to itself, or to its directory.
    pub(crate) fn may_remove(&self, token: &Token, path: &str) -> bool {
        let directory = parent(path).is_some_and(|parent| self.may(token, parent, Access::FILE_DELETE_CHILD));
        directory || self.may(token, path, Access::DELETE)
    }
}

/// Entries that the user, or a program of the user's, has made: about anybody but synthetic identifiers.
fn entries() -> impl Strategy<Value = Vec<Ace>> {
    let other = Sid::new(5, &[21, 1, 2, 3, 1002]).expect("an identifier");
    let sid = select(vec![user(), other, Sid::EVERYONE, Sid::USERS, Sid::CREATOR_OWNER]);
    let rights = [Access::FILE_ALL, Access::FILE_GENERIC_READ, Access::FILE_GENERIC_WRITE, Access::DELETE];
    let inherit = select(vec![Inherit::NOTHING, Inherit::ALL, Inherit { files: true, ..Inherit::NOTHING }]);
    let entry = (any::<bool>(), sid, select(rights.to_vec()), inherit);
    let entry = entry.prop_map(|(allow, sid, access, inherit)| match allow {
        true => Ace::allow(sid, access, inherit),
        false => Ace::deny(sid, access, inherit),
    });
    proptest::collection::vec(entry, 0..3)
}

/// What is put into a directory that was there before it: something new, or another name of a file.
#[derive(Debug, Clone)]
enum Put {
    New { directory: bool, entries: Vec<Ace>, protected: bool },
    Name(Index),
}

/// A tree with a repository.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let new = (proptest::bool::weighted(0.6), entries(), proptest::bool::weighted(0.1));
    let new = new.prop_map(|(directory, entries, protected)| Put::New { directory, entries, protected });
    let put = prop_oneof![6 => new, 1 => any::<Index>().prop_map(Put::Name)];
    let of_repository = proptest::collection::vec(entries(), REPOSITORY.len());
    (of_repository, proptest::collection::vec((any::<Index>(), put), 3..25)).prop_map(|(of_repository, put)| {
        let mut world = World::default();
        let top = [user(), Sid::SYSTEM].map(|sid| Ace::allow(sid, Access::FILE_ALL, Inherit::ALL));
        world.add(TOP.to_owned(), Child::Directory, top.to_vec(), false);
        for ((path, child), entries) in REPOSITORY.into_iter().zip(of_repository) {
            world.add(path.to_owned(), child, entries, false);
        }
        for (number, (place, put)) in put.into_iter().enumerate() {
            let path = format!(r"{}\{number}", place.get(&world.directories()));
            match put {
                Put::New { directory, entries, protected } => {
                    let child = if directory { Child::Directory } else { Child::File };
                    world.add(path, child, entries, protected);
                }
                Put::Name(of) => {
                    let files = world.names.values().filter(|node| world.nodes[**node].child == Child::File);
                    let node = **of.get(&files.collect::<Vec<_>>());
                    world.names.insert(path, node);
                }
            }
        }
        world.propagate(TOP);
        world
    })
}
