//! A small tree, and steps of every kind for it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::step::{Content, Meta, Step, Wanted};
use crate::tree::Tree;

use super::model::build::build;
use super::model::difference::Difference;
use super::model::snapshot::World;
use super::model::{Item, Model, meta, text, time};
use super::scratch::{Lying, Scratch};

/// Another set of attributes than none.
pub(super) fn marked(mode: u32, seconds: i64) -> Meta {
    Meta { attributes: [("user.mark".into(), b"yes".to_vec())].into(), ..meta(mode, seconds) }
}

/// What the tree is in the beginning.
pub(super) fn before() -> Model {
    Model::from(
        [
            ("", Item::Directory(meta(0o755, 1))),
            ("changed", Item::File(text("old"), marked(0o644, 2))),
            ("gone", Item::Directory(meta(0o555, 3))),
            ("gone/file", Item::File(text("gone"), meta(0o600, 4))),
            ("kept", Item::File(text("kept"), meta(0o644, 5))),
            ("linked", Item::File(text("both"), meta(0o644, 6))),
            ("linked too", Item::Same("linked".into())),
            ("other", Item::Directory(meta(0o755, 7))),
            ("other/file", Item::File(text("other"), meta(0o644, 8))),
            ("turns", Item::Directory(meta(0o755, 9))),
            ("turns/file", Item::File(text("turns"), meta(0o644, 10))),
        ]
        .map(|(path, item)| (path.into(), item)),
    )
}

/// What it shall become.
pub(super) fn after() -> Model {
    Model::from(
        [
            ("", Item::Directory(meta(0o755, 21))),
            ("changed", Item::File(text("new"), meta(0o755, 22))),
            ("kept", Item::File(text("kept"), marked(0o600, 25))),
            ("linked", Item::File(text("both, longer"), meta(0o644, 26))),
            ("linked too", Item::Same("linked".into())),
            ("new", Item::Directory(marked(0o500, 27))),
            ("new/again", Item::Same("kept".into())),
            ("new/file", Item::File(text("new"), meta(0o000, 28))),
            ("new/link", Item::Link("../changed".into(), time(29))),
            ("new/pipe", Item::Pipe(meta(0o640, 30))),
            ("other", Item::Directory(meta(0o755, 7))),
            ("other/file", Item::File(text("another"), meta(0o644, 31))),
            ("turns", Item::File(text("turned"), meta(0o644, 32))),
            ("twice", Item::Same("turns".into())),
        ]
        .map(|(path, item)| (path.into(), item)),
    )
}

/// That tree, and the steps.
pub(super) struct Case {
    pub(super) scratch: Scratch,
    pub(super) tree: Tree,
    pub(super) steps: Vec<Step>,
    pub(super) original: World,
    pub(super) directory: PathBuf,
}

impl Case {
    pub(super) fn new(lying: Lying) -> Self {
        Self::of(lying, &before(), &after(), true)
    }

    /// `keeps`: files that can be the same afterwards are.
    pub(super) fn of(lying: Lying, before: &Model, after: &Model, keeps: bool) -> Self {
        let scratch = Scratch::new(lying);
        build(before, &scratch.tree);
        let layer = scratch.state.join("layer");
        fs::create_dir(&layer).unwrap();
        let (tree, layer) = (scratch.open(), Arc::new(Tree::open(&layer).unwrap()));
        let steps = Difference { tree: &tree, layer, before, after, keeps, says_all: false }.steps();
        let (original, directory) = (scratch.world(), scratch.transaction("one"));
        Self { scratch, tree, steps, original, directory }
    }

    pub(super) fn transaction(&self) -> super::super::Transaction<'_> {
        super::super::Transaction::prepare(&self.tree, &self.steps, &self.directory).unwrap()
    }

    /// Nothing is left over beside the tree but what undoing needs.
    pub(super) fn assert_clean(&self) {
        let names = |path: &PathBuf| -> Vec<_> {
            fs::read_dir(path).into_iter().flatten().map(|entry| entry.unwrap().file_name()).collect()
        };
        let ours = ["begun", "journal", "finished", "kept", "undo"];
        let strange = |name: &std::ffi::OsString| !ours.iter().any(|our| name == our);
        assert_eq!(names(&self.directory).into_iter().find(strange), None);
    }
}

/// Whether one is the other, but for times of directories that nobody spoke of.
pub(super) fn alike(one: &World, other: &World) -> bool {
    let plain = |world: &World| -> World {
        let mut world = world.clone();
        world.get_mut(std::path::Path::new("other")).expect("it is in both").modified = time(0);
        world
    };
    plain(one) == plain(other)
}

/// A step that makes a small file.
pub(super) fn file(path: &str, expected: Option<crate::Node>, bytes: &str) -> Step {
    let wanted = Wanted::File(Content::Bytes(bytes.as_bytes().into()), meta(0o644, 50));
    Step { path: path.into(), expected, wanted }
}

/// A step that removes something.
pub(super) fn nothing(tree: &Tree, path: &str) -> Step {
    Step { path: path.into(), expected: tree.node(path.as_ref()).unwrap(), wanted: Wanted::Nothing }
}
