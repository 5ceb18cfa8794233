//! Killed at every point, and the disk full at every point: all or nothing, and nothing left over.

use crate::transaction::{Error, Recovered, Transaction, recover, undo};

use super::faults::{full, killed};
use super::model::snapshot::{World, differences};
use super::scratch::Lying;
use super::steps::{Case, alike};

/// What the tree looks like when all went well.
fn finished(lying: Lying) -> World {
    let case = Case::new(lying);
    case.transaction().commit().unwrap();
    case.assert_clean();
    case.scratch.world()
}

fn run(case: &Case) -> Result<(), Error> {
    Transaction::prepare(&case.tree, &case.steps, &case.directory)?.commit()
}

fn recovered(case: &Case) -> Recovered {
    if case.directory.exists() { recover(&case.directory).unwrap() } else { Recovered::Nothing }
}

/// What lies there is what was there before or what is there afterwards, as was said.
fn assert_whole(case: &Case, ended: &Recovered, after: &World, at: usize) {
    let world = case.scratch.world();
    match ended {
        Recovered::Finished => assert!(alike(&world, after), "finished at {at}: {:#?}", differences(&world, after)),
        Recovered::Nothing | Recovered::Undone => assert_same(&world, &case.original, at),
        Recovered::RolledBack(conflicts) => {
            assert_eq!(conflicts, &[], "at {at}");
            assert_same(&world, &case.original, at);
        }
    }
    case.assert_clean();
    assert_eq!(
        recovered(case),
        if *ended == Recovered::Finished || *ended == Recovered::Undone { ended.clone() } else { Recovered::Nothing }
    );
}

fn assert_same(one: &World, other: &World, at: usize) {
    assert_eq!(differences(one, other), <[String; 0]>::default(), "at {at}");
}

#[test]
fn killed_anywhere_it_is_finished_or_never_was() {
    for lying in Lying::all() {
        let after = finished(lying);
        for at in 0.. {
            let case = Case::new(lying);
            let done = killed(at, || run(&case));
            assert_whole(&case, &recovered(&case), &after, at);
            if done.is_some() {
                assert!(at > 60, "{at} points are not all");
                break;
            }
        }
    }
}

#[test]
fn killed_while_it_recovers_it_recovers_all_the_same() {
    for lying in Lying::all() {
        let after = finished(lying);
        for at in (0..).step_by(13) {
            if recovers_though_killed(lying, at, &after) {
                break;
            }
        }
    }
}

/// Whether it was never killed.
fn recovers_though_killed(lying: Lying, at: usize, after: &World) -> bool {
    for again in (0..).step_by(7) {
        let case = Case::new(lying);
        let done = killed(at, || run(&case)).is_some();
        let recovery = killed(again, || recovered(&case)).is_some();
        assert_whole(&case, &recovered(&case), after, at);
        if done || recovery {
            return done;
        }
    }
    unreachable!("there is no end to numbers")
}

#[test]
fn where_the_disk_is_full_all_is_turned_back() {
    for lying in Lying::all() {
        let after = finished(lying);
        for at in 0.. {
            let case = Case::new(lying);
            match full(at, at + 1, || run(&case)) {
                Ok(()) => break,
                Err(Error::Failed { .. }) => {
                    assert_same(&case.scratch.world(), &case.original, at);
                    assert_whole(&case, &Recovered::Nothing, &after, at);
                }
                Err(Error::Unfinished { .. }) => assert_whole(&case, &recovered(&case), &after, at),
                Err(error) => panic!("{error} at {at}"),
            }
        }
    }
}

#[test]
fn a_disk_that_stays_full_is_waited_for() {
    for lying in Lying::all() {
        let after = finished(lying);
        for at in 0.. {
            let case = Case::new(lying);
            if full(at, usize::MAX, || run(&case)).is_ok() {
                break;
            }
            assert_whole(&case, &recovered(&case), &after, at);
        }
    }
}

#[test]
fn turning_back_is_interrupted_as_well() {
    for lying in Lying::all() {
        let after = finished(lying);
        for at in (60..).step_by(11) {
            let case = Case::new(lying);
            if full(at, at + 1, || run(&case)).is_ok() {
                break;
            }
            for again in (0..).step_by(5) {
                let case = Case::new(lying);
                let failed = move |number: usize| match number {
                    number if number == at => Err(rustix::io::Errno::NOSPC.into()),
                    _ => Ok(()),
                };
                let both = super::faults::killed_in(failed, at + 1 + again, || run(&case));
                assert_whole(&case, &recovered(&case), &after, at);
                if both.is_some() {
                    break;
                }
            }
        }
    }
}

#[test]
fn undoing_is_interrupted_anywhere() {
    for lying in Lying::all() {
        let after = finished(lying);
        for at in 0.. {
            let case = Case::new(lying);
            run(&case).unwrap();
            let done = killed(at, || undo(&case.directory));
            let ended = recovered(&case);
            assert_whole(&case, &ended, &after, at);
            if ended == Recovered::Finished {
                undo(&case.directory).unwrap();
                assert_whole(&case, &Recovered::Undone, &after, at);
            }
            if done.is_some() {
                break;
            }
        }
    }
}

#[test]
fn where_the_disk_is_full_what_was_done_stays_done() {
    for lying in Lying::all() {
        let after = finished(lying);
        for at in 0.. {
            let case = Case::new(lying);
            run(&case).unwrap();
            if full(at, at + 1, || undo(&case.directory)).is_ok() {
                break;
            }
            let ended = recovered(&case);
            assert_whole(&case, &ended, &after, at);
            if ended == Recovered::Finished {
                undo(&case.directory).unwrap_or_else(|error| panic!("{error} at {at}, {lying:?}"));
            }
            assert_whole(&case, &Recovered::Undone, &after, at);
        }
    }
}
