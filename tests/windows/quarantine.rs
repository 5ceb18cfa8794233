//! What programs outside would obey is moved away after the run.

use crate::room::Room;

/// A batch file's lines, in a run.
fn run(room: &Room, lines: &[&str]) -> crate::room::Ended {
    room.write("home/project/do.cmd", lines.iter().map(|line| format!("@{line}\r\n")).collect::<String>());
    room.pinfold(["run", "--best-effort", "--", "cmd", "/c", "do.cmd"]).go()
}

#[test]
fn new_settings_that_others_obey_are_moved_away_and_the_rest_stays() {
    let Some(room) = Room::new() else { return };
    let ended = run(&room, &["echo x> .envrc", "mkdir .vscode", r"echo {}> .vscode\tasks.json", "echo x> ordinary"]);
    ended.ends_with(0).says(".envrc").says(".vscode").says("quarantine");
    for gone in [".envrc", ".vscode"] {
        assert!(!room.has(format!("home/project/{gone}")), "{gone}");
    }
    assert!(room.has("home/project/ordinary"));
    assert_eq!(room.events().iter().filter(|event| event["kind"] == "quarantined").count(), 2);
}

#[test]
fn what_was_there_before_is_not_touched() {
    let Some(room) = Room::new() else { return };
    room.write("home/project/.envrc", "mine\n");
    run(&room, &["echo x> ordinary"]).ends_with(0);
    assert_eq!(room.read("home/project/.envrc"), "mine\n");
}

#[test]
fn a_hook_in_a_new_repository_is_moved_away() {
    let Some(room) = Room::new() else { return };
    let lines = [
        r"mkdir new\.git\objects new\.git\refs new\.git\hooks",
        r"echo ref: refs/heads/main> new\.git\HEAD",
        r"echo x> new\.git\hooks\pre-commit",
        r"echo x> new\.git\hooks\pre-push.sample",
    ];
    run(&room, &lines).ends_with(0).says("pre-commit");
    assert!(!room.has("home/project/new/.git/hooks/pre-commit"));
    assert!(room.has("home/project/new/.git/hooks/pre-push.sample"));
}
