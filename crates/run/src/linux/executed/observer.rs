//! From the start of a watch to its end.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use pinfold_confine::linux::Listener;
use pinfold_plan::Seccomp;
use rustix::pipe::{PipeFlags, pipe_with};

use super::recorder::Recorder;
use super::watch::Watch;
use super::{Executions, Recording, Tally};
use crate::linux::before::Before;
use crate::linux::refused::{Refusals, Trace};

/// How long the end of a run waits for the last digests.
const LAST_DIGESTS: Duration = Duration::from_secs(2);
/// How long programs that still wait may take to be told of without one.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// The threads do little.
const STACK_BYTES: usize = 256 << 10;

/// Watches over what is executed in a run.
#[derive(Debug)]
pub(crate) enum Observer {
    /// Nobody asked.
    Idle,
    /// There is no listener yet.
    Waiting(Box<Observing>),
    /// The kernel gives none.
    Blind(i32),
    /// From now on until the end.
    Watching {
        /// Closed, it ends the watch.
        stop: OwnedFd,
        /// Closed when both threads have ended.
        ended: Receiver<Infallible>,
        /// Of programs, where they are recorded.
        counts: Option<Arc<Counts>>,
        /// What was refused, once the watch has ended; nothing where nobody asked.
        refusals: Receiver<Refusals>,
    },
}

/// What to watch, and for whom.
#[derive(Debug)]
pub(crate) struct Observing {
    /// Who is told of programs, if anybody.
    pub(crate) recording: Option<Recording>,
    pub(crate) command: Command,
    /// Keeps what is refused, if somebody asks.
    pub(crate) trace: Option<Trace>,
    /// Keeps what is there before it is changed, likewise.
    pub(crate) before: Option<Before>,
}

/// What is known of the run's command without reading the process that will become it. Nobody can read that one: until
/// then it shares the memory of the first process.
#[derive(Debug)]
pub(crate) struct Command {
    /// The files that are tried.
    pub(crate) candidates: Vec<PathBuf>,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) directory: PathBuf,
    /// The filter of it and of all that it starts.
    pub(crate) filter: Seccomp,
}

/// What both threads count.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Programs that are to be told of.
    pub(super) waiting: AtomicU64,
    pub(super) told: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) missing: AtomicU64,
    /// Files that are open until their digest is made.
    pub(super) open_files: AtomicU64,
    /// There was no time for the digest of a file, which may be sent again.
    pub(super) skipped: AtomicBool,
    /// No more digests: the run is over.
    pub(super) hurry: AtomicBool,
}

impl Observer {
    /// Begins to watch once the first process has handed the listener out, with the root of the run, or said why not.
    pub(crate) fn begin(&mut self, errno: i32, descriptors: Vec<OwnedFd>) -> io::Result<()> {
        let Observing { recording, command, trace, before } = match std::mem::replace(self, Self::Blind(errno)) {
            Self::Waiting(observing) => *observing,
            // It was said before.
            other => {
                *self = other;
                return Ok(());
            }
        };
        let Ok([listener, root]) = <[OwnedFd; 2]>::try_from(descriptors) else { return Ok(()) };
        let (stopped, stop) = pipe_with(PipeFlags::CLOEXEC)?;
        let (tell, told) = channel();
        let (alive, ended) = channel();
        let (refuse, refusals) = channel();
        let counts = Arc::new(Counts::default());
        let recorded = recording.is_some();
        let tell = recorded.then_some(tell);
        let watch = Watch::new(
            Listener::new(listener, command.filter),
            root,
            command,
            tell,
            Arc::clone(&counts),
            trace,
            before,
        );
        let watcher_lives = alive.clone();
        start("observer", move || {
            // Nobody listens where the run ended too soon.
            watch.live(&stopped).map(|trace| refuse.send(trace.finish()));
            drop(watcher_lives);
        })?;
        if let Some(recording) = recording {
            let recorder = Recorder::new(recording, Arc::clone(&counts));
            start("recorder", move || {
                recorder.live(&told);
                drop(alive);
            })?;
        }
        *self = Self::Watching { stop, ended, counts: recorded.then_some(counts), refusals };
        Ok(())
    }

    /// Ends the watch. To be called when nothing of the run lives.
    pub(crate) fn finish(self) -> (Executions, Option<Refusals>) {
        match self {
            Self::Idle => (Executions::Unasked, None),
            // The first process never came so far.
            Self::Waiting(_) => (Executions::Observed(Tally::default()), None),
            Self::Blind(errno) => (Executions::Unobserved { errno }, None),
            Self::Watching { stop, ended, counts, refusals } => {
                drop(stop);
                if ended.recv_timeout(LAST_DIGESTS).is_err() {
                    // What still waits is told without a digest, which takes no time.
                    counts.iter().for_each(|counts| counts.hurry.store(true, Ordering::Relaxed));
                    let _ = ended.recv_timeout(LAST_WORDS);
                }
                let executions = counts.map_or(Executions::Unasked, |counts| Executions::Observed(counts.tally()));
                (executions, refusals.try_recv().ok())
            }
        }
    }
}

impl Counts {
    fn tally(&self) -> Tally {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        // What still waits now is never told of.
        let dropped = read(&self.dropped).saturating_add(read(&self.waiting));
        Tally { told: read(&self.told), dropped, missing: read(&self.missing) }
    }
}

fn start(name: &str, live: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(live).map(drop)
}
