//! The thread that writes a run down: it opens the ledger, masks every event, and hands it to the ledger's writer. So
//! neither the start of a run nor its supervisor waits for any of it.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use pinfold_ledger::event::End;
use pinfold_ledger::{Durability, Event, Ledger, LedgerError, Redactor, TooManySecrets, Writer};

use crate::error::with_causes;

/// What is to be written, and how.
pub(super) struct Sheet {
    /// Where the ledger is.
    pub(super) directory: std::path::PathBuf,
    pub(super) session: String,
    pub(super) durability: Durability,
    /// Names and values that must not be written.
    pub(super) secrets: Vec<(String, String)>,
}

/// Why there is no record, or no whole one.
#[derive(Debug, thiserror::Error)]
pub(super) enum PenError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Secrets(#[from] TooManySecrets),
    #[error("failed to start the thread that writes")]
    Thread(#[from] std::io::Error),
    #[error("the thread that writes is gone")]
    Gone,
}

enum Line {
    Event(Box<Event>),
    /// Everything so far is to be safe.
    Commit(SyncSender<()>),
    End(End),
}

/// Takes events from several threads.
#[derive(Clone)]
pub(super) struct Lines {
    lines: Sender<Line>,
    failure: Arc<OnceLock<String>>,
}

impl Lines {
    /// Writes an event some time soon.
    ///
    /// # Errors
    /// When an earlier one could not be written.
    pub(super) fn event(&self, event: Event) -> Result<(), String> {
        // Whoever does not take it any more has said why.
        let _ = self.lines.send(Line::Event(Box::new(event)));
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }
}

/// A thread that writes.
pub(super) struct Pen {
    lines: Lines,
    thread: JoinHandle<Result<(), PenError>>,
}

impl Pen {
    /// Begins with the first event.
    pub(super) fn new(sheet: Sheet, first: Event) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let lines = Lines { lines: sender, failure: Arc::default() };
        let failure = Arc::clone(&lines.failure);
        let write = move || {
            let written = write(sheet, first, &receiver);
            if let Err(error) = &written {
                let _ = failure.set(with_causes(error));
            }
            written
        };
        Ok(Self { lines, thread: std::thread::Builder::new().name("pen".to_owned()).spawn(write)? })
    }

    /// Where events go.
    pub(super) fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Waits until all is safe that was given so far, or has failed.
    pub(super) fn commit(&self) -> Result<(), String> {
        let (done, wait) = sync_channel(1);
        let _ = self.lines.lines.send(Line::Commit(done));
        match wait.recv() {
            Ok(()) => Ok(()),
            Err(_) => Err(self.lines.failure.get().cloned().unwrap_or_else(|| PenError::Gone.to_string())),
        }
    }

    /// Gives the last event.
    pub(super) fn end(&self, end: End) {
        let _ = self.lines.lines.send(Line::End(end));
    }

    /// Waits until the last event is written.
    pub(super) fn join(self) -> Result<(), PenError> {
        self.thread.join().unwrap_or(Err(PenError::Gone))
    }
}

fn write(sheet: Sheet, first: Event, lines: &Receiver<Line>) -> Result<(), PenError> {
    let Sheet { directory, session, durability, secrets } = sheet;
    let writer = Ledger::open(directory)?.with_durability(durability).begin(&session)?;
    let redactor = Redactor::new(secrets)?;
    append(&writer, &redactor, first)?;
    // Without a sender the run was given up, and its session is broken off.
    for line in lines {
        match line {
            Line::Event(event) => append(&writer, &redactor, *event)?,
            Line::Commit(done) => {
                writer.commit()?;
                let _ = done.send(());
            }
            Line::End(end) => return Ok(writer.end(end)?),
        }
    }
    Ok(())
}

fn append(writer: &Writer, redactor: &Redactor, mut event: Event) -> Result<(), LedgerError> {
    redactor.event(&mut event);
    writer.append(&event)
}
