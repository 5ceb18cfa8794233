//! Stages that come, go, are forked and gone back to.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Stage, Stages, StoreError};
use crate::node::{Attributes, Time};
use crate::step::{Content, Meta, Step, Wanted};
use crate::testing::Place;

fn stages(scratch: &Place) -> Stages {
    Stages::new(scratch.path("stages"))
}

/// What a run would write, in the layer that takes it.
fn write(stage: &mut Stage, name: &str) {
    stage.begin("run", [PathBuf::from("/workspace")]).expect("a run");
    fs::create_dir_all(stage.top()).expect("a layer");
    fs::write(stage.top().join(name), name).expect("a file");
}

/// The names that a run would see, the uppermost layer first.
fn seen(stage: &Stage) -> Vec<Vec<String>> {
    let names = |layer: PathBuf| {
        let entries = fs::read_dir(layer).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    std::iter::once(stage.top()).chain(stage.frozen()).map(names).collect()
}

#[test]
fn a_stage_is_used_by_one_at_a_time() {
    let scratch = Place::new();
    let stages = stages(&scratch);
    let mut stage = stages.make("one", Path::new("/workspace")).expect("a stage");
    assert!(matches!(stages.open("one"), Err(StoreError::InUse { .. })));
    assert!(matches!(stages.make("one", Path::new("/workspace")), Err(StoreError::InUse { .. })));
    write(&mut stage, "a");
    assert!(matches!(stages.open("one"), Err(StoreError::InUse { .. })));
    let mut seen = stages.see("one").expect("it can be seen");
    assert!(matches!(seen.snapshot("first"), Err(StoreError::InUse { .. })));
    assert!(matches!(seen.discard(), Err(StoreError::InUse { .. })));
    drop(stage);
    drop(stages.open("one").expect("a stage"));
    assert!(matches!(stages.make("one", Path::new("/workspace")), Err(StoreError::Exists { .. })));
    assert!(matches!(stages.open("two"), Err(StoreError::Unknown { .. })));
}

#[test]
fn names_lead_nowhere_else() {
    let scratch = Place::new();
    for name in ["", ".", "..", "a/b", "/a", ".hidden", "new\nline", "ü", "last", &"n".repeat(65)] {
        let made = stages(&scratch).make(name, Path::new("/workspace"));
        assert!(matches!(made, Err(StoreError::Name { .. })), "{name:?}");
    }
}

#[test]
fn snapshots_forks_and_steps_back_share_what_was_written() {
    let scratch = Place::new();
    let stages = stages(&scratch);
    let mut one = stages.make("one", Path::new("/workspace")).expect("a stage");
    write(&mut one, "a");
    one.snapshot("first").expect("a snapshot");
    assert!(matches!(one.snapshot("first"), Err(StoreError::SnapshotExists { .. })));
    write(&mut one, "b");
    let mut two = stages.fork(&mut one, "two").expect("a fork");
    write(&mut two, "c");
    one.restore("first").expect("a step back");
    assert!(matches!(one.restore("second"), Err(StoreError::NoSnapshot { .. })));
    assert_eq!(seen(&one), [vec![], vec!["a".to_owned()]]);
    assert_eq!(seen(&two), [vec!["c".to_owned()], vec!["b".to_owned()], vec!["a".to_owned()]]);
    one.discard().expect("gone");
    assert_eq!(seen(&two), [vec!["c".to_owned()], vec!["b".to_owned()], vec!["a".to_owned()]]);
    two.discard().expect("gone");
    assert_eq!(fs::read_dir(scratch.path("stages/layers")).expect("layers").count(), 0);
}

#[test]
fn what_nobody_needs_goes_and_nothing_else() {
    let scratch = Place::new();
    let stages = stages(&scratch);
    drop(stages.make("unused", Path::new("/workspace")).expect("a stage"));
    let mut used = stages.make("used", Path::new("/workspace")).expect("a stage");
    write(&mut used, "a");
    let held = stages.make("held", Path::new("/workspace")).expect("a stage");
    fs::create_dir_all(scratch.path("stages/layers/feed/closed")).expect("a layer of nobody's");
    stages.tidy().expect("tidy");
    assert!(!scratch.path("stages/stages/unused").exists() && stages.has("used"));
    assert!(matches!(stages.open("held"), Err(StoreError::InUse { .. })));
    assert!(used.top().join("a").exists() && !scratch.path("stages/layers/feed").exists());
    drop(held);
}

#[test]
fn what_a_run_notes_counts_until_the_record_is_written_as_a_whole() {
    let scratch = Place::new();
    let stages = stages(&scratch);
    let mut stage = stages.make("one", Path::new("/workspace")).expect("a stage");
    write(&mut stage, "a");
    stage.settled().expect("settled");
    let record = scratch.path("stages/stages/one/stage.json");
    let whole = fs::read(&record).expect("the record");
    stage.begin("another", [PathBuf::from("/workspace")]).expect("a run");
    assert_eq!(fs::read(&record).expect("the record"), whole, "nothing was waited for");
    let open = |stage: Stage| {
        drop(stage);
        stages.open("one").expect("a stage")
    };
    let mut stage = open(stage);
    assert!(stage.session() == Some("another") && stage.unsettled_since().is_some());
    stage.settled().expect("settled");
    let mut stage = open(stage);
    assert_eq!(stage.unsettled_since(), None);
    let note = fs::read(scratch.path("stages/stages/one/run.json")).expect("the note");
    stage.unsettle().expect("unsettled");
    assert_eq!(fs::read(scratch.path("stages/stages/one/run.json")).expect("the note"), note);
    assert_eq!(open(stage).unsettled_since(), Some(Time::LAST));
}

#[test]
fn a_note_that_the_disk_has_lost_makes_nothing_trusted() {
    let scratch = Place::new();
    let stages = stages(&scratch);
    let mut stage = stages.make("one", Path::new("/workspace")).expect("a stage");
    write(&mut stage, "a");
    stage.settled().expect("settled");
    drop(stage);
    let note = scratch.path("stages/stages/one/run.json");
    let whole = fs::read_to_string(&note).expect("the note");
    for damaged in ["", "\0\0\0", &whole[..whole.len() / 2]] {
        fs::write(&note, damaged).expect("a damage");
        assert_eq!(stages.open("one").expect("a stage").unsettled_since(), Some(Time::FIRST), "{damaged:?}");
    }
    fs::write(&note, format!("{whole}the rest of a longer one")).expect("another note");
    assert_eq!(stages.open("one").expect("a stage").unsettled_since(), None);
}

#[test]
fn a_damaged_record_is_an_error_that_loses_nothing() {
    let scratch = Place::new();
    let stages = stages(&scratch);
    let mut stage = stages.make("one", Path::new("/workspace")).expect("a stage");
    write(&mut stage, "a");
    let (top, record) = (stage.top(), scratch.path("stages/stages/one/stage.json"));
    drop(stage);
    let whole = fs::read_to_string(&record).expect("the record");
    for damaged in ["", "{}", &whole[..whole.len() / 2], &whole.replace("\"format\":1", "\"format\":2")] {
        fs::write(&record, damaged).expect("a damage");
        assert!(matches!(stages.open("one"), Err(StoreError::Damaged { .. })), "{damaged}");
        assert!(stages.tidy().is_err() && top.join("a").exists(), "{damaged}");
    }
    stages.give_up("one").expect("given up");
    assert!(!stages.has("one") && !top.exists());
}

#[test]
fn what_was_taken_over_is_undone_once_and_the_last_first() {
    let scratch = Place::new();
    let stages = stages(&scratch);
    let place = scratch.path("place");
    fs::create_dir(&place).expect("a place");
    let meta = || Meta { mode: 0o644, modified: Time::of_ms(0), attributes: Attributes::new() };
    let make = |name: &str| Step {
        path: name.into(),
        expected: None,
        wanted: Wanted::File(Content::Bytes((*b"content").into()), meta()),
    };
    stages.apply("one", &[(place.clone(), vec![make("a")])], None, &mut |_, _| true).expect("applied");
    stages.apply("one", &[(place.clone(), vec![make("b")])], None, &mut |_, _| true).expect("applied");
    assert!(stages.apply("one", &[(place.clone(), vec![make("c"), make("a")])], None, &mut |_, _| true).is_err());
    assert!(!place.join("c").exists());
    for left in [vec!["a"], vec![]] {
        let mut last = stages.last_applied().expect("read").expect("something");
        last.undo(&stages, &|_| false, None, &mut |_, _| true).expect("undone");
        let names: Vec<_> = fs::read_dir(&place).expect("a place").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(names, left);
    }
    assert!(stages.last_applied().expect("read").is_none());
    stages.recover(&mut |_, _| panic!("there is nothing to recover")).expect("nothing to recover");
}

#[test]
fn stages_of_a_moved_workspace_arrive_however_often_somebody_is_interrupted() {
    let scratch = Place::new();
    let name_of = |place: &Path| place.to_string_lossy().replace('/', "%");
    let (old, new) = (stages(&scratch), Stages::new(scratch.path("new")));
    let [was, is] = ["was", "is"].map(|name| scratch.path(name));
    fs::create_dir(&is).expect("a workspace");
    for name in ["one", "two"] {
        let mut stage = old.make(name, &was).expect("a stage");
        stage.begin("run", [was.clone(), PathBuf::from("/elsewhere")]).expect("a run");
        fs::create_dir_all(stage.top().join(name_of(&was)).join("upper")).expect("a layer");
        fs::create_dir_all(stage.bases().join(name_of(&was))).expect("bases");
    }
    let held = old.open("one").expect("a stage");
    assert!(matches!(new.take_from(&old, &was), Err(StoreError::InUse { .. })));
    drop(held);
    new.take_from(&old, &was).expect("taken");
    assert!(!old.has("one") && new.has("one"));
    // Somebody has come as far as the layer of one of them.
    let top = new.open("one").expect("a stage").top();
    fs::rename(top.join(name_of(&was)), top.join(name_of(&is))).expect("a name");
    new.arrive(&is, &name_of).expect("arrived");
    new.arrive(&is, &name_of).expect("nothing to do");
    for name in ["one", "two"] {
        let stage = new.open(name).expect("a stage");
        assert_eq!((stage.workspace(), stage.places().collect::<Vec<_>>()), (&*is, vec![Path::new("/elsewhere"), &is]));
        assert!(stage.top().join(name_of(&is)).join("upper").exists() && stage.bases().join(name_of(&is)).exists());
    }
    old.make("three", &was).expect("a stage").begin("run", []).expect("a run");
    assert!(matches!(old.take_from(&new, &is), Err(StoreError::Exists { .. })));
}

/// What is known of places, as far as a stage is concerned: documents that are replaced.
fn know(stage: &Stage, place: &str, known: &str) {
    let directory = stage.bases().join(place);
    fs::create_dir_all(&directory).expect("a place");
    fs::write(directory.join("new"), known).expect("a document");
    fs::rename(directory.join("new"), directory.join("bases.json")).expect("a document");
}

fn known(stage: &Stage, place: &str) -> Option<String> {
    fs::read_to_string(stage.bases().join(place).join("bases.json")).ok()
}

#[test]
fn what_was_known_at_a_snapshot_is_known_again_until_something_is_taken_over() {
    let scratch = Place::new();
    let stages = stages(&scratch);
    let mut one = stages.make("one", Path::new("/workspace")).expect("a stage");
    for (at, text) in [("first", "a"), ("second", "b")] {
        write(&mut one, text);
        know(&one, "workspace", text);
        one.settled().expect("settled");
        one.snapshot(at).expect("a snapshot");
    }
    know(&one, "workspace", "c");
    know(&one, "elsewhere", "c");
    let mut two = stages.fork(&mut one, "two").expect("a fork");
    for (at, text) in [("second", "b"), ("second", "b"), ("first", "a")] {
        one.restore(at).expect("gone back");
        assert_eq!(known(&one, "workspace").as_deref(), Some(text));
        assert_eq!(known(&one, "elsewhere"), None, "nothing had been written there");
        assert_eq!(one.unsettled_since(), None);
    }
    assert_eq!(known(&two, "workspace").as_deref(), Some("c"), "it goes on by itself");
    two.unsettle().expect("about to be taken over");
    two.settled().expect("settled");
    two.restore("first").expect("gone back");
    assert_eq!(known(&two, "workspace").as_deref(), Some("c"));
    let made_ms = two.snapshots()[0].made_ms;
    assert_eq!(two.unsettled_since(), Some(Time::of_ms(made_ms)));
}
