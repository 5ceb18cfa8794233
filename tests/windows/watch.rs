//! Live runs are watched from elsewhere, and hosts that no rule names are asked about. The pipe and the gate are those that are
//! released.

use pinfold_tests::eventually;
use serde_json::{Value, json};

use crate::room::{Room, Running};
use crate::terminal::Sitting;

/// Longer than any test.
const LATE_MS: &str = "600000";
/// A host that no rule names, and that nobody has ever heard of.
const HOST: &str = "a.example:443";

/// A run that goes on until somebody ends it, and has begun.
fn long_run(room: &Room) -> Running<'_> {
    let late = room.native("late");
    let run = room.run(&["with-late", LATE_MS, &late, "wait"]).start();
    assert!((0..12).any(|_| eventually(|| room.has("late.began"))), "the command does not begin");
    run
}

/// Waits until a program has written something.
fn sees(running: &Running<'_>, words: &str) {
    let is_there = || running.so_far().contains(words);
    assert!((0..12).any(|_| eventually(is_there)), "{words:?} is not there: {}", running.so_far());
}

/// Somebody at a page.
fn page(room: &Room) -> Sitting<'_> {
    let program = room.plumbing();
    Sitting::at(|terminal| room.bare(&["on-console", &program, "watch"]).at(terminal)).sees("pinfold watch:")
}

#[test]
fn programs_watch_by_lines() {
    let Some(room) = Room::new() else { return };
    room.write(
        "home/project/wait.cmd",
        "@:wait\r\n@if exist go exit /b 0\r\n@ping -n 2 127.0.0.1 > NUL\r\n@goto wait\r\n",
    );
    let run = room.pinfold(["run", "--best-effort", "--", "cmd", "/c", "wait.cmd"]).start();
    let [json, lines] = [&["watch", "--json"][..], &["watch"]].map(|words| room.pinfold(words).start());
    sees(&json, r#"{"session":{"version":4"#);
    sees(&lines, "wait.cmd, in ");
    room.write("home/project/go", "");
    run.wait().ends_with(0);
    sees(&json, r#""event":"ended""#);
    sees(&lines, "it has ended");
    let first: Value = serde_json::from_str(json.so_far().lines().next().unwrap_or_default()).expect("JSON");
    let introduction = &first["event"]["session"];
    assert_eq!((&introduction["version"], &introduction["id"]), (&4.into(), &first["session"]), "{first}");
    assert_eq!(introduction["command"], json!(["cmd", "/c", "wait.cmd"]), "{first}");
}

#[test]
fn a_page_shows_who_lives_and_gives_the_console_back() {
    let Some(room) = Room::new() else { return };
    let run = long_run(&room);
    page(&room).sees("1 live run,").sees("with-late").types("q").ends().ends_with(0);
    let modes = room.read("modes");
    let modes: Vec<&str> = modes.lines().collect();
    assert_eq!(modes.first(), modes.last(), "{modes:?}");
    drop(run);
}

#[test]
fn what_a_killed_run_has_left_is_no_live_run() {
    let Some(room) = Room::new() else { return };
    drop(long_run(&room));
    assert!(room.path("local/pinfold/sessions").read_dir().expect("sessions").next().is_some());
    page(&room).sees("0 live runs,").types("q").ends().ends_with(0);
}

#[test]
fn who_asks_gets_the_answer_that_a_person_gives_elsewhere() {
    for (key, shown, answer, status, rules) in
        [("d", "denied", "no", "403", 0), ("o", "once", "once", "502", 0), ("a", "always", "always", "502", 1)]
    {
        let Some(room) = Room::with_accounts() else { return };
        let words = ["run", "--ask", "--best-effort", "--", &room.helper(), "by-proxy", HOST];
        let run = room.pinfold(words).start();
        let page = page(&room).sees(&format!("wants to connect to {HOST}"));
        // Keys are about a question only when it has stood there for a while.
        std::thread::sleep(std::time::Duration::from_millis(700));
        page.types(key).sees(&format!("{HOST}: {shown}")).types("q").ends().ends_with(0);
        let ended = run.wait().ends_with(0).tells(&format!("HTTP/1.1 {status}"));
        let told = format!("{}{}", ended.text(), ended.stderr);
        assert_eq!(told.contains("the user did not say yes"), key == "d", "{told}");
        let events = room.events();
        let grant = events.iter().find(|event| event["kind"] == "grant").expect("the answer is recorded");
        assert_eq!((&grant["what"], &grant["how"]), (&format!("connect {HOST}").into(), &answer.into()), "{grant}");
        let policy = std::fs::read_to_string(room.path("roaming/pinfold/policy.toml")).unwrap_or_default();
        assert_eq!(policy.matches(HOST).count(), rules, "{policy}");
        assert!(!room.has("roaming/pinfold/lock"), "what stands for a lock goes with it");
    }
}

#[test]
fn whose_a_connection_is_and_what_would_let_it_through_is_told() {
    let Some(room) = Room::with_accounts() else { return };
    room.write("roaming/pinfold/policy.toml", "[network]\nmode = 'rules'\n");
    let ended = room.run(&["by-proxy", HOST]).go().ends_with(0).says("refused: ").says("network.allow");
    let events = room.events();
    let refused = events.iter().find(|event| event["kind"] == "connect").expect("it is recorded");
    // Wine asks all processes about each connection of the machine, which may take longer than the gate waits.
    let program = &refused["process"]["exe"];
    assert!(program.is_null() || program.to_string().contains("helper.exe"), "{refused}");
    assert!(program.is_null() || ended.stderr.contains(&format!("refused: `helper.exe` to {HOST}")), "{ended}");
}

#[test]
fn nobody_is_asked_where_there_are_no_rules() {
    let Some(room) = Room::with_accounts() else { return };
    let words = ["run", "--ask", "--network", "full", "--best-effort", "--", &room.helper(), "exit", "0"];
    room.pinfold(words).go().ends_with(0).says("nobody will be asked");
}
