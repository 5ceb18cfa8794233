//! Writes the log of one session.

mod body;
mod queue;
mod segments;
mod thread;

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::appender::Appender;
use crate::error::at;
use crate::event::End;
use crate::key::PrivateKey;
use crate::merkle::Frontier;
use crate::{Event, Ledger, LedgerError, files};
use queue::Queue;
pub(crate) use segments::Segments;
use thread::Recorder;

/// Writes the log of one session, from a thread of its own.
///
/// A writer that is dropped without [`end`](Self::end) writes what it has, and leaves a session that
/// [`Ledger::recover`] will close as broken off. So does a process that dies. The lock by which others see that it
/// lives belongs to an open file: a copy of the process that keeps its descriptors keeps the lock.
pub struct Writer {
    id: String,
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
    /// Locked as long as the writer lives.
    _marker: File,
}

impl Writer {
    pub(crate) fn begin(ledger: Ledger, key: Arc<PrivateKey>, id: &str) -> Result<Self, LedgerError> {
        let directory = ledger.places.session(id);
        match files::make_directory(&directory, false) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(LedgerError::Exists(id.to_owned())),
            made => at(made, "make", &directory)?,
        }
        let segments = Segments::create(&directory)?;
        let marker = mark(&ledger.places.running(), id)?;
        let queue = Arc::new(Queue::default());
        let recorder = Recorder {
            id: id.to_owned(),
            log: Appender::new(Arc::clone(&key), Some(id), Frontier::default()),
            places: ledger.places,
            limits: ledger.limits,
            durability: ledger.durability,
            key,
            segments,
            queue: Arc::clone(&queue),
            full: false,
        };
        let thread = std::thread::Builder::new().name("ledger".into()).spawn(move || recorder.run());
        let thread = at(thread, "start a thread for", &directory)?;
        Ok(Self { id: id.to_owned(), queue, thread: Some(thread), _marker: marker })
    }

    /// The session's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Appends an event. Never waits for the disk: within about 50 ms the event is signed and on its way there. An
    /// event too large for a line is cut; one for which there is no room is dropped, which the log says and the end
    /// counts.
    ///
    /// # Errors
    /// Writing an earlier event failed. The log up to there is whole; nothing more will be written.
    pub fn append(&self, event: &Event) -> Result<(), LedgerError> {
        let members = at(body::body(event).map_err(Into::into), "write an event of", Path::new(&self.id))?;
        self.queue.push(&members)
    }

    /// Waits until all that was appended is written, and survives what its [`Durability`](crate::Durability) says.
    ///
    /// # Errors
    /// Writing failed, now or earlier.
    pub fn commit(&self) -> Result<(), LedgerError> {
        self.queue.commit()
    }

    /// How many events were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// Ends the session: appends how, commits, and tells the log of sessions. `dropped` is added by the writer.
    ///
    /// # Errors
    /// Writing failed, now or earlier. The session will then be closed by [`Ledger::recover`].
    pub fn end(mut self, end: End) -> Result<(), LedgerError> {
        self.queue.close(end);
        self.join();
        self.queue.failed()
    }

    fn join(&mut self) {
        // Whether it did what it was to do is told by the queue.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.leave();
        self.join();
    }
}

/// Makes the file by which others see that the session is not closed, and locks it, under another name first: nobody
/// may take it for that of a dead writer.
fn mark(running: &Path, id: &str) -> Result<File, LedgerError> {
    let (path, partial) = (running.join(id), running.join(format!(".{id}.new")));
    let file = files::private().write(true).create(true).truncate(true).open(&partial);
    let file = at(file, "make", &partial)?;
    at(file.lock(), "lock", &partial)?;
    at(std::fs::rename(&partial, &path), "name", &path)?;
    Ok(file)
}
