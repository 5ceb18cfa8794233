//! What is kept of runs, without runs: a test says what is to come and does it.

use std::fs;
use std::io::Write;

use super::{Befores, Begun, Keeping};
use crate::limits;
use crate::store::ApplyError;
use crate::testing::Place;
use crate::transaction::Error;

struct Scene {
    place: Place,
    befores: Befores,
}

impl Scene {
    fn new() -> Self {
        let place = Place::new();
        place.file("real/a", "one").file("real/d/b", "two").file("real/d/c", "three");
        let befores = Befores::new(place.path("before"));
        Self { place, befores }
    }

    fn begin(&self, session: &str) -> (Begun, Keeping) {
        self.befores.begin(session, &[self.place.path("real")]).expect("a beginning")
    }

    /// A run that writes over a file.
    fn write(&self, session: &str, path: &str, text: &str) {
        let (begun, mut keeping) = self.begin(session);
        keeping.before_write(&self.place.path(path), None);
        self.place.file(path, text);
        begun.end().expect("an end");
    }

    fn undo(&self, session: &str) -> Result<(), ApplyError> {
        let record = self.befores.open(session)?.expect("a record");
        let undoing = record.plan(&|_| false)?;
        record.undo(&undoing)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.place.path(path)).expect("a file")
    }

    fn listed(&self) -> Vec<String> {
        self.befores.list().expect("a list").into_iter().map(|kept| kept.session).collect()
    }
}

#[test]
fn a_run_that_nobody_ended_is_ended_by_the_next_one_and_undone() {
    let scene = Scene::new();
    let (begun, mut keeping) = scene.begin("1");
    keeping.before_removed(&scene.place.path("real/a"));
    fs::remove_file(scene.place.path("real/a")).expect("a file less");
    scene.befores.settle().expect("settled");
    assert!(scene.listed().is_empty(), "it goes on");
    drop((begun, keeping));
    scene.befores.settle().expect("settled");
    let record = scene.befores.open("1").expect("read").expect("a record");
    assert!(record.ended().killed && record.changes().len() == 2);
    drop(record);
    scene.undo("1").expect("undone");
    assert_eq!(scene.read("real/a"), "one");
    assert!(scene.listed().is_empty());
}

#[test]
fn a_line_that_was_cut_off_is_of_a_call_that_never_came() {
    let scene = Scene::new();
    let (begun, mut keeping) = scene.begin("1");
    keeping.before_write(&scene.place.path("real/a"), None);
    scene.place.file("real/a", "changed");
    let log = scene.place.path("before/1/log");
    fs::File::options().append(true).open(log).and_then(|mut log| log.write_all(b"{\"was\":{\"pla")).expect("a cut");
    begun.end().expect("an end");
    scene.undo("1").expect("undone");
    assert_eq!(scene.read("real/a"), "one");
}

#[test]
fn a_directory_that_is_renamed_costs_no_copy_and_what_is_in_it_comes_back() {
    let scene = Scene::new();
    let (begun, mut keeping) = scene.begin("1");
    let [d, e] = ["real/d", "real/e"].map(|path| scene.place.path(path));
    keeping.before_rename(&d, &e);
    fs::rename(&d, &e).expect("renamed");
    keeping.before_write(&e.join("b"), None);
    scene.place.file("real/e/b", "changed");
    keeping.before_removed(&e.join("c"));
    fs::remove_file(e.join("c")).expect("removed");
    keeping.before_write(&e.join("new"), None);
    scene.place.file("real/e/new", "new");
    begun.end().expect("an end");
    assert_eq!(fs::read_dir(scene.place.path("before/1/kept")).expect("copies").count(), 2);
    scene.undo("1").expect("undone");
    assert_eq!((scene.read("real/d/b"), scene.read("real/d/c")), ("two".to_owned(), "three".to_owned()));
    assert!(!e.exists());
}

#[test]
fn what_somebody_has_changed_since_is_in_the_way() {
    let scene = Scene::new();
    scene.write("1", "real/a", "changed");
    scene.place.file("real/a", "mine");
    let undone = scene.undo("1");
    assert!(matches!(undone, Err(ApplyError::Place { source: Error::Conflicts(_), .. })), "{undone:?}");
    assert_eq!(scene.read("real/a"), "mine");
    assert_eq!(scene.listed(), ["1"]);
}

#[test]
fn the_last_runs_are_kept_and_undone_in_turn() {
    let scene = Scene::new();
    for run in 0..limits::KEPT_RUNS + 2 {
        scene.write(&run.to_string(), "real/a", &format!("by {run}"));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    scene.befores.settle().expect("settled");
    assert_eq!(scene.listed().len(), limits::KEPT_RUNS);
    for run in (2..limits::KEPT_RUNS + 2).rev() {
        scene.undo(&run.to_string()).expect("undone");
        assert_eq!(scene.read("real/a"), format!("by {}", run - 1));
    }
}

#[test]
fn a_file_with_two_names_is_undone_though_a_later_run_has_renamed_one() {
    let scene = Scene::new();
    let [a, b, other] = ["real/a", "real/d/b", "real/other"].map(|path| scene.place.path(path));
    fs::hard_link(&a, &other).expect("another name");
    scene.write("1", "real/a", "changed");
    let (begun, mut keeping) = scene.begin("2");
    keeping.before_rename(&a, &b);
    fs::rename(&a, &b).expect("renamed");
    begun.end().expect("an end");
    scene.undo("2").expect("undone");
    assert_eq!(["real/a", "real/d/b", "real/other"].map(|path| scene.read(path)), ["changed", "two", "changed"]);
    scene.undo("1").expect("undone");
    assert_eq!(["real/a", "real/other"].map(|path| scene.read(path)), ["one", "one"]);
}

#[test]
fn what_a_run_that_ended_has_changed_is_not_read_when_others_begin() {
    let scene = Scene::new();
    scene.write("1", "real/a", "changed");
    fs::write(scene.place.path("before/1/changes"), "not for them").expect("another list");
    scene.befores.settle().expect("settled");
    assert_eq!(scene.listed(), ["1"]);
}

#[test]
fn of_a_run_that_has_changed_nothing_nothing_is_kept() {
    let scene = Scene::new();
    let (begun, mut keeping) = scene.begin("1");
    keeping.before_write(&scene.place.path("real/a"), None);
    assert!(begun.end().expect("an end").changes().is_empty());
    assert!(!scene.place.path("before/1").exists() && scene.listed().is_empty());
}

#[test]
fn what_is_being_removed_is_nobodys_run() {
    let scene = Scene::new();
    scene.write("1", "real/a", "changed");
    fs::rename(scene.place.path("before/1"), scene.place.path("before/.1")).expect("as a removal begins");
    assert!(scene.listed().is_empty());
    scene.befores.settle().expect("settled");
    assert!(!scene.place.path("before/.1").exists());
}

#[test]
fn an_undoing_that_was_interrupted_is_finished_or_has_not_begun() {
    let scene = Scene::new();
    scene.write("1", "real/a", "changed");
    // As if somebody was killed between the transaction and what is noted of it.
    let record = scene.befores.open("1").expect("read").expect("a record");
    let undoing = record.plan(&|_| false).expect("a plan");
    undoing.carry_out_only(&scene.place.path("before/1"));
    drop(record);
    scene.befores.settle().expect("settled");
    assert_eq!(scene.read("real/a"), "one");
    assert!(scene.listed().is_empty());
}
