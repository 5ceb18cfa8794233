//! What masking costs an event in which there is nothing to mask, beside writing the same event as JSON.
//!
//! ```text
//! cargo bench -p pinfold-ledger --bench redact
//! ```

use std::hint::black_box;
use std::time::Instant;

use pinfold_ledger::{Event, Redactor};

const ROUNDS: usize = 2_000;
/// Short enough that some rounds are not interrupted.
const EVENTS_IN_A_ROUND: u32 = 50;

fn main() {
    let events = [("connect", CONNECT.to_owned()), ("exec, 3 arguments", exec(3)), ("exec, 40 arguments", exec(40))];
    for count in [0, 10, 100] {
        let secrets = (0..count).map(|number| (format!("SECRET_{number}"), format!("value-{number:0>36}")));
        let secrets: Vec<_> = secrets.collect();
        let start = Instant::now();
        let redactor = Redactor::new(secrets).expect("a redactor");
        println!("{count} secrets: made in {} µs", start.elapsed().as_micros());
        for (name, json) in &events {
            let mut event: Event = serde_json::from_str(json).expect("an event");
            let mask = nanoseconds(|| redactor.event(black_box(&mut event)));
            let write = nanoseconds(|| drop(black_box(serde_json::to_string(black_box(&event)))));
            let bytes = json.len();
            println!("  {name} ({bytes} bytes): masked in {mask} ns, written as JSON in {write} ns");
        }
    }
}

const CONNECT: &str = r#"{"kind":"connect","connection":7,"host":"index.crates.io","port":443,"address":"192.0.2.1",
    "way":"transparent","process":{"pid":4711,"exe":"/home/ann/.cargo/bin/cargo"},"inspected":false,"verdict":{"allow":true,
    "reason":"a rule names the host","rule":"network.allow \"*.crates.io\", pinfold.toml:14"}}"#;

fn exec(arguments: usize) -> String {
    let more: String =
        (1..arguments).map(|number| format!(", \"--extern=crate-{number}=/x/target/lib-{number}\"")).collect();
    format!(
        r#"{{"kind":"exec","pid":4712,"parent":4711,"argv":["rustc"{more}],"cwd":"/home/ann/work/project",
        "executable":"/home/ann/.rustup/toolchains/stable/bin/rustc",
        "sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}"#
    )
}

/// The best of many rounds: the machine may be busy.
fn nanoseconds(mut work: impl FnMut()) -> u128 {
    let round = || {
        let start = Instant::now();
        (0..EVENTS_IN_A_ROUND).for_each(|_| work());
        start.elapsed().as_nanos() / u128::from(EVENTS_IN_A_ROUND)
    };
    std::iter::repeat_with(round).take(ROUNDS).min().unwrap_or_default()
}
