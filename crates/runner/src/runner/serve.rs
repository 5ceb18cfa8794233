//! A runner's whole life: who am I, what is to be run, run it, tell the end.

use std::io::{Read, Write};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::running::{Launched, Running};
use super::state::{Job, Serving};
use crate::error::SessionError;
use crate::inbox::Inbox;
use crate::limits::{CHUNK_BYTES_MAX, LAST_OUTPUT_TIME, MESSAGE_BYTES_MAX, START_BYTES_MAX};
use crate::message::{Nonce, NotStarted, Order, Ready, Report, Start, Stream, VERSION};
use crate::outbox::{post, send};
use crate::protocol::{FromSupervisor, Violation};
use crate::shared::Shared;
use crate::threads::{read, thread};

/// Who the runner is.
#[derive(Debug, Clone)]
pub struct Myself {
    /// Its process id.
    pub pid: u32,
    /// Its user: a security identifier as text.
    pub user: String,
    /// A fresh one.
    pub nonce: Nonce,
}

/// Serves the supervisor at the other end of `reader` and `writer`: `start` confines and starts what it asks for, and
/// its streams are passed until all of it has ended. When the supervisor ends before that, all of it is ended.
///
/// Afterwards the process is to end: threads may still wait for somebody who does not read or write.
///
/// # Errors
/// When the supervisor is gone, or says what it must not. Nothing of the run lives any more.
pub fn serve<P, R, W, G, S>(reader: R, mut writer: W, me: Myself, start: S) -> Result<(), SessionError>
where
    P: DeserializeOwned + Send + 'static,
    R: Read + Send + 'static,
    W: Write + Send + 'static,
    G: Running,
    S: FnOnce(Start<P>) -> Result<Launched<G>, NotStarted>,
{
    let mut inbox = Inbox::new(reader);
    let mut talk = FromSupervisor::default();
    greet::<P, _>(&mut inbox, &mut writer, &mut talk, &me)?;
    let wanted = take_start::<P, _>(&mut inbox, &mut talk, me.nonce)?;
    match start(wanted) {
        Ok(launched) => run::<P, _, _, _>(inbox, writer, talk, launched),
        Err(why) => Ok(send(&mut writer, &Report::NotStarted(why.cut()), MESSAGE_BYTES_MAX)?),
    }
}

fn greet<P: DeserializeOwned, R: Read>(
    inbox: &mut Inbox<R>,
    writer: &mut impl Write,
    talk: &mut FromSupervisor,
    me: &Myself,
) -> Result<(), SessionError> {
    let order: Order<P> = inbox.next(MESSAGE_BYTES_MAX)?.ok_or(SessionError::Gone)?;
    talk.hear(&order)?;
    let Order::Hello(hello) = order else { return Err(Violation("does not say first who it is").into()) };
    // Told in any case: the supervisor explains it to the user.
    let ready = Ready { version: VERSION, pid: me.pid, user: me.user.clone(), echo: hello.nonce, nonce: me.nonce };
    send(writer, &Report::Ready(ready), MESSAGE_BYTES_MAX)?;
    match hello.version {
        VERSION => Ok(()),
        theirs => Err(SessionError::Version { ours: VERSION, theirs }),
    }
}

fn take_start<P: DeserializeOwned, R: Read>(
    inbox: &mut Inbox<R>,
    talk: &mut FromSupervisor,
    nonce: Nonce,
) -> Result<Start<P>, SessionError> {
    let order: Order<P> = inbox.next(START_BYTES_MAX)?.ok_or(SessionError::Gone)?;
    talk.hear(&order)?;
    match order {
        Order::Start { echo, start } if echo == nonce => Ok(*start),
        _ => Err(SessionError::Stranger("its answer")),
    }
}

fn run<P, R, W, G>(
    inbox: Inbox<R>,
    mut writer: W,
    mut talk: FromSupervisor,
    launched: Launched<G>,
) -> Result<(), SessionError>
where
    P: DeserializeOwned + Send + 'static,
    R: Read + Send + 'static,
    W: Write + Send + 'static,
    G: Running,
{
    let Launched { running, pid, stdin, stdout, stderr } = launched;
    let running = Arc::new(running);
    talk.started_sent();
    let shared = Shared::new(Serving::new(talk, stderr.is_some()));
    let begin = || {
        send(&mut writer, &Report::Started { pid }, MESSAGE_BYTES_MAX)?;
        let state = || shared.clone();
        let (listening, speaking, input, output, errors) = (state(), state(), state(), state(), state());
        let (waiting, command) = (state(), Arc::clone(&running));
        thread("orders", move || listen::<P, _>(&listening, inbox))?;
        thread("input", move || pass_input(&input, stdin))?;
        thread("output", move || pass_output(&output, stdout, Stream::Stdout))?;
        if let Some(stderr) = stderr {
            thread("errors", move || pass_output(&errors, stderr, Stream::Stderr))?;
        }
        thread("command", move || {
            let how = command.wait();
            waiting.change(|state| state.ended(how));
        })?;
        thread("reports", move || speak(&speaking, writer))
    };
    let result = begin().and_then(|speaker| {
        follow(&shared, &*running);
        // Until the last message is out, or cannot be sent.
        let _ = speaker.join();
        shared.change(Serving::outcome)
    });
    // In every case.
    let _ = running.end();
    result
}

/// The runner's main thread, until the end has been told, or cannot be.
fn follow(shared: &Shared<Serving>, running: &impl Running) {
    loop {
        // What cannot be done is not: the supervisor sees that nothing has changed.
        match shared.wait(Serving::next_job) {
            Job::Terminate => drop(running.end()),
            Job::Resize(size) => drop(running.resize(size)),
            Job::Measure => {
                if let Ok(usage) = running.usage() {
                    shared.change(|state| state.measured(usage));
                }
            }
            Job::Settle(Err(error)) => shared.change(|state| state.fail(SessionError::Wait(error))),
            Job::Settle(Ok(code)) => {
                let _ = running.end();
                shared.change(|state| state.settle(code));
                return drain(shared);
            }
            Job::GiveUp => {
                let _ = running.end();
                shared.wait_for(LAST_OUTPUT_TIME, |state| state.has_ended().then_some(()));
                return;
            }
        }
    }
}

/// Everything has ended, so the outputs end. One that stays open and silent was handed to somebody outside the run.
fn drain(shared: &Shared<Serving>) {
    let mut before = shared.change(|state| state.reading());
    while shared.wait_for(LAST_OUTPUT_TIME, |state| state.is_over().then_some(())).is_none() {
        before = shared.change(|state| {
            let now = state.reading();
            for (stream, (now, before)) in Stream::ALL.into_iter().zip(now.into_iter().zip(before)) {
                if now == before && now.1 {
                    state.output_ended(stream);
                }
            }
            now
        });
    }
}

fn listen<P: DeserializeOwned, R: Read>(shared: &Shared<Serving>, mut inbox: Inbox<R>) {
    loop {
        match inbox.next::<Order<P>>(MESSAGE_BYTES_MAX) {
            Ok(Some(order)) => {
                if let Err(error) = shared.change(|state| state.hear(order)) {
                    return shared.change(|state| state.fail(error));
                }
            }
            Ok(None) => return shared.change(Serving::link_ended),
            Err(error) => return shared.change(|state| state.fail(error.into())),
        }
    }
}

fn speak(shared: &Shared<Serving>, writer: impl Write) {
    if let Err(error) = post(shared, writer, Serving::next_report) {
        shared.change(|state| state.unheard(error.into()));
    }
}

fn pass_input(shared: &Shared<Serving>, mut to: impl Write) {
    while let Some(bytes) = shared.wait(Serving::next_input) {
        match to.write_all(&bytes).and_then(|()| to.flush()) {
            Ok(()) => shared.change(|state| state.stdin_taken(bytes.len())),
            Err(_) => return shared.change(|state| state.unreadable(bytes.len())),
        }
    }
}

fn pass_output(shared: &Shared<Serving>, mut from: impl Read, stream: Stream) {
    let mut buffer = vec![0; CHUNK_BYTES_MAX];
    while let Some(room) = shared.wait(|state| state.output_room(stream)) {
        let Some(length) = read(&mut from, &mut buffer, room) else { break };
        shared.change(|state| state.output_read(stream, buffer.get(..length).unwrap_or_default()));
    }
    drop(from);
    shared.change(|state| state.output_ended(stream));
}
