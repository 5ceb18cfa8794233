//! Runners that lie, break off or hang on. None of them makes a success of a run.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::io::{self, PipeReader, PipeWriter, Write};

use pinfold_runner::{
    Chunk, End, Inbox, MESSAGE_BYTES_MAX, Nonce, NotStarted, Notice, Order, Ready, Report, START_BYTES_MAX,
    SessionError, Stdio, Stream, Streams, TerminalSize, Usage, VERSION, WINDOW_BYTES, encode, supervise,
};
use serde_json::Value;
use support::{Link, NONCE, Sink, link, peer, session, shell};

/// The far end, played by a test.
struct Far {
    inbox: Inbox<PipeReader>,
    writer: PipeWriter,
}

impl Far {
    fn hear(&mut self, most: usize) -> Option<Order<Value>> {
        self.inbox.next(most).ok().flatten()
    }

    /// In vain where the supervisor has had enough.
    fn say(&mut self, report: &Report) {
        let _ = self.writer.write_all(&encode(report, 1 << 20).unwrap());
    }

    /// As an honest one does.
    fn greet(&mut self, ready: Ready) {
        assert!(matches!(self.hear(MESSAGE_BYTES_MAX), Some(Order::Hello(_))));
        self.say(&Report::Ready(ready));
    }

    fn take_start(&mut self) {
        let nonce = honest().nonce;
        assert!(matches!(self.hear(START_BYTES_MAX), Some(Order::Start { echo, .. }) if echo == nonce));
    }

    fn begin(&mut self) {
        self.greet(honest());
        self.take_start();
        self.say(&Report::Started { pid: 1234 });
    }
}

fn honest() -> Ready {
    Ready { version: VERSION, pid: peer().pid, user: peer().user, echo: NONCE, nonce: Nonce([9; 16]) }
}

fn output(stream: Stream, text: &[u8]) -> Report {
    Report::Output { stream, bytes: Chunk(text.to_vec()) }
}

/// What a supervisor makes of it, and what it passed on.
fn against(act: impl FnOnce(Far) + Send + 'static) -> (Result<End, SessionError>, String) {
    against_with(Stdio::Pipes, act)
}

fn against_with(stdio: Stdio, act: impl FnOnce(Far) + Send + 'static) -> (Result<End, SessionError>, String) {
    let Link { supervisor, runner: (reader, writer) } = link();
    let liar = std::thread::spawn(move || act(Far { inbox: Inbox::new(reader), writer }));
    let mut start = shell("");
    start.stdio = stdio;
    let stdout = Sink::default();
    let streams = Streams { stdin: io::empty(), stdout: stdout.clone(), stderr: io::sink() };
    let end = supervise(supervisor, session(start), streams, drop);
    liar.join().unwrap();
    (end, stdout.text())
}

#[test]
fn the_control_an_honest_one_is_believed() {
    let (end, text) = against(|mut far| {
        far.begin();
        far.say(&output(Stream::Stdout, b"yes"));
        far.say(&Report::Exited { code: 5 });
    });
    assert_eq!((end.unwrap(), text.as_str()), (End::Exited { code: 5 }, "yes"));
}

#[test]
fn somebody_else_learns_nothing() {
    let others = [
        Ready { pid: 78, ..honest() },
        Ready { user: "S-1-5-18".into(), ..honest() },
        Ready { echo: Nonce([3; 16]), ..honest() },
    ];
    for other in others {
        let (end, _) = against(move |mut far| {
            far.greet(other);
            assert!(far.hear(START_BYTES_MAX).is_none(), "the command was told to a stranger");
        });
        assert!(matches!(end, Err(SessionError::Stranger(_))), "{end:?}");
    }
    let (end, _) = against(|mut far| far.greet(Ready { version: 2, ..honest() }));
    assert!(matches!(end, Err(SessionError::Version { ours: 1, theirs: 2 })));
}

#[test]
fn each_word_out_of_turn_ends_the_session() {
    let usage = Report::Usage(Usage { processes: 0, memory_bytes: 0, cpu_ms: 0 });
    let exited = Report::Exited { code: 0 };
    let refused =
        |step: &str| Report::NotStarted(NotStarted::Refused { step: step.into(), code: 1, message: "b".into() });
    let not_executed = NotStarted::NotExecuted { code: 1, message: "b".into() };
    let wrong: [Vec<Report>; 15] = [
        vec![exited.clone(), exited.clone()],
        vec![exited.clone(), output(Stream::Stdout, b"late")],
        vec![exited.clone(), Report::Ready(honest())],
        vec![Report::Ready(honest()), exited.clone()],
        vec![Report::Started { pid: 1 }, exited.clone()],
        vec![refused("a"), exited.clone()],
        vec![Report::NotStarted(not_executed), exited.clone()],
        vec![usage, exited.clone()],
        vec![Report::Taken { bytes: 1 }, exited.clone()],
        vec![Report::Taken { bytes: 0 }, exited.clone()],
        vec![Report::StdinClosed, Report::StdinClosed, exited.clone()],
        vec![output(Stream::Stdout, b""), exited.clone()],
        vec![output(Stream::Stdout, &vec![b'x'; (64 << 10) + 1]), exited.clone()],
        vec![output(Stream::Stderr, &vec![b'x'; 90 << 10]), exited.clone()],
        vec![refused(&"x".repeat(2000))],
    ];
    for reports in wrong {
        let said = format!("{reports:?}");
        let (end, _) = against(move |mut far| {
            far.begin();
            reports.iter().for_each(|report| far.say(report));
        });
        assert!(matches!(end, Err(SessionError::Violation(_) | SessionError::Link(_))), "{end:?} after {said}");
    }
}

#[test]
fn nothing_is_believed_before_its_time() {
    let early: [fn(&mut Far); 4] = [
        |far| far.say(&Report::Exited { code: 0 }),
        |far| far.say(&Report::Started { pid: 1 }),
        |far| {
            far.greet(honest());
            far.take_start();
            far.say(&Report::Exited { code: 0 });
        },
        |far| {
            far.greet(honest());
            far.take_start();
            far.say(&output(Stream::Stdout, b"early"));
        },
    ];
    for act in early {
        let (end, text) = against(move |mut far| act(&mut far));
        assert!(matches!(end, Err(SessionError::Violation(_))), "{end:?}");
        assert_eq!(text, "");
    }
}

#[test]
fn a_terminal_has_one_output() {
    let (end, _) = against_with(Stdio::Terminal(TerminalSize { rows: 1, columns: 1 }), |mut far| {
        far.begin();
        far.say(&output(Stream::Stderr, b"x"));
    });
    assert!(matches!(end, Err(SessionError::Violation(_))));
}

#[test]
fn bytes_that_are_no_message_end_the_session() {
    let wrong: [&[u8]; 6] = [
        b"\xff\xff\xff\xff",
        b"\x02\0\0\0{}",
        b"\0\0\0\0",
        b"\x0a\0\0\0\"measure\"!",
        b"\x14\0\0\0{\"exited\":{\"code\":-1}",
        b"GET / HTTP/1.1\r\n\r\n",
    ];
    for bytes in wrong {
        let (end, _) = against(move |mut far| {
            far.begin();
            let _ = far.writer.write_all(bytes);
        });
        assert!(matches!(end, Err(SessionError::Link(_))), "{end:?} after {bytes:?}");
    }
}

#[test]
fn a_link_that_ends_early_is_no_success() {
    let parts: [&[&[u8]]; 3] = [&[], &[b"\x10\0"], &[b"\x10\0\0\0{\"exited\""]];
    for bytes in parts {
        let (end, text) = against(move |mut far| {
            far.begin();
            far.say(&output(Stream::Stdout, b"before"));
            bytes.iter().for_each(|part| far.writer.write_all(part).unwrap());
        });
        assert!(end.is_err());
        assert_eq!(text, "before", "what was written before is passed on");
    }
}

#[test]
fn more_than_was_taken_ends_the_session_and_memory_stays() {
    /// Never lets anything through.
    struct Stuck(std::sync::mpsc::Receiver<()>);
    impl Write for Stuck {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0.recv().map(|()| 0).map_err(io::Error::other)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (release, stuck) = std::sync::mpsc::channel();
    let Link { supervisor, runner: (reader, writer) } = link();
    let liar = std::thread::spawn(move || {
        let mut far = Far { inbox: Inbox::new(reader), writer };
        far.begin();
        let chunk = encode(&output(Stream::Stdout, &[b'x'; 4096]), MESSAGE_BYTES_MAX).unwrap();
        let sent = (0..).take_while(|_| far.writer.write_all(&chunk).is_ok()).count();
        drop(release);
        sent * 4096
    });
    let streams = Streams { stdin: io::empty(), stdout: Stuck(stuck), stderr: io::sink() };
    let end = supervise(supervisor, session(shell("")), streams, drop);
    assert!(matches!(end, Err(SessionError::Violation(_))));
    // What it could send is a window, and what the pipe holds.
    assert!(liar.join().unwrap() <= WINDOW_BYTES + (256 << 10));
}

#[test]
fn one_that_hears_nothing_and_holds_on_is_given_up() {
    let Link { supervisor, runner: (reader, writer) } = link();
    let mut far = Far { inbox: Inbox::new(reader), writer };
    let play = std::thread::spawn(move || {
        far.begin();
        // Its ear is closed, its mouth stays open.
        far.writer
    });
    let streams = Streams { stdin: io::repeat(b'x'), stdout: io::sink(), stderr: io::sink() };
    let end = supervise(supervisor, session(shell("")), streams, drop);
    assert!(matches!(end, Err(SessionError::HalfOpen)), "{end:?}");
    drop(play.join().unwrap());
}

#[test]
fn one_that_tells_the_end_and_holds_on_can_be_abandoned() {
    let Link { supervisor, runner: (reader, writer) } = link();
    let mut far = Far { inbox: Inbox::new(reader), writer };
    let session = session(shell(""));
    let remote = session.remote();
    let play = std::thread::spawn(move || {
        far.begin();
        far.say(&Report::Exited { code: 0 });
        far
    });
    let streams = Streams { stdin: io::empty(), stdout: io::sink(), stderr: io::sink() };
    let end = supervise(supervisor, session, streams, |notice| {
        assert!(matches!(notice, Notice::Started { pid: 1234 }));
        remote.abandon();
    });
    assert!(matches!(end, Err(SessionError::Abandoned)), "{end:?}");
    drop(play.join().unwrap());
}
