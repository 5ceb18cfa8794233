//! Nothing survives a run, however it ends.

use pinfold_tests::eventually;
use rustix::process::{Signal, kill_process};

use crate::room::Room;

/// Ten minutes: no test lasts as long.
const LATE_MS: &str = "600000";

#[test]
fn a_child_that_is_left_behind_does_not_survive_the_run() {
    let Some(room) = Room::new() else { return };
    // The control: without pinfold it does.
    room.bare(&["with-late", LATE_MS, &room.native("bare")]).go().ok();
    assert_eq!(room.processes("late").len(), 1);
    room.run(&["with-late", LATE_MS, &room.native("inside")]).go().ok();
    assert!(room.has("inside.began"));
    let left = || room.processes("late").len() == 1;
    assert!(eventually(left), "the child lives on: {:?}", room.processes("late"));
    assert_eq!(room.processes(&room.native("inside")), [0_u32; 0]);
}

#[test]
fn a_killed_supervisor_takes_the_command_and_its_children_along() {
    let Some(room) = Room::new() else { return };
    let run = room.run(&["with-late", LATE_MS, &room.native("late"), "wait"]).start();
    while !room.has("late.began") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    kill_process(room.supervisor().expect("pinfold runs"), Signal::KILL).expect("it can be killed");
    drop(run.wait());
    let gone = || room.processes(&room.native("late")).is_empty();
    assert!(eventually(gone), "still there: {:?}", room.processes(&room.native("late")));
    assert!(!room.has("late"));

    // What it left is no trouble: the next run works, the record says so, and cleaning up finds the journal whole.
    room.run(&["exit", "0"]).go().ok();
    let list = room.pinfold(["log"]).go().ok();
    assert_eq!(list.lines().count(), 2, "{list}");
    room.pinfold(["doctor", "--clean"]).go().tells("access lists");
    let journal = room.read("local/pinfold/windows/journal");
    assert!(journal.starts_with("pinfold journal"), "{journal}");
    for line in journal.lines().skip(1) {
        let (_, step) = line.split_once(' ').unwrap_or_else(|| panic!("half a line: {line}"));
        serde_json::from_str::<serde_json::Value>(step).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    room.run(&["exit", "0"]).go().ok();
}

#[test]
fn what_was_planted_before_the_supervisor_died_is_moved_away_by_the_next_start() {
    let Some(room) = Room::new() else { return };
    room.write("home/project/.vscode/settings.json", "{}");
    room.write("home/project/do.cmd", "@echo x> .envrc\r\n@ping -n 600 127.0.0.1 > NUL\r\n");
    let run = room.pinfold(["run", "--best-effort", "--", "cmd", "/c", "do.cmd", &room.native("mark")]).start();
    while !room.has("home/project/.envrc") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    kill_process(room.supervisor().expect("pinfold runs"), Signal::KILL).expect("it can be killed");
    drop(run.wait());
    // The control: there was nobody to move it.
    assert!(room.has("home/project/.envrc"));

    room.run(&["exit", "0"]).go().ends_with(0).says(".envrc").says("quarantined");
    assert!(!room.has("home/project/.envrc"));
    assert!(room.has("home/project/.vscode/settings.json"), "it was there before");
    let left = std::fs::read_dir(room.path("local/pinfold/sessions")).expect("a directory").count();
    assert_eq!(left, 0, "and nothing is left to settle");
}
