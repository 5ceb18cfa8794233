//! Beside the kernel: the same things are done to a copy of a tree and inside a real overlay over another copy, and what is
//! read from the layers and applied must make the second one like the first.
//!
//! Where an overlay itself is no ordinary directory, the comparison says so:
//!
//! - A directory of the real tree cannot be renamed inside (`EXDEV`). What is done then is what `mv` does: it is copied and
//!   removed, and what was one file with something elsewhere is so no more. Where files are linked, both sides do that always.
//! - A file that has several names in the real tree, or was given them before a layer was frozen, is several files as soon as one
//!   is written to. Trees have none before the run, and with two layers nothing is linked. Names that the run itself makes in
//!   one layer are compared, but for those of files that stay as they were: they are taken over as files of their own.
//! - Symbolic links and pipes with several names are taken over as one of its own under each.
//! - Times of directories are not compared: that of one that was only looked through is not taken over.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod applied;
mod mounted;
mod operations;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pinfold_stage::{Bases, Changes, Layers, Pick, Time, Tree, plan_apply};
use proptest::prelude::*;

use operations::{Operation, operation};
use tree::{Place, Snapshot, forget_names_of_unchanged, snapshot};

/// How often, unless `OVERLAY_CASES` says otherwise.
const CASES: u32 = 200;

fn cases() -> ProptestConfig {
    let cases = std::env::var("OVERLAY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 300, ..ProptestConfig::default() }
}

/// Does one after another to a plain copy, and in layers, then applies the layers.
fn same_in_the_end(runs: &[Vec<Operation>]) {
    same_in_the_end_from([tree::make; 2], runs);
}

fn same_in_the_end_from([direct, real]: [fn(&Path); 2], runs: &[Vec<Operation>]) {
    let place = Place::new();
    direct(&place.path("direct"));
    real(&place.path("real"));
    let before = snapshot(&place.path("direct"));
    let mut layers = Vec::new();
    for (number, operations) in runs.iter().enumerate() {
        let first = 1000 * (number as i64 + 1);
        operations::carry_out(&place.path("direct"), operations, first);
        mounted::carry_out(&place, &layers, number, operations, first);
        layers.insert(0, place.path(format!("upper{number}")));
    }
    apply(&place, &layers);
    let (mut direct, mut real) = (snapshot(&place.path("direct")), snapshot(&place.path("real")));
    forget_names_of_unchanged(&before, [&mut direct, &mut real]);
    assert_eq!(real, direct);
}

/// Layers over the real tree, and what that was.
fn opened(place: &Place, layers: &[PathBuf]) -> (Layers, Bases) {
    let above = layers.iter().map(|layer| Arc::new(Tree::layer(layer).unwrap())).collect();
    let layers = Layers::new(above, Arc::new(Tree::open(&place.path("real")).unwrap()));
    let mut bases = Bases::open(&place.path("bases")).unwrap();
    bases.settle(&layers, Time::LAST).unwrap();
    (layers, bases)
}

fn apply(place: &Place, layers: &[PathBuf]) {
    let (layers, bases) = opened(place, layers);
    let changes = Changes::of(&layers).unwrap();
    let steps = plan_apply(&layers, &changes, &bases, |_| Pick::Whole).unwrap();
    applied::apply(layers.real(), &steps);
    let left = Changes::of(&layers).unwrap();
    assert!(left.all().is_empty(), "left to apply: {:?}", left.all());
}

/// Takes a part over, looks whether it is that part, and takes over the rest.
fn in_two_parts(run: &[Operation], choices: &[bool]) {
    let place = Place::new();
    ["direct", "real"].iter().for_each(|name| tree::make(&place.path(name)));
    let before = snapshot(&place.path("real"));
    operations::carry_out(&place.path("direct"), run, 1000);
    mounted::carry_out(&place, &[], 0, run, 1000);
    let layers = [place.path("upper0")];
    let direct = snapshot(&place.path("direct"));
    let part = apply_some(&place, &layers, choices);
    let what = |snapshot: &Snapshot, path: &Path| snapshot.get(path).map(|seen| seen.what.clone());
    let real = snapshot(&place.path("real"));
    for path in before.keys().chain(direct.keys()).chain(real.keys()) {
        let expected = if part.contains(path) { &direct } else { &before };
        assert_eq!(what(&real, path), what(expected, path), "{} of {part:?}", path.display());
    }
    apply(&place, &layers);
    let real = snapshot(&place.path("real"));
    for path in direct.keys().chain(real.keys()) {
        assert_eq!(what(&real, path), what(&direct, path), "{} in the end", path.display());
    }
}

/// Which paths were taken over: every choice is about one change, with what it needs.
fn apply_some(place: &Place, layers: &[PathBuf], choices: &[bool]) -> BTreeSet<PathBuf> {
    let (layers, mut bases) = opened(place, layers);
    let changes = Changes::of(&layers).unwrap();
    let numbered = changes.all().iter().zip(choices.iter().cycle());
    let chosen: BTreeSet<&Path> = numbered.filter(|(_, chosen)| **chosen).map(|(change, _)| &*change.path).collect();
    let part = changes.with_needed(|change| chosen.contains(&*change.path));
    let pick = |change: &pinfold_stage::Change| if part.contains(&change.path) { Pick::Whole } else { Pick::Not };
    let steps = plan_apply(&layers, &changes, &bases, pick).unwrap();
    bases.forget(part.iter().map(PathBuf::as_path)).unwrap();
    applied::apply(layers.real(), &steps);
    bases.settle(&layers, Time::LAST).unwrap();
    part
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_is_taken_over_in_part_is_that_part_and_the_rest_is_what_is_missing(
        run in proptest::collection::vec(operation(true), 1..25),
        choices in proptest::collection::vec(proptest::bool::ANY, 1..8),
    ) {
        if mounted::is_possible() {
            in_two_parts(&run, &choices);
        }
    }

    #[test]
    fn a_run_that_nothing_is_taken_over_of_leaves_no_trace(run in proptest::collection::vec(operation(true), 1..25)) {
        if mounted::is_possible() {
            let place = Place::new();
            tree::make(&place.path("real"));
            let before = tree::exactly(&place.path("real"));
            mounted::carry_out(&place, &[], 0, &run, 1000);
            let (layers, bases) = opened(&place, &[place.path("upper0")]);
            let changes = Changes::of(&layers).unwrap();
            plan_apply(&layers, &changes, &bases, |_| Pick::Whole).unwrap();
            changes.all().iter().for_each(|change| drop(pinfold_stage::diffs(&layers, change).unwrap()));
            assert_eq!(tree::exactly(&place.path("real")), before);
        }
    }

    #[test]
    fn what_is_applied_is_what_a_direct_run_leaves(run in proptest::collection::vec(operation(true), 1..25)) {
        if mounted::is_possible() {
            same_in_the_end(&[run]);
        }
    }

    #[test]
    fn what_is_applied_of_two_layers_is_what_direct_runs_leave(
        runs in proptest::collection::vec(proptest::collection::vec(operation(false), 1..15), 2),
    ) {
        if mounted::is_possible() {
            same_in_the_end(&runs);
        }
    }
}

#[test]
fn a_file_with_other_names_that_is_written_becomes_one_of_its_own_as_it_was_inside() {
    const NAMES: [(&str, &str); 3] = [("c", "d"), ("a/a", "a/d"), ("b/b", "b/d")];
    let with_copies = |root: &Path| {
        tree::make(root);
        NAMES.iter().for_each(|(from, to)| operations::copy(&root.join(from), &root.join(to)).unwrap());
    };
    let with_links = |root: &Path| {
        tree::make(root);
        NAMES.iter().for_each(|(from, to)| std::fs::hard_link(root.join(from), root.join(to)).unwrap());
    };
    if mounted::is_possible() {
        let run = [
            Operation::Append("d".into(), "more".into()),
            Operation::Mode("a/d".into(), 0o600),
            Operation::Save("b/b".into(), "another file".into()),
        ];
        same_in_the_end_from([with_copies, with_links], &[run.to_vec()]);
    }
}

/// The other side: this program, started in a user namespace with a mount (`mounted`). Started otherwise it does nothing.
#[test]
fn inside() {
    if let Some(plan) = std::env::var_os(mounted::PLAN) {
        mounted::inside(Path::new(&plan));
    }
}
