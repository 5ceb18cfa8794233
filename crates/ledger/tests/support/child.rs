//! The writer, as a child of the test: the program runs its own test `writer` again.
#![allow(dead_code, missing_docs, reason = "each test program uses a part")]

use std::io::BufRead;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use pinfold_ledger::event::End;
use pinfold_ledger::{Ledger, LedgerError, Limits};

use super::note;

/// In whose presence the child is the writer; the directory of the ledger and the session.
pub(crate) const WRITER: &str = "PINFOLD_LEDGER_WRITER";

pub(crate) fn start(directory: &Path, session: &str, wrapper: &[&str]) -> Child {
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
pub(crate) fn safe(output: impl BufRead) -> u64 {
    let lines = output.lines().map_while(Result::ok);
    lines.filter_map(|line| line.strip_prefix("safe ")?.parse().ok()).last().unwrap_or_default()
}

/// Appends without end, and tells after each commit how many events are safe. Only as a child.
pub(crate) fn write() {
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

/// The numbers of the events are 0, 1, 2 …
pub(crate) fn count(ledger: &Ledger, session: &str) -> u64 {
    let records = ledger.records(session).into_iter().flatten().map(|record| record.expect("whole"));
    let numbered = records.filter(|record| record.event.kind() == "note");
    (0..).zip(numbered).map(|(number, record)| assert_eq!(record.event, note(number))).count() as u64
}
