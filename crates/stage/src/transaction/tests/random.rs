//! Any tree becomes any other, and what it was again.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::node::{Attributes, Kind};
use crate::step::Meta;
use crate::transaction::{Error, Recovered, Transaction, recover, undo};
use crate::tree::Tree;

use super::model::build::build;
use super::model::difference::Difference;
use super::model::snapshot::{Thing, World, differences, look};
use super::model::{Item, Model, Text, names, time};
use super::scratch::{Lying, Scratch};

const NAMES: [&[u8]; 5] = [b"a", b"b\nc", b"\xff\xfe", b"d e", "Übung".as_bytes()];

fn path() -> impl Strategy<Value = PathBuf> {
    vec(0..NAMES.len(), 1..4).prop_map(|parts| parts.iter().map(|part| OsStr::from_bytes(NAMES[*part])).collect())
}

/// What is said about things: `modes` of which an owner who is not root can still look inside.
fn meta(modes: &'static [u32]) -> impl Strategy<Value = Meta> {
    let attribute = prop_oneof![3 => Just(None), 1 => Just(Some("one")), 1 => Just(Some("two"))];
    (prop::sample::select(modes), 0..3_i64, attribute).prop_map(|(mode, seconds, attribute)| {
        let all = attribute
            .filter(|_| mode & 0o600 == 0o600)
            .map(|name| (format!("user.{name}").into(), b"\0v\xff".to_vec()));
        Meta { mode, modified: time(1_000_000 + seconds), attributes: all.into_iter().collect::<Attributes>() }
    })
}

fn text() -> impl Strategy<Value = Text> {
    let hole = prop_oneof![3 => Just(0_u64), 1 => Just(1 << 16), 1 => Just(5000)];
    (hole, vec(any::<u8>(), 0..3)).prop_map(|(hole, bytes)| Text { hole, bytes })
}

#[derive(Debug, Clone)]
enum Seed {
    Item(Item),
    /// Another name of one of the files.
    Again(prop::sample::Index),
}

fn seed(directories: &'static [u32]) -> impl Strategy<Value = Seed> {
    const FILES: &[u32] = &[0o644, 0o600, 0o755, 0o4711, 0o444, 0o000];
    prop_oneof![
        3 => meta(directories).prop_map(|meta| Seed::Item(Item::Directory(meta))),
        5 => (text(), meta(FILES)).prop_map(|(text, meta)| Seed::Item(Item::File(text, meta))),
        1 => (path(), 0..3_i64).prop_map(|(to, seconds)| Seed::Item(Item::Link(to, time(seconds)))),
        1 => (0..3_i64).prop_map(|seconds| Seed::Item(Item::Pipe(super::model::meta(0o640, seconds)))),
        2 => any::<prop::sample::Index>().prop_map(Seed::Again),
    ]
}

fn model(directories: &'static [u32]) -> impl Strategy<Value = Model> {
    (meta(directories), vec((path(), seed(directories)), 0..14)).prop_map(|(root, seeds)| grow(root, seeds))
}

fn grow(root: Meta, seeds: Vec<(PathBuf, Seed)>) -> Model {
    let mut model = Model::from([(PathBuf::new(), Item::Directory(Meta { mode: 0o755, ..root.clone() }))]);
    let mut again = Vec::new();
    for (path, seed) in seeds {
        let parents: Vec<_> = path.ancestors().skip(1).map(Path::to_owned).collect();
        let fits = parents.iter().all(|parent| matches!(model.get(parent), None | Some(Item::Directory(_))));
        if model.contains_key(&path) || !fits {
            continue;
        }
        for parent in parents {
            model.entry(parent).or_insert_with(|| Item::Directory(root.clone()));
        }
        match seed {
            Seed::Item(item) => _ = model.insert(path, item),
            Seed::Again(index) => again.push((path, index)),
        }
    }
    let files: Vec<_> =
        model.iter().filter(|(_, item)| matches!(item, Item::File(..))).map(|(path, _)| path.clone()).collect();
    for (path, index) in again {
        if !files.is_empty() && !model.contains_key(&path) {
            model.insert(path, Item::Same(index.get(&files).clone()));
        }
    }
    model
}

const OPEN: &[u32] = &[0o755, 0o700, 0o555, 0o500, 0o2775];
const ANY: &[u32] = &[0o755, 0o700, 0o555, 0o000, 0o311, 0o1777];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_becomes_another_and_what_it_was_again(
        before in model(OPEN), after in model(ANY), apart in prop::bool::weighted(0.1), keeps: bool, says_all: bool,
    ) {
        let lying = if apart { *Lying::all().last().unwrap() } else { Lying::Together };
        turn(&before, &after, lying, keeps, says_all);
    }
}

fn turn(before: &Model, after: &Model, lying: Lying, keeps: bool, says_all: bool) {
    let scratch = Scratch::new(lying);
    build(before, &scratch.tree);
    let (tree, directory) = (scratch.open(), scratch.transaction("one"));
    let layer = scratch.state.join("layer");
    fs::create_dir(&layer).unwrap();
    let layer = Arc::new(Tree::open(&layer).unwrap());
    let steps = Difference { tree: &tree, layer, before, after, keeps, says_all }.steps();
    let original = scratch.world();

    Transaction::prepare(&tree, &steps, &directory).unwrap().commit().unwrap();
    compare(after, &scratch.world(), |path| {
        says_all || before.get(path) != after.get(path) || !matches!(after.get(path), Some(Item::Directory(_)))
    });
    assert_eq!(recover(&directory).unwrap(), Recovered::Finished);

    undo(&directory).unwrap();
    let mut again = scratch.world();
    if lying == Lying::Apart {
        forget_names(&mut again, &original);
    }
    assert_eq!(differences(&original, &again), <[String; 0]>::default());
    assert!(matches!(undo(&directory), Err(Error::AlreadyUndone)));
    assert_eq!(recover(&directory).unwrap(), Recovered::Undone);
    assert!(look(&directory.join("kept")).len() == 1, "something is kept for nothing");
}

/// What was copied is another name no more of what never had to be.
fn forget_names(world: &mut World, original: &World) {
    for (path, thing) in world {
        thing.first = original.get(path).map_or(PathBuf::new(), |original| original.first.clone());
    }
}

/// Whether a tree is as a model says; times of directories only where `timed`.
fn compare(model: &Model, world: &World, timed: impl Fn(&Path) -> bool) {
    assert_eq!(model.keys().collect::<Vec<_>>(), world.keys().collect::<Vec<_>>());
    for (path, thing) in world {
        let item = if let Item::Same(to) = &model[path] { &model[to] } else { &model[path] };
        let first = if thing.kind == Kind::Directory { path } else { names(model, path)[0] };
        assert_eq!(thing.first, first, "names of {path:?}");
        let said = match item {
            Item::Directory(meta) | Item::Pipe(meta) | Item::File(_, meta) => Some(meta),
            _ => None,
        };
        if let Some(meta) = said {
            assert_eq!(thing.mode, meta.mode, "mode of {path:?}");
            assert!(thing.attributes.as_ref().is_none_or(|all| *all == meta.attributes), "attributes of {path:?}");
            assert!(!timed(path) || thing.modified == meta.modified, "time of {path:?}");
        }
        match item {
            Item::File(text, _) => compare_text(path, text, thing),
            Item::Link(target, modified) => {
                assert_eq!((&thing.kind, &thing.modified), (&Kind::Link { target: target.clone() }, modified));
            }
            Item::Directory(_) => assert_eq!(thing.kind, Kind::Directory),
            Item::Pipe(_) => assert_eq!(thing.kind, Kind::Pipe),
            Item::Same(_) => unreachable!("resolved"),
        }
    }
}

fn compare_text(path: &Path, text: &Text, thing: &Thing) {
    let hole = if text.bytes.is_empty() { 0 } else { usize::try_from(text.hole).unwrap() };
    let bytes = [&vec![0; hole], &text.bytes[..]].concat();
    assert_eq!(thing.kind, Kind::File { bytes: bytes.len() as u64 }, "length of {path:?}");
    assert!(thing.content.as_ref().is_none_or(|content| *content == bytes), "content of {path:?}");
    assert!(hole < 1 << 16 || !thing.dense, "the hole in {path:?}");
}
