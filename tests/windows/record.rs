//! What is on record of runs.

use crate::room::Room;

#[test]
fn a_run_is_on_record_from_its_start_to_its_end() {
    let Some(room) = Room::new() else { return };
    room.run(&["exit", "7"]).go().ends_with(7);
    let events = room.events();
    let (first, last) = (&events[0], &events[events.len() - 1]);
    assert_eq!(first["kind"], "start", "{first}");
    assert_eq!((last["kind"].as_str(), last["code"].as_i64()), (Some("end"), Some(7)), "{last}");
    let notes = events.iter().filter(|event| event["kind"] == "note").map(ToString::to_string);
    assert!(notes.collect::<String>().contains("not confined"), "that nothing confines it is on record: {events:?}");
    room.pinfold(["log", "verify"]).go().ok();
    let list = room.pinfold(["log"]).go().ok();
    assert!(list.contains("exit 7"), "{list}");
}

#[test]
fn a_changed_record_is_found() {
    let Some(room) = Room::new() else { return };
    room.run(&["exit", "0"]).go().ok();
    let sessions = std::fs::read_dir(room.path("local/pinfold/ledger/sessions")).expect("records");
    let session = sessions.flatten().next().expect("a record").path().join("0");
    let text = std::fs::read_to_string(&session).expect("lines");
    std::fs::write(&session, text.replacen("exit", "exat", 1)).expect("a changed record");
    room.pinfold(["log", "verify"]).go().ends_with(1);
}

#[test]
fn records_can_be_asked_exported_and_shown_as_a_page() {
    let Some(room) = Room::new() else { return };
    room.run(&["exit", "0"]).go().ok();
    room.pinfold(["log", "query", "select count(*) as n from events where kind = 'end'"]).go().ends_with(0).tells("1");
    let lines = room.pinfold(["log", "export", "--format", "jsonl"]).go().ok();
    lines.lines().for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).expect("JSON")));
    room.pinfold(["report", "--output", "page.html"]).go().ends_with(0);
    assert!(room.read("home/project/page.html").contains("<html"));
}

#[test]
fn a_summary_of_the_run_is_one_line_of_json() {
    let Some(room) = Room::new() else { return };
    let ended = room.run_with(&["--json"], &["exit", "7"]).go().ends_with(7);
    let line = ended.stderr.lines().last().expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(summary["exit-code"], 7, "{line}");
}
