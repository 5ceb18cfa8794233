//! Both sides without threads, in every order of steps: what one honest side says the other one admits, nothing is
//! lost, and what either holds has a bound.

use std::collections::VecDeque;

use proptest::prelude::*;
use serde_json::Value;

use crate::limits::{CHUNK_BYTES_MAX, WINDOW_BYTES};
use crate::message::{Nonce, Order, Ready, Report, Start, Stdio, Stream, TerminalSize, Usage, VERSION};
use crate::outbox::Post;
use crate::protocol::FromSupervisor;
use crate::runner::state::{Job, Serving};
use crate::supervisor::state::Supervision;
use crate::supervisor::{End, Peer};

/// A session that has begun, the bytes on their way in it, and what was put in and came out.
struct Play {
    supervisor: Supervision,
    runner: Serving,
    down: VecDeque<Order<Value>>,
    up: VecDeque<Report>,
    typed: Vec<u8>,
    given: Vec<u8>,
    wrote: [Vec<u8>; 2],
    shown: [Vec<u8>; 2],
    deaf: [bool; 2],
    unread: bool,
    counter: u8,
}

const NONCE: Nonce = Nonce([1; 16]);

impl Play {
    fn begin(stdio: Stdio) -> Self {
        let start =
            Start { command: Vec::new(), environment: Vec::new(), directory: String::new(), plan: Value::Null, stdio };
        let peer = Peer { pid: 1, user: String::new() };
        let mut supervisor = Supervision::new(start, peer, NONCE, None);
        let mut talk = FromSupervisor::default();
        let ready = Ready { version: VERSION, pid: 1, user: String::new(), echo: NONCE, nonce: NONCE };
        for answer in [Report::Ready(ready), Report::Started { pid: 2 }] {
            let Some(Post::Send(order, _)) = supervisor.next_order() else { panic!("nothing to say") };
            talk.hear(&order).unwrap();
            supervisor.hear(answer).unwrap();
        }
        talk.started_sent();
        Self {
            supervisor,
            runner: Serving::new(talk, stdio == Stdio::Pipes),
            down: VecDeque::new(),
            up: VecDeque::new(),
            typed: Vec::new(),
            given: Vec::new(),
            wrote: Default::default(),
            shown: Default::default(),
            deaf: [false; 2],
            unread: false,
            counter: 0,
        }
    }

    /// So many bytes, others than those before them.
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        self.counter = self.counter.wrapping_add(1);
        vec![self.counter; length]
    }

    /// One step of one thread; false when it would have waited.
    fn step(&mut self, which: u8, size: usize) -> bool {
        let stream = Stream::ALL[usize::from(which) / 16 % 2];
        match which % 10 {
            0 => match self.supervisor.next_order() {
                Some(Post::Send(order, _)) => self.down.push_back(order),
                _ => return false,
            },
            1 => match self.down.pop_front() {
                Some(order) => self.runner.hear(order).unwrap(),
                None => return false,
            },
            2 => match self.runner.next_report() {
                Some(Post::Send(report, _)) => self.up.push_back(report),
                _ => return false,
            },
            3 => match self.up.pop_front() {
                Some(report) => self.supervisor.hear(report).unwrap(),
                None => return false,
            },
            4 => match self.supervisor.input_room() {
                Some(Some(room)) => {
                    let bytes = self.bytes(room.min(size));
                    self.supervisor.stdin.push(&bytes);
                    self.typed.extend(bytes);
                }
                _ => return false,
            },
            5 => match self.runner.output_room(stream) {
                Some(Some(room)) => {
                    let bytes = self.bytes(room.min(size));
                    self.runner.output_read(stream, &bytes);
                    self.wrote[stream.index()].extend(bytes);
                }
                _ => return false,
            },
            6 => match self.supervisor.next_output(stream) {
                Some(Some(bytes)) => {
                    assert!(bytes.len() <= WINDOW_BYTES);
                    self.supervisor.written(stream, bytes.len());
                    self.shown[stream.index()].extend(bytes);
                }
                _ => return false,
            },
            7 => match self.runner.next_input() {
                Some(Some(bytes)) => {
                    assert!(bytes.len() <= CHUNK_BYTES_MAX);
                    self.runner.stdin_taken(bytes.len());
                    self.given.extend(bytes);
                }
                _ => return false,
            },
            8 => match self.runner.next_job() {
                Some(Job::Measure) => {
                    self.runner.measured(Usage { processes: 1, memory_bytes: 2, cpu_ms: 3 });
                }
                _ => return false,
            },
            _ => self.supervisor.measure(),
        }
        self.check();
        true
    }

    /// What is on its way, on both sides and between them, is never more than a window for each stream.
    fn check(&self) {
        let on_link = |wanted: Stream| {
            let of = |report: &Report| match report {
                Report::Output { stream, bytes } if *stream == wanted => bytes.0.len(),
                _ => 0,
            };
            self.up.iter().map(of).sum::<usize>()
        };
        for stream in Stream::ALL {
            let place = stream.index();
            assert!(on_link(stream) <= WINDOW_BYTES);
            assert!(self.deaf[place] || self.wrote[place].len() - self.shown[place].len() <= WINDOW_BYTES);
        }
        assert!(self.unread || self.typed.len() - self.given.len() <= WINDOW_BYTES);
    }

    /// All threads go on until each of them waits.
    fn settle(&mut self) {
        while (0..32).any(|which| !matches!(which % 10, 4 | 5 | 9) && self.step(which, 0)) {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn honest_sides_agree_and_lose_nothing(
        steps in prop::collection::vec((any::<u8>(), 1..CHUNK_BYTES_MAX), 0..400),
        deaf in prop::option::weighted(0.3, (0..400_usize, 0..2_usize)),
        unread in prop::option::weighted(0.3, 0..400_usize),
        terminal in any::<bool>(),
        code in any::<u32>(),
    ) {
        let size = TerminalSize { rows: 1, columns: 1 };
        let mut play = Play::begin(if terminal { Stdio::Terminal(size) } else { Stdio::Pipes });
        for (number, (which, size)) in steps.into_iter().enumerate() {
            if let Some((_, stream)) = deaf.filter(|(when, _)| *when == number) {
                play.supervisor.unwritable(Stream::ALL[stream], 0);
                play.deaf[stream] = true;
            }
            if unread.is_some_and(|when| when == number) {
                play.runner.unreadable(0);
                play.unread = true;
            }
            play.step(which, size);
        }
        // Everybody who waited gets on.
        play.settle();
        // What was taken is told in parts, so a quarter may still count as being on its way.
        let room = play.supervisor.input_room().flatten();
        prop_assert!(play.unread || room.is_some_and(|room| room > WINDOW_BYTES / 2), "the input waits for nobody");
        for stream in Stream::ALL {
            let room = play.runner.output_room(stream).flatten();
            // A terminal's output cannot be closed, so it flows on unseen.
            let flows = if terminal { stream == Stream::Stdout } else { !play.deaf[stream.index()] };
            prop_assert_eq!(room.is_some_and(|room| room > WINDOW_BYTES / 2), flows);
        }
        play.supervisor.stdin.end();
        play.settle();
        Stream::ALL.into_iter().for_each(|stream| play.runner.output_ended(stream));
        play.runner.settle(code);
        play.settle();
        play.supervisor.link_ended();
        play.settle();
        prop_assert_eq!(play.supervisor.take_outcome().unwrap(), End::Exited { code });
        for place in 0..2 {
            let (wrote, shown) = (&play.wrote[place], &play.shown[place]);
            prop_assert!(wrote.starts_with(shown));
            prop_assert!(play.deaf[place] || wrote.len() == shown.len());
        }
        prop_assert!(play.typed.starts_with(&play.given));
        prop_assert!(play.unread || play.typed.len() == play.given.len());
    }
}
