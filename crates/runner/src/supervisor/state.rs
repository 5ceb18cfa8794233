//! Where a session is: what was heard, what is to be said, what is to be written. All of it has a bound.

use serde_json::Value;

use super::greeting::Greeting;
use super::output::Output;
use super::session::{End, Notice, Peer};
use super::wishes::Wishes;
use crate::error::SessionError;
use crate::limits::{CHUNK_BYTES_MAX, MESSAGE_BYTES_MAX};
use crate::message::{Chunk, Nonce, Order, Report, Start, Stdio, Stream, TerminalSize, Usage};
use crate::outbox::Post;
use crate::protocol::{FromRunner, Violation};
use crate::spool::Spool;

/// The state that the threads of a supervisor share.
#[derive(Debug)]
pub(crate) struct Supervision {
    pub(crate) talk: FromRunner,
    greeting: Greeting,
    wishes: Wishes,
    terminal: bool,

    pub(crate) stdin: Spool,
    stdin_end_told: bool,
    output: [Output; 2],
    /// How much may still be written.
    left_bytes: u64,
    limit_reached: bool,

    started: Option<u32>,
    usage: Option<Usage>,
    /// The end that the runner told. It counts when the link ends after it.
    told: Option<End>,
    /// The end.
    outcome: Option<Result<End, SessionError>>,
    over: bool,
    /// The runner cannot be told anything any more.
    mute: bool,
    pub(crate) abandoned: bool,
}

/// What the caller's thread wakes up for.
#[derive(Debug)]
pub(crate) enum News {
    Notice(Notice),
    HalfOpen,
    Over,
}

impl Supervision {
    pub(crate) fn new(start: Start<Value>, expected: Peer, nonce: Nonce, output_bytes_max: Option<u64>) -> Self {
        Self {
            talk: FromRunner::new(start.stdio),
            wishes: Wishes::default(),
            terminal: start.stdio != Stdio::Pipes,
            greeting: Greeting::new(start, expected, nonce),
            stdin: Spool::default(),
            stdin_end_told: false,
            output: Default::default(),
            left_bytes: output_bytes_max.unwrap_or(u64::MAX),
            limit_reached: false,
            started: None,
            usage: None,
            told: None,
            outcome: None,
            over: false,
            mute: false,
            abandoned: false,
        }
    }

    /// The runner says something.
    pub(crate) fn hear(&mut self, report: Report) -> Result<(), SessionError> {
        self.talk.hear(&report)?;
        match report {
            Report::Ready(ready) => self.greeting.recognise(ready)?,
            Report::Started { pid } => self.started = Some(pid),
            Report::Output { stream, bytes: Chunk(bytes) } => self.accept(stream, &bytes)?,
            Report::Usage(usage) => self.usage = Some(usage),
            Report::Exited { .. } if self.limit_reached => self.told = Some(End::OutputLimit),
            Report::Exited { code } => self.told = Some(End::Exited { code }),
            Report::NotStarted(why) => self.told = Some(End::NotStarted(why)),
            // The account of the session has what these say.
            Report::Taken { .. } | Report::StdinClosed => {}
        }
        Ok(())
    }

    fn accept(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), Violation> {
        let allowed = bytes.len().min(usize::try_from(self.left_bytes).unwrap_or(usize::MAX));
        self.left_bytes -= allowed as u64;
        if allowed < bytes.len() && !self.limit_reached {
            (self.limit_reached, self.wishes.terminate) = (true, true);
        }
        let unwritten = self.output[stream.index()].accept(bytes.get(..allowed).unwrap_or_default());
        self.take(stream, unwritten + bytes.len() - allowed)
    }

    /// So much of an output is out of the way.
    fn take(&mut self, stream: Stream, bytes: usize) -> Result<(), Violation> {
        if bytes > 0 {
            self.talk.output_taken(stream, bytes)?;
            self.output[stream.index()].taken.add(bytes);
        }
        Ok(())
    }

    /// What to tell the runner next.
    pub(crate) fn next_order(&mut self) -> Option<Post<Order<Value>>> {
        if self.over {
            return Some(Post::Stop);
        }
        if let Some(greeting) = self.greeting.next(&mut self.talk) {
            return Some(greeting);
        }
        if !self.talk.is_running() {
            return None;
        }
        let order =
            self.wishes.next(&mut self.talk).or_else(|| self.next_about_output()).or_else(|| self.next_input())?;
        Some(Post::Send(order, MESSAGE_BYTES_MAX))
    }

    fn next_about_output(&mut self) -> Option<Order<Value>> {
        Stream::ALL.into_iter().find_map(|stream| {
            let output = self.output.get_mut(stream.index())?;
            // What a terminal shows is let go: its output cannot be closed.
            if std::mem::take(&mut output.close_due) && !self.terminal {
                return Some(Order::CloseOutput { stream });
            }
            output.taken.due().map(|bytes| Order::Taken { stream, bytes })
        })
    }

    fn next_input(&mut self) -> Option<Order<Value>> {
        if !self.talk.stdin_closed()
            && let Some(bytes) = self.stdin.take(CHUNK_BYTES_MAX)
        {
            // Read only as far as there is room.
            self.talk.stdin_sent(bytes.len()).ok()?;
            return Some(Order::Stdin { bytes: Chunk(bytes) });
        }
        (self.stdin.is_over() && !std::mem::replace(&mut self.stdin_end_told, true)).then_some(Order::CloseStdin)
    }

    /// How much of the caller's input to read; `None` inside when no more is wanted.
    pub(crate) fn input_room(&self) -> Option<Option<usize>> {
        if self.over || self.talk.is_over() || self.talk.stdin_closed() {
            return Some(None);
        }
        let room = self.talk.stdin_room().saturating_sub(self.stdin.len());
        (self.talk.is_running() && room > 0).then_some(Some(room))
    }

    /// What to write to an output next; `None` inside when that was all.
    pub(crate) fn next_output(&mut self, stream: Stream) -> Option<Option<Vec<u8>>> {
        self.output[stream.index()].next()
    }

    /// So much of an output was written.
    pub(crate) fn written(&mut self, stream: Stream, bytes: usize) {
        let _ = self.take(stream, bytes);
    }

    /// Nobody reads an output; so much of it was in a thread's hands.
    pub(crate) fn unwritable(&mut self, stream: Stream, bytes: usize) {
        let waiting = self.output[stream.index()].fail();
        let _ = self.take(stream, bytes + waiting);
    }

    /// The thread of an output has ended.
    pub(crate) fn output_done(&mut self, stream: Stream) {
        self.output[stream.index()].done = true;
    }

    pub(crate) fn outputs_done(&self) -> bool {
        self.output.iter().all(|output| output.done)
    }

    pub(crate) fn resize(&mut self, size: TerminalSize) {
        self.wishes.resize = self.terminal.then_some(size);
    }

    pub(crate) fn terminate(&mut self) {
        self.wishes.terminate = true;
    }

    pub(crate) fn measure(&mut self) {
        self.wishes.measure = true;
    }

    /// The runner can be told nothing any more.
    pub(crate) fn unheard(&mut self) {
        self.mute = true;
    }

    /// The link has ended.
    pub(crate) fn link_ended(&mut self) {
        let outcome = self.told.take().ok_or(SessionError::Gone);
        self.finish(outcome);
    }

    pub(crate) fn fail(&mut self, error: SessionError) {
        self.finish(Err(error));
    }

    /// The first end counts.
    fn finish(&mut self, outcome: Result<End, SessionError>) {
        if !std::mem::replace(&mut self.over, true) {
            self.outcome = Some(outcome);
            self.output.iter_mut().for_each(|output| output.spool.end());
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// What the caller's thread is to do.
    pub(crate) fn news(&mut self) -> Option<News> {
        if let Some(pid) = self.started.take() {
            return Some(News::Notice(Notice::Started { pid }));
        }
        if let Some(usage) = self.usage.take() {
            return Some(News::Notice(Notice::Usage(usage)));
        }
        if self.over {
            return Some(News::Over);
        }
        self.mute.then_some(News::HalfOpen)
    }

    pub(crate) fn take_outcome(&mut self) -> Result<End, SessionError> {
        self.outcome.take().unwrap_or(Err(SessionError::Gone))
    }
}
