//! A session with real ends: one thread for each of them, and the caller's.

use std::io::{Read, Write};

use super::session::{End, Notice, Session, Streams};
use super::state::{News, Supervision};
use crate::error::{LinkError, SessionError};
use crate::inbox::Inbox;
use crate::limits::{CHUNK_BYTES_MAX, HALF_OPEN_TIME, MESSAGE_BYTES_MAX, READY_TIME};
use crate::message::Stream;
use crate::outbox::post;
use crate::shared::Shared;
use crate::threads::{read, thread};

/// Has a command run by the runner at the other end of `reader` and `writer`, and waits for its end. `tell` is called
/// by this thread.
///
/// The other end is not trusted. It is the caller's to end a runner that goes on for too long: then the link ends, or
/// [`Remote::abandon`](super::Remote::abandon) is called, and this gives an error.
///
/// # Errors
/// When there is any doubt about how the command ended. What it wrote until then has been passed on.
pub fn supervise<R, W, I, O, E>(
    (reader, writer): (R, W),
    session: Session,
    streams: Streams<I, O, E>,
    mut tell: impl FnMut(Notice),
) -> Result<End, SessionError>
where
    R: Read + Send + 'static,
    W: Write + Send + 'static,
    I: Read + Send + 'static,
    O: Write + Send + 'static,
    E: Write + Send + 'static,
{
    let shared = session.shared;
    let started = start_threads(&shared, reader, writer, streams);
    match &started {
        Ok(()) => follow(&shared, &mut tell),
        Err(_) => shared.change(|state| state.fail(SessionError::Abandoned)),
    }
    started?;
    shared.wait(|state| (state.outputs_done() || state.abandoned).then_some(()));
    shared.change(Supervision::take_outcome)
}

fn start_threads<R, W, I, O, E>(
    shared: &Shared<Supervision>,
    reader: R,
    writer: W,
    streams: Streams<I, O, E>,
) -> Result<(), SessionError>
where
    R: Read + Send + 'static,
    W: Write + Send + 'static,
    I: Read + Send + 'static,
    O: Write + Send + 'static,
    E: Write + Send + 'static,
{
    let Streams { stdin, stdout, stderr } = streams;
    let state = || shared.clone();
    let (listening, speaking, input, output, errors) = (state(), state(), state(), state(), state());
    thread("runner-output", move || pass_output(&output, stdout, Stream::Stdout))?;
    thread("runner-errors", move || pass_output(&errors, stderr, Stream::Stderr))?;
    thread("runner-input", move || pass_input(&input, stdin))?;
    thread("runner-orders", move || speak(&speaking, writer))?;
    thread("runner-reports", move || listen(&listening, reader))?;
    Ok(())
}

/// The caller's own thread, until the session is over.
fn follow(shared: &Shared<Supervision>, tell: &mut impl FnMut(Notice)) {
    let answered = |state: &mut Supervision| (state.is_over() || !state.talk.is_silent()).then_some(());
    if shared.wait_for(READY_TIME, answered).is_none() {
        shared.change(|state| state.fail(SessionError::NotReady));
    }
    loop {
        match shared.wait(Supervision::news) {
            News::Notice(notice) => tell(notice),
            News::Over => return,
            News::HalfOpen => {
                // A runner that has ended is heard to have ended.
                if shared.wait_for(HALF_OPEN_TIME, |state| state.is_over().then_some(())).is_none() {
                    shared.change(|state| state.fail(SessionError::HalfOpen));
                }
            }
        }
    }
}

fn listen(shared: &Shared<Supervision>, reader: impl Read) {
    let mut inbox = Inbox::new(reader);
    loop {
        match inbox.next(MESSAGE_BYTES_MAX) {
            Ok(Some(report)) => {
                if let Err(error) = shared.change(|state| state.hear(report)) {
                    return shared.change(|state| state.fail(error));
                }
            }
            Ok(None) => return shared.change(Supervision::link_ended),
            Err(error) => return shared.change(|state| state.fail(error.into())),
        }
    }
}

fn speak(shared: &Shared<Supervision>, mut writer: impl Write) {
    // Closed after the reason is noted, or the runner's end would be taken for it.
    match post(shared, &mut writer, Supervision::next_order) {
        Ok(()) => {}
        Err(LinkError::Write(_)) => shared.change(Supervision::unheard),
        Err(error) => shared.change(|state| state.fail(error.into())),
    }
}

fn pass_input(shared: &Shared<Supervision>, mut stdin: impl Read) {
    let mut buffer = vec![0; CHUNK_BYTES_MAX];
    while let Some(room) = shared.wait(|state| state.input_room()) {
        match read(&mut stdin, &mut buffer, room) {
            Some(length) => shared.change(|state| state.stdin.push(buffer.get(..length).unwrap_or_default())),
            None => return shared.change(|state| state.stdin.end()),
        }
    }
}

fn pass_output(shared: &Shared<Supervision>, mut to: impl Write, stream: Stream) {
    while let Some(bytes) = shared.wait(|state| state.next_output(stream)) {
        match to.write_all(&bytes).and_then(|()| to.flush()) {
            Ok(()) => shared.change(|state| state.written(stream, bytes.len())),
            Err(_) => {
                shared.change(|state| state.unwritable(stream, bytes.len()));
                break;
            }
        }
    }
    drop(to);
    shared.change(|state| state.output_done(stream));
}
