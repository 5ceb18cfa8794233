//! Modes that keep even an owner out, which matter to those who are not root.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::step::{Content, Step, Wanted};
use crate::transaction::{Transaction, undo};

use super::model::{Item, Model, meta, text};
use super::scratch::{Lying, Scratch};
use super::steps::Case;

fn model<const N: usize>(items: [(&str, Item); N]) -> Model {
    items.map(|(path, item)| (path.into(), item)).into()
}

#[test]
fn closed_directories_are_opened_and_closed_again() {
    let closed = |mode| {
        move |bytes| {
            model([
                ("", Item::Directory(meta(0o555, 1))),
                ("a", Item::Directory(meta(mode, 2))),
                ("a/b", Item::Directory(meta(0o500, 3))),
                ("a/b/file", Item::File(text(bytes), meta(0o400, 4))),
            ])
        }
    };
    for lying in Lying::all() {
        let (before, after) = (closed(0o555)("old"), closed(0o000)("new"));
        let case = Case::of(lying, &before, &after, false);
        case.transaction().commit().unwrap();
        let world = case.scratch.world();
        let modes: Vec<_> = world.values().map(|thing| thing.mode).collect();
        assert_eq!(modes, [0o555, 0o000, 0o500, 0o400]);
        assert_eq!(world[Path::new("a/b/file")].content.as_deref(), Some(&b"new"[..]));
        undo(&case.directory).unwrap();
        assert_eq!(case.scratch.world(), case.original);
    }
}

#[test]
fn what_replaces_something_belongs_to_the_same_owner() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped, because only root can give things away");
        return;
    }
    for lying in Lying::all() {
        let scratch = Scratch::new(lying);
        let path = scratch.tree.join("file");
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::chown(&scratch.tree, Some(12), Some(34)).unwrap();
        std::os::unix::fs::chown(&path, Some(56), Some(78)).unwrap();
        let tree = scratch.open();
        let wanted = || Wanted::File(Content::Bytes(b"new"[..].into()), meta(0o4755, 1));
        let found = tree.node("file".as_ref()).unwrap();
        let steps = [
            Step { path: "file".into(), expected: found, wanted: wanted() },
            Step { path: "new".into(), expected: None, wanted: Wanted::Directory(meta(0o755, 1)) },
            Step { path: "new/file".into(), expected: None, wanted: wanted() },
        ];
        Transaction::prepare(&tree, &steps, &scratch.transaction("one")).unwrap().commit().unwrap();
        let owner = |path: &str| {
            let found = fs::metadata(scratch.tree.join(path)).unwrap();
            (found.uid(), found.gid(), found.mode() & 0o7777)
        };
        assert_eq!(
            [owner("file"), owner("new"), owner("new/file")],
            [(56, 78, 0o4755), (12, 34, 0o755), (12, 34, 0o4755)]
        );
        undo(&scratch.transaction("one")).unwrap();
        assert_eq!((owner("file").0, owner("file").1), (56, 78));
    }
}
