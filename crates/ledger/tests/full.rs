//! Disks that are full, and directories that cannot be written.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use pinfold_ledger::{Event, Ledger, LedgerError, Scope};
use support::child::{self, WRITER, count, safe, start};
use support::{Scratch, write_session};

/// Only as a child.
#[test]
fn writer() {
    child::write();
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
