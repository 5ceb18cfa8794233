//! Where a session is, in the runner. All of it has a bound.

use std::io;

use crate::error::SessionError;
use crate::limits::{CHUNK_BYTES_MAX, MESSAGE_BYTES_MAX};
use crate::message::{Chunk, Order, Report, Stream, TerminalSize, Usage};
use crate::outbox::Post;
use crate::protocol::FromSupervisor;
use crate::spool::{Spool, Tally};

/// The state that the threads of a runner share.
#[derive(Debug)]
pub(crate) struct Serving {
    talk: FromSupervisor,

    stdin: Spool,
    stdin_taken: Tally,
    stdin_deaf: bool,
    stdin_closed_due: bool,
    output: [Output; 2],
    /// Whose turn it is, so that neither output waits for the other.
    turn: usize,

    terminate: bool,
    resize: Option<TerminalSize>,
    measure: bool,
    usage_due: Option<Usage>,

    /// The command has ended.
    ended: Option<io::Result<u32>>,
    /// That is to be told, as soon as all output has been sent.
    exit: Option<u32>,
    /// It has been.
    told: bool,
    /// The session cannot go on.
    broken: Option<SessionError>,
}

/// One output of the command.
#[derive(Debug, Default)]
struct Output {
    spool: Spool,
    /// How often something was read.
    reads: u64,
    /// A thread waits for the command to write.
    reading: bool,
}

/// What the runner's main thread is to do.
#[derive(Debug)]
pub(crate) enum Job {
    Terminate,
    Resize(TerminalSize),
    Measure,
    /// The command has ended.
    Settle(io::Result<u32>),
    /// The session cannot go on.
    GiveUp,
}

impl Serving {
    pub(crate) fn new(talk: FromSupervisor, errors: bool) -> Self {
        let mut output = [Output::default(), Output::default()];
        if !errors {
            output[Stream::Stderr.index()].spool.end();
        }
        Self {
            talk,
            stdin: Spool::default(),
            stdin_taken: Tally::default(),
            stdin_deaf: false,
            stdin_closed_due: false,
            output,
            turn: 0,
            terminate: false,
            resize: None,
            measure: false,
            usage_due: None,
            ended: None,
            exit: None,
            told: false,
            broken: None,
        }
    }

    /// The supervisor says something.
    pub(crate) fn hear<P>(&mut self, order: Order<P>) -> Result<(), SessionError> {
        self.talk.hear(&order)?;
        match order {
            Order::Stdin { bytes: Chunk(bytes) } if self.stdin_deaf => self.stdin_taken(bytes.len()),
            Order::Stdin { bytes: Chunk(bytes) } => self.stdin.push(&bytes),
            Order::CloseStdin => self.stdin.end(),
            Order::CloseOutput { stream } => {
                let spool = &mut self.output[stream.index()].spool;
                spool.end();
                drop(spool.take(usize::MAX));
            }
            Order::Resize(size) => self.resize = Some(size),
            Order::Terminate => self.terminate = true,
            Order::Measure => self.measure = true,
            // The account of the session has what the first says; the others come before the command runs.
            Order::Taken { .. } | Order::Hello(_) | Order::Start { .. } => {}
        }
        Ok(())
    }

    /// What to tell the supervisor next.
    pub(crate) fn next_report(&mut self) -> Option<Post<Report>> {
        if self.broken.is_some() || self.told {
            return Some(Post::Stop);
        }
        let report = self.next_about_input().or_else(|| self.next_output()).or_else(|| self.next_end())?;
        Some(Post::Send(report, MESSAGE_BYTES_MAX))
    }

    fn next_about_input(&mut self) -> Option<Report> {
        if std::mem::take(&mut self.stdin_closed_due) {
            return Some(Report::StdinClosed);
        }
        let usage = self.usage_due.take().map(Report::Usage);
        usage.or_else(|| self.stdin_taken.due().map(|bytes| Report::Taken { bytes }))
    }

    fn next_output(&mut self) -> Option<Report> {
        let [first, second] = Stream::ALL;
        let order = if self.turn == 0 { [first, second] } else { [second, first] };
        order.into_iter().find_map(|stream| {
            let bytes = self.output.get_mut(stream.index())?.spool.take(CHUNK_BYTES_MAX)?;
            // Read only as far as there is room.
            self.talk.output_sent(stream, bytes.len()).ok()?;
            self.turn = 1 - stream.index();
            Some(Report::Output { stream, bytes: Chunk(bytes) })
        })
    }

    fn next_end(&mut self) -> Option<Report> {
        let code = self.exit.filter(|_| self.outputs_over())?;
        self.told = true;
        self.talk.end_sent();
        Some(Report::Exited { code })
    }

    fn outputs_over(&self) -> bool {
        self.output.iter().all(|output| output.spool.is_over())
    }

    /// How much to read of an output; `None` inside when no more is wanted.
    pub(crate) fn output_room(&mut self, stream: Stream) -> Option<Option<usize>> {
        let output = &mut self.output[stream.index()];
        output.reading = false;
        if self.broken.is_some() || self.talk.output_closed(stream) || output.spool.is_over() {
            return Some(None);
        }
        let room = self.talk.output_room(stream).saturating_sub(output.spool.len());
        output.reading = room > 0;
        output.reading.then_some(Some(room))
    }

    /// The command wrote something.
    pub(crate) fn output_read(&mut self, stream: Stream, bytes: &[u8]) {
        let output = &mut self.output[stream.index()];
        output.reads += 1;
        output.spool.push(bytes);
    }

    /// An output is at its end.
    pub(crate) fn output_ended(&mut self, stream: Stream) {
        let output = &mut self.output[stream.index()];
        output.reading = false;
        output.spool.end();
    }

    /// What to write to the command next; `None` inside when that was all.
    pub(crate) fn next_input(&mut self) -> Option<Option<Vec<u8>>> {
        match self.stdin.take(CHUNK_BYTES_MAX) {
            Some(bytes) => Some(Some(bytes)),
            None => (self.stdin.is_over() || self.broken.is_some() || self.told).then_some(None),
        }
    }

    /// The command was given so much, or will never be.
    pub(crate) fn stdin_taken(&mut self, bytes: usize) {
        if bytes > 0 && self.talk.stdin_taken(bytes).is_ok() {
            self.stdin_taken.add(bytes);
        }
    }

    /// The command does not read; so much was in a thread's hands.
    pub(crate) fn unreadable(&mut self, bytes: usize) {
        (self.stdin_deaf, self.stdin_closed_due) = (true, true);
        let waiting = self.stdin.take(usize::MAX).map_or(0, |bytes| bytes.len());
        self.stdin_taken(bytes + waiting);
    }

    /// What to do next, while the command runs.
    pub(crate) fn next_job(&mut self) -> Option<Job> {
        if self.broken.is_some() {
            return Some(Job::GiveUp);
        }
        if let Some(ended) = self.ended.take() {
            return Some(Job::Settle(ended));
        }
        if std::mem::take(&mut self.terminate) {
            return Some(Job::Terminate);
        }
        if let Some(size) = self.resize.take() {
            return Some(Job::Resize(size));
        }
        std::mem::take(&mut self.measure).then_some(Job::Measure)
    }

    pub(crate) fn measured(&mut self, usage: Usage) {
        self.usage_due = Some(usage);
    }

    /// The command has ended.
    pub(crate) fn ended(&mut self, how: io::Result<u32>) {
        self.ended = Some(how);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Nothing of the run lives any more: what is left is to send its output.
    pub(crate) fn settle(&mut self, code: u32) {
        self.exit = Some(code);
    }

    /// Whether the end has been told, or never will.
    pub(crate) fn is_over(&self) -> bool {
        self.told || self.broken.is_some()
    }

    /// How often each output was read, and whether a thread is at it.
    pub(crate) fn reading(&self) -> [(u64, bool); 2] {
        self.output.each_ref().map(|output| (output.reads, output.reading))
    }

    /// The supervisor has ended.
    pub(crate) fn link_ended(&mut self) {
        self.fail(SessionError::Gone);
    }

    /// The first reason counts; none does after the end.
    pub(crate) fn fail(&mut self, error: SessionError) {
        if !self.is_over() {
            self.broken = Some(error);
        }
    }

    /// The supervisor cannot be told anything any more, be it the end.
    pub(crate) fn unheard(&mut self, error: SessionError) {
        self.broken.get_or_insert(error);
    }

    pub(crate) fn outcome(&mut self) -> Result<(), SessionError> {
        self.broken.take().map_or(Ok(()), Err)
    }
}
