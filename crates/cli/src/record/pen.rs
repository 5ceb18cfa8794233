//! The thread that writes a run down: it opens the ledger, masks every event, and hands it to the ledger's writer. So
//! neither the start of a run nor its supervisor waits for any of it.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use pinfold_ledger::event::End;
use pinfold_ledger::{Durability, Event, Ledger, LedgerError, Limits, Redactor, TooManySecrets, Writer};

use crate::error::with_causes;

/// How many events of programs may wait to be masked and written.
const PROGRAMS_WAITING_MAX: u64 = 4096;
/// The share of a record that programs may take, so that there is always room for everything else: half of it.
const PROGRAMS_SHARE: u64 = 2;
/// What an event of a program takes besides its texts, in bytes.
const PROGRAM_BYTES: u64 = 400;

/// What is to be written, and how.
pub(crate) struct Sheet {
    /// Where the ledger is.
    pub(crate) directory: PathBuf,
    pub(crate) session: String,
    pub(crate) durability: Durability,
    /// How large the record may become, in bytes.
    pub(crate) bytes_max: u64,
    /// Names and values that must not be written.
    pub(crate) secrets: Vec<(String, String)>,
}

/// Why there is no record, or no whole one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PenError {
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
    Program(Box<Event>),
    /// Everything so far is to be safe.
    Commit(SyncSender<()>),
    End(End),
}

/// Takes events from several threads.
#[derive(Clone)]
pub(crate) struct Lines {
    lines: Sender<Line>,
    failure: Arc<OnceLock<String>>,
    programs: Arc<Programs>,
}

/// What programs take of the record. Whoever runs a million of them shall not drive out what else there is to know.
#[derive(Default)]
struct Programs {
    waiting: AtomicU64,
    left_bytes: AtomicU64,
    dropped: AtomicU64,
}

impl Lines {
    /// Writes an event some time soon.
    ///
    /// # Errors
    /// When an earlier one could not be written.
    pub(crate) fn event(&self, event: Event) -> Result<(), String> {
        // Whoever does not take it any more has said why.
        let _ = self.lines.send(Line::Event(Box::new(event)));
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    /// Writes that a program was executed, if there is room for it.
    pub(crate) fn program(&self, event: Event, text_bytes: usize) {
        let Programs { waiting, left_bytes, dropped } = &*self.programs;
        let bytes = PROGRAM_BYTES + text_bytes as u64;
        let has_room = || {
            let less = |left: u64| left.checked_sub(bytes);
            waiting.load(Relaxed) < PROGRAMS_WAITING_MAX && left_bytes.fetch_update(Relaxed, Relaxed, less).is_ok()
        };
        if has_room() {
            waiting.fetch_add(1, Relaxed);
            let _ = self.lines.send(Line::Program(Box::new(event)));
        } else {
            dropped.fetch_add(1, Relaxed);
        }
    }

    /// How many programs there was no room for.
    pub(crate) fn dropped(&self) -> u64 {
        self.programs.dropped.load(Relaxed)
    }
}

/// A thread that writes.
pub(crate) struct Pen {
    lines: Lines,
    thread: JoinHandle<Result<(), PenError>>,
}

impl Pen {
    /// Begins with the first event.
    pub(crate) fn new(sheet: Sheet, first: Event) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let left_bytes = AtomicU64::new(sheet.bytes_max / PROGRAMS_SHARE);
        let programs = Arc::new(Programs { left_bytes, ..Programs::default() });
        let lines = Lines { lines: sender, failure: Arc::default(), programs };
        let (failure, programs) = (Arc::clone(&lines.failure), Arc::clone(&lines.programs));
        let write = move || {
            let written = write(sheet, first, &receiver, &programs.waiting);
            if let Err(error) = &written {
                let _ = failure.set(with_causes(error));
            }
            written
        };
        Ok(Self { lines, thread: std::thread::Builder::new().name("pen".to_owned()).spawn(write)? })
    }

    /// Where events go.
    pub(crate) fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Waits until all is safe that was given so far, or has failed.
    pub(crate) fn commit(&self) -> Result<(), String> {
        let (done, wait) = sync_channel(1);
        let _ = self.lines.lines.send(Line::Commit(done));
        match wait.recv() {
            Ok(()) => Ok(()),
            Err(_) => Err(self.lines.failure.get().cloned().unwrap_or_else(|| PenError::Gone.to_string())),
        }
    }

    /// Gives the last event.
    pub(crate) fn end(&self, end: End) {
        let _ = self.lines.lines.send(Line::End(end));
    }

    /// Waits until the last event is written.
    pub(crate) fn join(self) -> Result<(), PenError> {
        self.thread.join().unwrap_or(Err(PenError::Gone))
    }
}

fn write(sheet: Sheet, first: Event, lines: &Receiver<Line>, programs_waiting: &AtomicU64) -> Result<(), PenError> {
    let Sheet { directory, session, durability, bytes_max, secrets } = sheet;
    let limits = Limits { session_bytes: bytes_max, ..Limits::default() };
    let writer = Ledger::open(directory)?.with_durability(durability).with_limits(limits).begin(&session)?;
    let redactor = Redactor::new(secrets)?;
    append(&writer, &redactor, first)?;
    // Without a sender the run was given up, and its session is broken off.
    for line in lines {
        match line {
            Line::Event(event) => append(&writer, &redactor, *event)?,
            Line::Program(event) => {
                append(&writer, &redactor, *event)?;
                programs_waiting.fetch_sub(1, Relaxed);
            }
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
