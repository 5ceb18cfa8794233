//! Questions to a real ledger.

use std::path::PathBuf;
use std::time::Duration;

use pinfold_ledger::event::{End, Start, Verdict, Way};
use pinfold_ledger::{Event, Ledger, Timestamp};
use pinfold_query::{Answer, Cell, Limits, QueryError, query};

/// A ledger with two sessions, in a directory that is removed again.
struct Scene {
    directory: PathBuf,
    ledger: Ledger,
}

impl Scene {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("pinfold-query-{}-{name}", std::process::id()));
        let ledger = Ledger::open(&directory).expect("a ledger");
        for (session, agent) in [("one", "claude"), ("two", "codex")] {
            let writer = ledger.begin(session).expect("a session");
            let start = Start {
                session: session.into(),
                agent: Some(agent.into()),
                workspace: "/w".into(),
                ..Start::default()
            };
            writer.append(&Event::Start(Box::new(start))).expect("appended");
            for (host, allow) in [("a.example", true), ("b.example", false)] {
                writer.append(&connect(host, allow)).expect("appended");
            }
            writer.end(End { code: Some(0), ..End::default() }).expect("ended");
        }
        Self { directory, ledger }
    }

    fn ask(&self, question: &str) -> Result<Answer, QueryError> {
        query(&self.ledger, question, Limits::default())
    }

    /// The answer in one line for each row.
    fn told(&self, question: &str) -> Vec<String> {
        let answer = self.ask(question).expect("an answer");
        let line = |row: &Vec<Cell>| row.iter().map(Cell::to_string).collect::<Vec<_>>().join(" ");
        answer.rows.iter().map(line).collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn connect(host: &str, allow: bool) -> Event {
    Event::Connect {
        connection: 1,
        host: host.into(),
        port: 443,
        address: None,
        way: Way::Transparent,
        process: None,
        inspected: false,
        verdict: Verdict { allow, reason: "so it is".into(), rule: Some("network.allow".into()) },
    }
}

#[test]
fn events_are_rows_with_what_their_session_began_with() {
    let scene = Scene::new("rows");
    let refused = "SELECT session, agent, workspace, host, port, reason, rule FROM events WHERE verdict = 'refused'";
    assert_eq!(
        scene.told(refused),
        ["one claude /w b.example 443 so it is network.allow", "two codex /w b.example 443 so it is network.allow"]
    );
    assert_eq!(
        scene.told("SELECT agent, count(*) FROM events WHERE kind = 'connect' GROUP BY agent ORDER BY agent"),
        ["claude 2", "codex 2"]
    );
    assert_eq!(
        scene.told("SELECT json ->> '$.host' FROM events WHERE session = 'two' AND port = 443 LIMIT 1"),
        ["a.example"]
    );
}

#[test]
fn a_condition_on_the_session_leaves_other_logs_unread() {
    let scene = Scene::new("session");
    // Whoever opened this log would fail.
    let log = scene.directory.join("sessions/two/0");
    std::fs::remove_file(&log).expect("removed");
    std::fs::create_dir(&log).expect("a directory in its place");
    assert!(scene.ask("SELECT * FROM events").is_err(), "the control");
    assert_eq!(scene.told("SELECT count(*) FROM events WHERE session = 'one'"), ["4"]);
    let later = Timestamp::now();
    assert_eq!(scene.told(&format!("SELECT count(*) FROM events WHERE time > '{later}'")), ["0"]);
    assert_eq!(scene.told("SELECT count(*) FROM events WHERE time < '2001'"), ["0"]);
}

#[test]
fn conditions_that_are_handed_down_say_what_they_say() {
    let scene = Scene::new("conditions");
    let count = |condition: &str| scene.told(&format!("SELECT count(*) FROM events WHERE {condition}")).concat();
    assert_eq!(count("session = 'ONE'"), "0");
    assert_eq!(count("session = 'ONE' COLLATE NOCASE"), "4");
    assert_eq!(count("session IN ('one', 'two', 'three')"), "8");
    assert_eq!(count("session = 1"), "0");
    assert_eq!(count("session = '../one'"), "0");
    assert_eq!(count("time >= '2001' AND time < '3001'"), "8");
    assert_eq!(count("time > 5"), "8");
    assert_eq!(count("session = NULL"), "0");
}

#[test]
fn nothing_but_reading_events_is_done() {
    let scene = Scene::new("refused");
    let beside = scene.directory.join("beside");
    let attach = format!("ATTACH '{}' AS x", beside.display());
    let vacuum = format!("VACUUM INTO '{}'", beside.display());
    for question in [
        &*attach,
        &vacuum,
        "CREATE TABLE x(a)",
        "CREATE TEMP TABLE x AS SELECT 1",
        "PRAGMA temp_store_directory = '/tmp'",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM sqlite_schema",
        "BEGIN",
        "SELECT 1; SELECT 2",
    ] {
        assert!(matches!(scene.ask(question), Err(QueryError::Refused)), "{question}: {:?}", scene.ask(question));
    }
    assert!(!beside.exists());
    for question in [
        "DELETE FROM events",
        "INSERT INTO events(host) VALUES (1)",
        "UPDATE events SET host = 'x'",
        "SELECT load_extension('x')",
    ] {
        assert!(scene.ask(question).is_err(), "{question}");
    }
    for question in ["", "SELECT", "SELECT nothing FROM events", &"(".repeat(10_000)] {
        assert!(scene.ask(question).is_err(), "{question}");
    }
}

#[test]
fn an_answer_has_an_end() {
    let scene = Scene::new("limits");
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let answer = query(&scene.ledger, numbers, Limits { rows: 3, ..Limits::default() }).expect("an answer");
    assert_eq!((answer.rows.len(), answer.more), (3, true));
    let answer = query(&scene.ledger, numbers, Limits { bytes: 1000, ..Limits::default() }).expect("an answer");
    assert!(answer.more && answer.rows.len() < 100);
    let endless = format!("SELECT max(i) FROM ({numbers})");
    let short = Limits { time: Duration::from_millis(1), ..Limits::default() };
    assert!(matches!(query(&scene.ledger, &endless, short), Err(QueryError::TooLong(_))));
    assert!(scene.ask("SELECT zeroblob(1000000000)").is_err());
}
