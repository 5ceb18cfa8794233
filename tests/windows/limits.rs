//! Limits end a run, and everything that belongs to it.

use pinfold_tests::eventually;

use crate::room::Room;

#[test]
fn the_wall_clock_limit_ends_the_command_and_its_children_with_124() {
    let Some(room) = Room::new() else { return };
    let late = room.native("late");
    let run = room.run_with(&["--limit", "wall-time=4s"], &["with-late", "600000", &late, "wait"]);
    run.go().ends_with(124).says("limits.wall-time");
    assert!(room.has("late.began"), "it had no time to begin");
    assert!(eventually(|| room.processes("late").is_empty()), "a child lives on");
    assert!(!room.has("late"));
}

#[test]
fn too_much_output_ends_the_command() {
    let Some(room) = Room::new() else { return };
    let ended = room.run_with(&["--limit", "output=1MiB"], &["flood"]).go().ends_with(124).says("limits.output");
    assert!(ended.stdout.len() >= 1 << 20, "{} bytes came out", ended.stdout.len());
    let refused: Vec<_> = room.events().into_iter().filter(|event| event["kind"] == "refused").collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0]["name"], "limits.output");
}
