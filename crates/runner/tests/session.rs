//! Whole sessions over real pipes, with commands that nothing confines.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::io::{self, Read, Write};
use std::sync::mpsc;

use pinfold_runner::{
    End, LinkError, NotStarted, Notice, START_BYTES_MAX, Session, SessionError, Stdio, Streams, TerminalSize, Usage,
    supervise,
};
use support::{NONCE, Sink, honest, link, peer, run, session, shell};

#[test]
fn the_exit_code_is_the_commands_own() {
    for code in [0, 1, 42, 255] {
        let outcome = run(session(shell(&format!("exit {code}"))), io::empty());
        assert_eq!(outcome.end.unwrap(), End::Exited { code });
        assert!(outcome.runner.is_ok());
        assert!(matches!(outcome.notices[..], [Notice::Started { pid }] if pid > 1));
    }
}

#[test]
fn each_output_keeps_its_order_and_arrives_as_a_whole() {
    let script = "i=0; while [ $i -lt 3000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; printf last";
    let outcome = run(session(shell(script)), io::empty());
    assert_eq!(outcome.end.unwrap(), End::Exited { code: 0 });
    let expected = |word: &str| (0..3000).map(|i| format!("{word} {i}\n")).collect::<String>();
    assert_eq!(outcome.stdout, expected("out") + "last");
    assert_eq!(outcome.stderr, expected("err"));
}

#[test]
fn what_the_command_gets_is_what_was_said() {
    let mut start = shell("cat; printf '%s|%s' \"$WORD\" \"$PWD\"");
    start.environment.push(("WORD".into(), "ü \"'$".into()));
    start.directory = "/usr".into();
    let outcome = run(session(start), &b"in\0put\xff\n"[..]);
    assert_eq!(outcome.end.unwrap(), End::Exited { code: 0 });
    assert_eq!(outcome.stdout, "in\0put\u{fffd}\nü \"'$|/usr");
}

#[test]
fn a_refusal_is_told_and_nothing_ran() {
    let mut start = shell("echo ran");
    start.plan = "impossible".into();
    let outcome = run(session(start), io::empty());
    let message = "Access is denied.".to_owned();
    assert_eq!(
        outcome.end.unwrap(),
        End::NotStarted(NotStarted::Refused { step: "lay the foundation".into(), code: 5, message })
    );
    assert_eq!((outcome.stdout.as_str(), outcome.notices.len()), ("", 0));
    assert!(outcome.runner.is_ok());
}

#[test]
fn a_program_that_is_not_there_was_not_executed() {
    let mut start = shell("");
    start.command = vec!["/nowhere/at/all".into()];
    let outcome = run(session(start), io::empty());
    assert!(matches!(outcome.end.unwrap(), End::NotStarted(NotStarted::NotExecuted { code: 2, .. })));
}

#[test]
fn a_plan_that_does_not_fit_starts_nothing() {
    let mut start = shell("echo ran");
    start.plan = "x".repeat(START_BYTES_MAX).into();
    let outcome = run(session(start), io::empty());
    assert!(matches!(outcome.end, Err(SessionError::Link(LinkError::TooLong { most: START_BYTES_MAX, .. }))));
    assert!(matches!(outcome.runner, Err(SessionError::Gone)));
    let mut start = shell("echo ran");
    start.plan = "x".repeat(START_BYTES_MAX - 1000).into();
    assert_eq!(run(session(start), io::empty()).stdout, "ran\n");
}

#[test]
fn large_input_passes_through_small_windows() {
    // Many times what both sides hold.
    let megabytes: u64 = if std::env::var_os("PINFOLD_LARGE").is_some() { 4096 } else { 24 };
    let input = io::repeat(b'x').take(megabytes << 20);
    let outcome = run(session(shell("wc -c")), input);
    assert_eq!(outcome.end.unwrap(), End::Exited { code: 0 });
    assert_eq!(outcome.stdout.trim(), (megabytes << 20).to_string());
}

#[test]
fn a_command_that_does_not_read_its_input_does_not_hold_up_the_end() {
    let outcome = run(session(shell("exec <&-; echo done")), io::repeat(b'x'));
    assert_eq!(outcome.end.unwrap(), End::Exited { code: 0 });
    assert_eq!(outcome.stdout, "done\n");
}

#[test]
fn input_that_nobody_reads_stays_where_it_is() {
    struct Counting(mpsc::Sender<usize>);
    impl Read for Counting {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.send(buffer.len()).map_err(io::Error::other)?;
            Ok(buffer.len())
        }
    }
    let (sender, taken) = mpsc::channel();
    let outcome = run(session(shell("sleep 0.3; exit 3")), Counting(sender));
    assert_eq!(outcome.end.unwrap(), End::Exited { code: 3 });
    // A window, and at the end another one that was thrown away.
    assert!(taken.try_iter().sum::<usize>() <= 4 * pinfold_runner::WINDOW_BYTES);
}

#[test]
fn nothing_is_read_for_a_command_that_does_not_run() {
    struct Untouched;
    impl Read for Untouched {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("the caller's input was read");
        }
    }
    let mut start = shell("");
    start.plan = "impossible".into();
    assert!(matches!(run(session(start), Untouched).end.unwrap(), End::NotStarted(NotStarted::Refused { .. })));
}

#[test]
fn whoever_stops_reading_ends_a_command_that_writes_without_end() {
    let (mut reader, writer) = io::pipe().unwrap();
    let link = link();
    let runner = honest(link.runner);
    let streams = Streams { stdin: io::empty(), stdout: writer, stderr: io::sink() };
    let head = std::thread::spawn(move || {
        let mut first = [0; 4];
        reader.read_exact(&mut first).unwrap();
        first
    });
    let end = supervise(link.supervisor, session(shell("exec yes")), streams, drop);
    // By the signal for a broken pipe, or by `yes` saying so.
    assert!(matches!(end.unwrap(), End::Exited { code: 141 | 1 }));
    assert_eq!(&head.join().unwrap(), b"y\ny\n");
    assert!(runner.join().unwrap().is_ok());
}

#[test]
fn a_reader_that_waits_holds_the_command_and_no_memory() {
    /// Lets nothing through until it may.
    struct Slow(mpsc::Receiver<()>, bool, Sink);
    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !std::mem::replace(&mut self.1, true) {
                self.0.recv().map_err(io::Error::other)?;
            }
            assert!(bytes.len() <= pinfold_runner::WINDOW_BYTES);
            self.2.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (go, wait) = mpsc::channel();
    let link = link();
    let runner = honest(link.runner);
    let (stdout, stderr) = (Sink::default(), Sink::default());
    let streams = Streams { stdin: io::empty(), stdout: Slow(wait, false, stdout.clone()), stderr: stderr.clone() };
    // The errors do not wait for the output, although all of it comes on one link.
    let script = "head -c 5000000 /dev/zero & i=0; while [ $i -lt 2000 ]; do echo error >&2; i=$((i+1)); done; wait";
    let watcher = std::thread::spawn(move || {
        while stderr.text().len() < 12_000 {
            std::thread::yield_now();
        }
        go.send(()).unwrap();
    });
    let end = supervise(link.supervisor, session(shell(script)), streams, drop);
    assert_eq!(end.unwrap(), End::Exited { code: 0 });
    assert_eq!(stdout.0.lock().unwrap().len(), 5_000_000);
    watcher.join().unwrap();
    assert!(runner.join().unwrap().is_ok());
}

#[test]
fn more_output_than_may_be_ends_the_command() {
    let limited = Session::new(shell("exec yes"), peer(), NONCE, Some(100_001)).unwrap();
    let outcome = run(limited, io::empty());
    assert_eq!(outcome.end.unwrap(), End::OutputLimit);
    assert_eq!(outcome.stdout.len(), 100_001);
}

#[test]
fn what_the_command_left_behind_is_ended_before_its_end_is_told() {
    let outcome = run(session(shell("sleep 1000 & echo $!; exit 7")), io::empty());
    assert_eq!(outcome.end.unwrap(), End::Exited { code: 7 });
    let child = outcome.stdout.trim();
    let state = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
    // Gone, or waiting to be taken away by whoever takes in orphans here, or about to: its last field says that it was killed.
    let is_killed = state.trim_end().ends_with(" 9");
    assert!(state.is_empty() || state.contains(") Z ") || is_killed, "{state}");
}

#[test]
fn orders_reach_a_command_that_reads_and_writes_nothing() {
    let session = session(shell("exec sleep 1000"));
    let remote = session.remote();
    let link = link();
    let runner = honest(link.runner);
    let streams = Streams { stdin: io::repeat(b'x'), stdout: io::sink(), stderr: io::sink() };
    let mut usages = Vec::new();
    let end = supervise(link.supervisor, session, streams, |notice| match notice {
        Notice::Started { .. } => remote.measure(),
        Notice::Usage(usage) => {
            usages.push(usage);
            remote.terminate();
        }
    });
    assert_eq!(end.unwrap(), End::Exited { code: 128 + 9 });
    assert_eq!(usages, [Usage { processes: 1, memory_bytes: 2, cpu_ms: 0 }]);
    assert!(runner.join().unwrap().is_ok());
}

#[test]
fn a_terminal_gets_its_new_size() {
    let mut start = shell("read line; echo $line");
    start.stdio = Stdio::Terminal(TerminalSize { rows: 24, columns: 80 });
    let session = session(start);
    let remote = session.remote();
    let link = link();
    let runner = honest(link.runner);
    let (from_user, mut typed) = io::pipe().unwrap();
    let stdout = Sink::default();
    let streams = Streams { stdin: from_user, stdout: stdout.clone(), stderr: io::sink() };
    let end = supervise(link.supervisor, session, streams, |notice| match notice {
        Notice::Started { .. } => {
            remote.resize(TerminalSize { rows: 50, columns: 132 });
            remote.measure();
        }
        // The order of both is kept where neither replaced another one.
        Notice::Usage(usage) => {
            assert_eq!(usage.cpu_ms, 132);
            typed.write_all(b"hello\n").unwrap();
        }
    });
    assert_eq!(end.unwrap(), End::Exited { code: 0 });
    assert_eq!(stdout.text(), "hello\n");
    assert!(runner.join().unwrap().is_ok());
}
