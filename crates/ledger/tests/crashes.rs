//! Writers that are killed, and disks that are full: the log always verifies, and nothing acknowledged is lost.
//!
//! This test program is also the writer: it runs one of its own tests again as a child.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pinfold_ledger::event::End;
use pinfold_ledger::{Event, Ledger, LedgerError, Limits, Scope, State};
use support::{Scratch, note, write_session};

/// In whose presence the child is the writer; the directory of the ledger and the session.
const WRITER: &str = "PINFOLD_LEDGER_WRITER";

/// Appends without end, and tells after each commit how many events are safe. Only as a child.
#[test]
fn writer() {
    let Ok(task) = std::env::var(WRITER) else { return };
    let (directory, session) = task.split_once(' ').expect("a task");
    let limits = Limits { segment_bytes: 64 << 10, ..Limits::default() };
    let writer = Ledger::open(directory).expect("a ledger").with_limits(limits).begin(session).expect("begun");
    for number in 0..1_000_000 {
        let appended = writer.append(&note(number));
        // Groups of many lengths, and events that nobody waits for.
        if number % 37 == 0 || number % 101 < 3 {
            match appended.and_then(|()| writer.commit()) {
                Ok(()) => println!("\nsafe {}", number + 1),
                Err(LedgerError::Writer(error)) if matches!(*error, LedgerError::Full { .. }) => {
                    println!("\nfull");
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    let full = writer.end(End::default()).expect_err("there is no end without room");
    println!("\n{full}");
}

fn start(directory: &Path, session: &str, wrapper: &[&str]) -> Child {
    let own = std::env::current_exe().expect("this program");
    let (program, before) =
        wrapper.split_first().map_or((own.as_os_str(), wrapper), |(program, rest)| (program.as_ref(), rest));
    let mut command = Command::new(program);
    command.args(before);
    if !wrapper.is_empty() {
        command.arg(&own);
    }
    command.args(["--exact", "writer", "--nocapture"]).env(WRITER, format!("{} {session}", directory.display()));
    command.stdout(Stdio::piped()).spawn().expect("a child")
}

/// How many events the child said are safe.
fn safe(output: impl BufRead) -> u64 {
    let lines = output.lines().map_while(Result::ok);
    lines.filter_map(|line| line.strip_prefix("safe ")?.parse().ok()).last().unwrap_or_default()
}

/// The numbers of the events are 0, 1, 2 …
fn count(ledger: &Ledger, session: &str) -> u64 {
    let records = ledger.records(session).into_iter().flatten().map(|record| record.expect("whole"));
    let numbered = records.filter(|record| record.event.kind() == "note");
    (0..).zip(numbered).map(|(number, record)| assert_eq!(record.event, note(number))).count() as u64
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

#[test]
fn a_full_disk_is_told_and_what_was_safe_stays() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger();
    // A file may have at most 40 KiB, which to the writer is the same as a full disk; the control has no such limit.
    let shell = ["bash", "-c", "trap '' XFSZ; ulimit -f 40; exec \"$0\" \"$@\""];
    let child = start(scratch.root(), "full", &shell).wait_with_output().expect("an output");
    let output = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(child.status.success() && output.contains("\nfull\n") && output.contains("the disk is full"), "{output}");
    ledger.verify(&Scope::default()).expect("no flaw");
    assert!(ledger.recover().expect("looked").into_iter().all(|recovered| recovered.closed.is_ok()));
    assert!(count(&ledger, "full") >= safe(child.stdout.as_slice()).max(1));
    write_session(&ledger, "control", 2000);
    ledger.verify(&Scope::default()).expect("no flaw");
}

#[test]
fn a_directory_that_cannot_be_written_is_told_and_can_be_read() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger();
    write_session(&ledger, "control", 3);
    if rustix::process::geteuid().is_root() {
        // Nothing keeps root from writing but a mount, for which the children below are.
        return read_only_mount(&scratch);
    }
    let close = |mode| {
        for directory in ["", "sessions", "running"] {
            fs::set_permissions(scratch.path(directory), fs::Permissions::from_mode(mode)).expect("changed");
        }
    };
    close(0o500);
    let begun = ledger.begin("a");
    let verified = scratch.ledger().verify(&Scope::default());
    close(0o700);
    assert!(matches!(begun, Err(LedgerError::NotWritable { .. })));
    verified.expect("no flaw");
}

/// As a child in a mount namespace of its own, in which the ledger is read-only.
fn read_only_mount(scratch: &Scratch) {
    let own = std::env::current_exe().expect("this program");
    let script =
        "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && exec \"$0\" --exact reader --nocapture";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script]).arg(own).arg(scratch.root()).env(WRITER, scratch.root());
    let output = command.output().expect("a child");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("it is not writable"), "{text}");
}

/// Begins a session where nothing can be written. Only as a child.
#[test]
fn reader() {
    let Ok(directory) = std::env::var(WRITER) else { return };
    let ledger = Ledger::open(directory).expect("a ledger");
    ledger.verify(&Scope::default()).expect("no flaw");
    assert_eq!(ledger.records("control").expect("a log").filter(Result::is_ok).count(), 4);
    match ledger.begin("a") {
        Err(error @ LedgerError::NotWritable { .. }) => println!("\n{error}"),
        Err(error) => panic!("{error}"),
        Ok(writer) => drop(writer.append(&Event::Note { text: "written".into() })),
    }
}
