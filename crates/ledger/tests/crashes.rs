//! Writers that are killed: the log always verifies, and nothing acknowledged is lost.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use pinfold_ledger::{Scope, State};
use support::Scratch;
use support::child::{self, count, safe, start};

/// Only as a child.
#[test]
fn writer() {
    child::write();
}

/// In one ledger after the other, as each is verified whole after each time.
fn kill_again_and_again(times: u64) {
    (0..times).step_by(20).for_each(|first| kill_writers(first..first + 20));
}

fn kill_writers(times: std::ops::Range<u64>) {
    let scratch = Scratch::new();
    let ledger = scratch.ledger();
    for time in times {
        let session = format!("s{time}");
        let mut child = start(scratch.root(), &session, &[]);
        let mut output = BufReader::new(child.stdout.take().expect("an output"));
        // Most are killed while they write, and some while they begin.
        let writes = time % 5 != 0;
        if writes {
            while !output.by_ref().lines().next().expect("a line").expect("text").starts_with("safe ") {}
        }
        std::thread::sleep(Duration::from_micros((time * 7919) % 15_000));
        child.kill().expect("killed");
        child.wait().expect("gone");
        let safe = safe(output).max(u64::from(writes));
        ledger.verify(&Scope::default()).expect("no flaw before it is recovered");
        for recovered in ledger.recover().expect("looked") {
            recovered.closed.expect("closed");
        }
        ledger.verify(&Scope { session: None, against: Some(&ledger.checkpoint().expect("signed")) }).expect("no flaw");
        let found = count(&ledger, &session);
        assert!(found >= safe, "{session}: {safe} were acknowledged, {found} are there");
    }
    let sessions = ledger.sessions().expect("sessions");
    assert!(sessions.iter().all(|session| matches!(session.state, State::BrokenOff { .. })));
}

#[test]
fn a_killed_writer_leaves_a_log_that_verifies() {
    kill_again_and_again(40);
}

#[test]
#[ignore = "takes minutes"]
fn five_hundred_killed_writers_leave_logs_that_verify() {
    kill_again_and_again(500);
}
