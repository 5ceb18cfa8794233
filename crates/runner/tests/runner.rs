//! The runner's side alone: supervisors that break off or say what they must not, and a runner that is killed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::thread::JoinHandle;

use pinfold_runner::{
    Chunk, Hello, Inbox, MESSAGE_BYTES_MAX, Nonce, Notice, Order, Peer, Report, START_BYTES_MAX, Session, SessionError,
    Stream, Streams, TerminalSize, VERSION, encode, serve, supervise,
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use support::{Link, NONCE, Sink, honest, link, myself, shell, start_plainly};

/// The near end, played by a test.
struct Near {
    inbox: Inbox<PipeReader>,
    writer: PipeWriter,
    runner: JoinHandle<Result<(), SessionError>>,
}

impl Near {
    fn new() -> Self {
        let Link { supervisor: (reader, writer), runner } = link();
        Self { inbox: Inbox::new(reader), writer, runner: honest(runner) }
    }

    fn say(&mut self, order: &Order<Value>) {
        let _ = self.writer.write_all(&encode(order, START_BYTES_MAX).unwrap());
    }

    fn hear(&mut self) -> Option<Report> {
        self.inbox.next(MESSAGE_BYTES_MAX).unwrap()
    }

    fn greet(&mut self) {
        self.say(&Order::Hello(Hello { version: VERSION, nonce: NONCE }));
        assert!(matches!(self.hear(), Some(Report::Ready(ready)) if ready.echo == NONCE));
    }

    /// Gives the command's process.
    fn start(&mut self, script: &str) -> Pid {
        self.greet();
        self.say(&Order::Start { echo: myself().nonce, start: Box::new(shell(script)) });
        let Some(Report::Started { pid }) = self.hear() else { panic!("not started") };
        Pid::from_raw(pid as i32).unwrap()
    }

    /// Hears until the end, and gives what the runner says about its own.
    fn finish(self) -> Result<(), SessionError> {
        let Self { mut inbox, writer, runner } = self;
        while let Ok(Some(_)) = inbox.next::<Report>(MESSAGE_BYTES_MAX) {}
        drop((inbox, writer));
        runner.join().unwrap()
    }
}

#[test]
fn the_death_of_the_supervisor_ends_the_command() {
    let mut near = Near::new();
    let command = near.start("exec sleep 1000");
    let Near { inbox, writer, runner } = near;
    drop((inbox, writer));
    assert!(matches!(runner.join().unwrap(), Err(SessionError::Gone)));
    assert!(test_kill_process(command).is_err(), "the command lives on");
}

#[test]
fn a_supervisor_that_no_longer_listens_ends_the_command() {
    let mut near = Near::new();
    let command = near.start("exec yes");
    let Near { inbox, writer, runner } = near;
    drop(inbox);
    assert!(runner.join().unwrap().is_err());
    assert!(test_kill_process(command).is_err(), "the command lives on");
    drop(writer);
}

#[test]
fn each_order_out_of_turn_ends_the_command() {
    let stdin = |length| Order::Stdin { bytes: Chunk(vec![b'x'; length]) };
    let size = TerminalSize { rows: 1, columns: 1 };
    let close = Order::CloseOutput { stream: Stream::Stdout };
    let wrong: [Vec<Order<Value>>; 9] = [
        vec![Order::Hello(Hello { version: VERSION, nonce: NONCE })],
        vec![Order::Start { echo: myself().nonce, start: Box::new(shell("")) }],
        vec![Order::CloseStdin, Order::CloseStdin],
        vec![Order::CloseStdin, stdin(1)],
        vec![stdin(0)],
        vec![stdin(64 << 10); 9],
        vec![Order::Resize(size)],
        vec![Order::Taken { stream: Stream::Stdout, bytes: 1 }],
        vec![close.clone(), close],
    ];
    for orders in wrong {
        let mut near = Near::new();
        let command = near.start("exec sleep 1000");
        orders.iter().for_each(|order| near.say(order));
        let result = near.finish();
        assert!(matches!(result, Err(SessionError::Violation(_))), "{result:?} after {orders:?}");
        assert!(test_kill_process(command).is_err(), "the command lives on");
    }
}

#[test]
fn nobody_starts_anything_who_is_not_the_one_that_was_answered() {
    let mut near = Near::new();
    near.greet();
    near.say(&Order::Start { echo: Nonce([8; 16]), start: Box::new(shell("echo ran")) });
    assert!(matches!(near.finish(), Err(SessionError::Stranger(_))));
    let mut near = Near::new();
    near.say(&Order::Hello(Hello { version: 7, nonce: NONCE }));
    assert!(matches!(near.hear(), Some(Report::Ready(_))), "the supervisor explains the version");
    assert!(matches!(near.finish(), Err(SessionError::Version { theirs: 7, .. })));
    let mut near = Near::new();
    near.say(&Order::Terminate);
    assert!(matches!(near.finish(), Err(SessionError::Violation(_))));
}

/// Set for a copy of this program that is to be a runner: where its supervisor listens.
const PLACE: &str = "PINFOLD_TEST_RUNNER";

#[test]
fn a_runner_for_the_tests_below() {
    let Some(place) = std::env::var_os(PLACE) else { return };
    let link = UnixStream::connect(place).unwrap();
    let _ = serve(link.try_clone().unwrap(), link, myself(), start_plainly);
    std::process::exit(0);
}

#[test]
fn a_runner_that_is_killed_is_no_success() {
    let place = std::env::temp_dir().join(format!("pinfold-runner-{}", std::process::id()));
    let listener = UnixListener::bind(&place).unwrap();
    let mut runner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_runner_for_the_tests_below"])
        .env(PLACE, &place)
        .spawn()
        .unwrap();
    let (link, _) = listener.accept().unwrap();
    std::fs::remove_file(&place).unwrap();
    let Peer { user, pid } = support::peer();
    let session = Session::new(shell("echo begun; exec cat"), Peer { pid, user }, NONCE, None).unwrap();
    let (stdin, never) = io::pipe().unwrap();
    let stdout = Sink::default();
    let streams = Streams { stdin, stdout: stdout.clone(), stderr: io::sink() };
    let id = Pid::from_child(&runner);
    let end = supervise((link.try_clone().unwrap(), link), session, streams, |notice| {
        assert!(matches!(notice, Notice::Started { .. }));
        while stdout.text() != "begun\n" {
            std::thread::yield_now();
        }
        kill_process(id, Signal::KILL).unwrap();
    });
    assert!(matches!(end, Err(SessionError::Gone | SessionError::Link(_))), "{end:?}");
    assert_eq!(stdout.text(), "begun\n");
    runner.wait().unwrap();
    drop(never);
}
