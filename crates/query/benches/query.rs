//! How long a question about one session takes among many others, beside one about them all.
//!
//! ```text
//! cargo bench -p pinfold-query                # 1,000,000 events in 100 sessions
//! cargo bench -p pinfold-query -- 200000 20   # events, sessions
//! ```

use std::time::Instant;

use pinfold_ledger::event::{End, Verdict};
use pinfold_ledger::{Event, Ledger};
use pinfold_query::{Limits, query};

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let (events, sessions) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(100));
    let directory = std::env::temp_dir().join(format!("pinfold-query-bench-{}", std::process::id()));
    let ledger = Ledger::open(&directory).expect("a ledger");
    for session in 0..sessions {
        let writer = ledger.begin(&format!("session-{session}")).expect("a session");
        for number in 0..events / sessions {
            writer.append(&event(number)).expect("appended");
            if number % 10_000 == 0 {
                writer.commit().expect("committed");
            }
        }
        writer.end(End::default()).expect("ended");
    }
    for (what, question) in [
        ("one session", "SELECT verdict, count(*) FROM events WHERE session = 'session-7' GROUP BY verdict"),
        ("none of a time", "SELECT count(*) FROM events WHERE time < '2001'"),
        ("all sessions", "SELECT verdict, count(*) FROM events GROUP BY verdict"),
    ] {
        let start = Instant::now();
        let answer = query(&ledger, question, Limits::default()).expect("an answer");
        println!(
            "{what}, of {events} events in {sessions}: {} ms, {} rows",
            start.elapsed().as_millis(),
            answer.rows.len()
        );
    }
    let _ = std::fs::remove_dir_all(&directory);
}

fn event(number: usize) -> Event {
    let verdict = Verdict {
        allow: !number.is_multiple_of(3),
        reason: "a rule names it".into(),
        rule: Some("network.allow[3]".into()),
    };
    Event::Lookup { name: format!("host-{number}.example"), r#type: "A".into(), verdict }
}
