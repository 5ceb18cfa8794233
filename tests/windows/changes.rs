//! What files a run has changed, and what of them somebody outside would execute.

use serde_json::Value;

use crate::room::{Ended, Room};

/// A batch file's lines, in a run.
fn run(room: &Room, lines: &[&str]) -> Ended {
    room.write("home/do.cmd", lines.iter().map(|line| format!("@{line}\r\n")).collect::<String>());
    room.pinfold(["run", "--best-effort", "--json", "--", "cmd", "/c", &room.native("home/do.cmd")]).go()
}

/// What a program reads of the run.
fn summary(ended: &Ended) -> Value {
    let line = ended.stderr.lines().last().expect("a summary");
    serde_json::from_str(line).expect("JSON")
}

/// The changes on record as short words: `+` created, `~` modified, `-` deleted, `old>new` renamed; within the project.
fn words(events: &[Value]) -> Vec<String> {
    let name =
        |path: &Value| path.as_str().and_then(|path| path.rsplit_once("/project/")).expect("a path").1.to_owned();
    let word = |event: &Value| {
        let path = name(&event["path"]);
        match event["what"].as_str().expect("what happened") {
            "created" => format!("+{path}"),
            "modified" => format!("~{path}"),
            "deleted" => format!("-{path}"),
            _ => format!("{}>{path}", name(&event["from"])),
        }
    };
    events.iter().filter(|event| event["kind"] == "change").map(word).collect()
}

#[test]
fn what_a_run_creates_changes_renames_and_deletes_is_on_record_and_in_the_summary() {
    let Some(room) = Room::new() else { return };
    for name in ["read", "written", "gone", "old"] {
        room.write(format!("home/project/src/{name}"), name);
    }
    let lines = [
        "type src\\read",
        "mkdir fresh",
        "echo abc> fresh\\file",
        "echo more> src\\written",
        "ren src\\old renamed",
        "del src\\gone",
    ];
    let ended = run(&room, &lines).ends_with(0);
    let files = &summary(&ended)["changes"]["files"];
    let counts = ["created", "modified", "renamed", "deleted"].map(|what| files[what].as_u64());
    assert_eq!(counts, [Some(1); 4], "{ended}");
    let events = room.events();
    let expected = ["+fresh", "+fresh/file", "-src/gone", "src/old>src/renamed", "~src/written"];
    assert_eq!(words(&events), expected, "{events:?}");
    let file = events.iter().find(|event| event["path"].as_str().is_some_and(|path| path.ends_with("fresh/file")));
    let file = file.expect("the new file");
    assert_eq!(file["size"], 5, "{file}");
    assert_eq!(file["sha256"], "552bab6864c7a7b69a502ed1854b9245c0e1a30f008aaa0b281da62585fdb025", "{file}");
}

#[test]
fn a_run_that_changes_nothing_says_nothing() {
    let Some(room) = Room::new() else { return };
    room.write("home/project/src/read", "x");
    let ended = run(&room, &["type src\\read"]).ends_with(0);
    let changes = &summary(&ended)["changes"];
    let counts = ["created", "modified", "renamed", "deleted"].map(|what| changes["files"][what].as_u64());
    assert_eq!(
        (counts, &changes["traps"], &changes["notes"]),
        ([Some(0); 4], &Value::from(vec![0; 0]), &Value::from(vec![0; 0]))
    );
    let events = room.events();
    assert!(!events.iter().any(|event| event["kind"] == "change" || event["kind"] == "trap"), "{events:?}");
}

#[test]
fn what_somebody_outside_would_execute_is_told_in_words_and_on_record() {
    let Some(room) = Room::new() else { return };
    room.write("home/project/package.json", "{}\n");
    room.write("home/project/.vscode/settings.json", "{}\n");
    room.write("home/project/ordinary.txt", "x\n");
    room.write("home/package.json", "{\"scripts\": {\"postinstall\": \"node plant.js\"}}\n");
    room.write(
        "home/tasks.json",
        "{\"version\": \"2.0.0\", \"tasks\": [{\"label\": \"x\", \"type\": \"shell\", \"command\": \"plant.exe\", \
         \"runOptions\": {\"runOn\": \"folderOpen\"}}]}\n",
    );
    room.write(
        "home/do.cmd",
        "@copy ..\\package.json package.json > NUL\r\n@copy ..\\tasks.json .vscode\\tasks.json > NUL\r\n\
         @echo y> ordinary.txt\r\n",
    );
    let script = room.native("home/do.cmd");
    let ended = room.pinfold(["run", "--best-effort", "--", "cmd", "/c", &script]).go().ends_with(0);
    let ended = ended.says(r"\project\package.json:1 would run").says(r"\project\.vscode\tasks.json");
    let ended = ended.says("node plant.js").says("look at it before you work there outside");
    assert_eq!(ended.stderr.matches("pinfold: trap: ").count(), 2, "{ended}");
    let events = room.events();
    let traps: Vec<_> = events.iter().filter(|event| event["kind"] == "trap").collect();
    assert_eq!(traps.len(), 2, "{events:?}");
    room.pinfold(["log", "last", "--kind", "trap"]).go().ends_with(0).tells("package.json:1 would run");
}

#[test]
fn a_hook_in_a_repository_that_was_there_is_never_overlooked() {
    let Some(room) = Room::new() else { return };
    for (name, content) in
        [("HEAD", "ref: refs/heads/main\n"), ("hooks/x.sample", ""), ("objects/x", ""), ("refs/x", "")]
    {
        room.write(format!("home/project/.git/{name}"), content);
    }
    let ended = run(&room, &["echo plant.exe> .git\\hooks\\pre-commit"]).ends_with(0);
    let told = summary(&ended).to_string();
    assert!(told.contains("pre-commit"), "{told}");
}

#[test]
fn the_log_shows_a_path_with_one_backslash_where_one_is() {
    let Some(room) = Room::new() else { return };
    room.run(&["exit", "0"]).go().ok();
    let shown = room.pinfold(["log", "last"]).go().ok();
    let start = shown.lines().find(|line| line.contains("start")).expect("the start");
    assert!(start.contains(&room.native("home/project")) && !start.contains(r"\\"), "{start}");
    room.pinfold(["trust"]).go().ends_with(125).says(&format!("{}\\", room.native("roaming")));
}
