//! Somebody else is quicker: at every point, what they did stays, and nothing outside of the tree is touched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::transaction::{Error, Recovered, Transaction, recover, undo};

use super::faults::with;
use super::model::snapshot::{World, differences, look};
use super::scratch::{Lying, Scratch};
use super::steps::{Case, after, before, file};

const MINE: &[u8] = b"by somebody else";

/// Somebody does something to a path at one point; how often it came to that.
fn at_every_point(act: fn(&Path), keeps: bool, judge: impl Fn(&Case, Result<(), Error>, usize)) {
    for lying in Lying::all() {
        at_every_point_of(lying, act, keeps, &judge);
    }
}

fn at_every_point_of(lying: Lying, act: fn(&Path), keeps: bool, judge: impl Fn(&Case, Result<(), Error>, usize)) {
    for at in 0.. {
        let case = Case::of(lying, &before(), &after(), keeps);
        let path = case.scratch.tree.clone();
        let mut acted = false;
        let (tree, directory, steps) = (case.scratch.open(), case.directory.clone(), case.steps.clone());
        let shared = std::rc::Rc::new(std::cell::Cell::new(false));
        let seen = shared.clone();
        let hook = move |number| {
            if number == at && !acted {
                acted = true;
                seen.set(true);
                act(&path);
            }
            Ok(())
        };
        let done = with(hook, || Transaction::prepare(&tree, &steps, &directory)?.commit());
        if !shared.get() {
            return;
        }
        judge(&case, done, at);
    }
}

/// Where something of somebody else is: in the tree, or kept.
fn is_somewhere(case: &Case) -> bool {
    let is = |world: World| world.values().any(|thing| thing.content.as_deref() == Some(MINE));
    is(case.scratch.world()) || is(look(&case.directory))
}

/// Conflicts: all is as it was, but for what somebody else did.
fn judge(case: &Case, done: Result<(), Error>, at: usize, theirs: &[&str]) {
    assert!(is_somewhere(case), "at {at}: what somebody else wrote is lost: {done:?}");
    match done {
        Ok(()) => assert_eq!(recover(&case.directory).unwrap(), Recovered::Finished),
        Err(Error::Conflicts(conflicts)) => {
            assert_eq!(conflicts.len(), 1, "at {at}");
            let mut world = case.scratch.world();
            let mut original = case.original.clone();
            for path in theirs.iter().map(PathBuf::from) {
                let above = path.parent().unwrap().to_owned();
                [path, above].iter().for_each(|path| _ = (world.remove(path), original.remove(path)));
            }
            assert_eq!(differences(&original, &world), <[String; 0]>::default(), "at {at}");
            case.assert_clean();
        }
        Err(Error::Left(_)) => assert!(matches!(recover(&case.directory), Ok(Recovered::RolledBack(_)))),
        Err(error) => panic!("at {at}: {error}"),
    }
}

/// By renaming something that was made aside.
fn put(tree: &Path, path: &str) {
    fs::write(tree.join("mine"), MINE).unwrap();
    fs::rename(tree.join("mine"), tree.join(path)).unwrap();
}

#[test]
fn what_somebody_writes_meanwhile_stays() {
    let act = |tree: &Path| fs::write(tree.join("changed"), MINE).unwrap();
    at_every_point(act, false, |case, done, at| judge(case, done, at, &["changed"]));
}

#[test]
fn what_somebody_puts_there_instead_stays() {
    for keeps in [false, true] {
        at_every_point(
            |tree| put(tree, "other/file"),
            keeps,
            |case, done, at| {
                judge(case, done, at, &["other/file", "mine"]);
            },
        );
    }
}

#[test]
fn what_somebody_makes_where_something_new_shall_be_stays() {
    at_every_point(|tree| put(tree, "twice"), true, |case, done, at| judge(case, done, at, &["twice"]));
}

#[test]
fn what_somebody_puts_into_a_directory_that_goes_stays() {
    // Later there is no such directory any more.
    let act = |tree: &Path| {
        if fs::write(tree.join("turns/mine"), MINE).is_err() {
            fs::write(tree.join("mine"), MINE).unwrap();
        }
    };
    at_every_point(act, true, |case, done, at| judge(case, done, at, &["turns/mine", "mine"]));
}

#[test]
fn what_somebody_writes_to_a_file_with_other_names_stays() {
    let act = |tree: &Path| fs::write(tree.join("linked too"), MINE).unwrap();
    let lost = std::cell::Cell::new(0);
    at_every_point(act, true, |case, done, at| {
        if is_somewhere(case) {
            return judge(case, done, at, &["linked", "linked too"]);
        }
        // While it is being written in place, it is as if they had been there before.
        lost.set(lost.get() + 1);
        assert!(done.is_ok(), "at {at}: {done:?}");
    });
    assert!(lost.get() <= 2 * Lying::all().len(), "{lost:?} times");
}

#[test]
fn whoever_exchanges_directories_for_links_leads_nobody_out() {
    for lying in Lying::all() {
        let case = Case::new(lying);
        let outside = case.scratch.state.join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "outside").unwrap();
        let untouched = look(&outside);
        let (inside, aside) = (case.scratch.tree.join("other"), case.scratch.tree.join("aside"));
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    fs::rename(&inside, &aside).unwrap();
                    symlink(&outside, &inside).unwrap();
                    fs::remove_file(&inside).unwrap();
                    fs::rename(&aside, &inside).unwrap();
                }
            });
            for round in 0..200 {
                run_against_them(&case.scratch, round);
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!(look(&outside), untouched);
    }
}

/// Whatever comes of it.
fn run_against_them(scratch: &Scratch, round: usize) {
    let (tree, directory) = (scratch.open(), scratch.transaction(&round.to_string()));
    let Ok(found) = tree.node("other/file".as_ref()) else { return };
    let steps = [file("other/file", found, "new"), file(&format!("other/{round}"), None, "new")];
    let done = Transaction::prepare(&tree, &steps, &directory).and_then(Transaction::commit);
    _ = done.and_then(|()| undo(&directory));
    if directory.exists() {
        _ = recover(&directory);
    }
}
