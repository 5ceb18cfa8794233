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
//! - Times of directories are not compared: that of one that was only looked through is not taken over.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod applied;
mod mounted;
mod operations;
mod tree;

use std::path::Path;
use std::sync::Arc;

use pinfold_stage::{Bases, Changes, Layers, Pick, Time, Tree, plan_apply};
use proptest::prelude::*;

use operations::{Operation, operation};
use tree::{Place, forget_names_of_unchanged, snapshot};

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

fn apply(place: &Place, layers: &[std::path::PathBuf]) {
    let above = layers.iter().map(|layer| Arc::new(Tree::layer(layer).unwrap())).collect();
    let layers = Layers::new(above, Arc::new(Tree::open(&place.path("real")).unwrap()));
    let mut bases = Bases::open(&place.path("bases")).unwrap();
    bases.settle(&layers, Time { seconds: i64::MAX, nanoseconds: 0 }).unwrap();
    let changes = Changes::of(&layers).unwrap();
    let steps = plan_apply(&layers, &changes, &bases, |_| Pick::Whole).unwrap();
    applied::apply(layers.real(), &steps);
    let left = Changes::of(&layers).unwrap();
    assert!(left.all().is_empty(), "left to apply: {:?}", left.all());
}

proptest! {
    #![proptest_config(cases())]

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
