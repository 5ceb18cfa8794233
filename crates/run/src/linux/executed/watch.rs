//! The thread that answers the kernel. A process waits for it, so it reads what will be gone afterwards and no more.

use std::collections::HashSet;
use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Sender;
use std::time::SystemTime;

use pinfold_confine::linux::{Execution, Listener, Memory, Notice, RefusedCall, Words};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Pid;

use super::Executed;
use super::family::Family;
use super::observer::{Command, Counts};
use super::program::{self, Found, Program, Root, Version};
use super::recorder::Told;
use crate::linux::before::Before;
use crate::linux::refused::{Blocked, Trace, missing};

/// Most arguments that are recorded of a program.
const MAX_ARGUMENTS: usize = 512;
/// Most bytes of them.
const MAX_ARGUMENT_BYTES: usize = 16 << 10;
/// Longest path that the kernel takes (`PATH_MAX`), without its end.
const MAX_PATH_BYTES: usize = 4095;
/// How many programs are passed on together, and how long the first of them may wait: to wake the other thread for
/// each would cost more than all the rest.
const BATCH: usize = 64;
const BATCH_WAITS: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// Most programs that wait to be told of.
const MAX_WAITING: u64 = 1024;
/// Most files that are held open for their digest.
const MAX_OPEN_FILES: u64 = 256;
/// Most files that are remembered to be under way.
const MAX_SENT: usize = 1 << 16;

/// What the thread works with.
pub(super) struct Watch {
    listener: Listener,
    root: OwnedFd,
    command: Command,
    /// The process of the command, which was the first to be told of.
    first: Option<Pid>,
    /// Who makes digests and tells of programs, if anybody does.
    tell: Option<Sender<Vec<Told>>>,
    batch: Vec<Told>,
    counts: Arc<Counts>,
    /// Files that were sent before, so that they need not be again.
    sent: HashSet<Version>,
    /// Keeps what is refused, if somebody asks.
    trace: Option<Trace>,
    /// Keeps what is there before it is changed, likewise.
    before: Option<Before>,
}

/// What was seen of a process while it waited.
enum Seen {
    /// A call that the filter refuses, and the program that made it.
    Refused(RefusedCall, OsString),
    /// Paths that something may stand in the way of.
    Paths(Vec<Blocked>),
    /// The kernel will find no program; likewise.
    Missing(Option<Blocked>),
    /// It is about to become one.
    Program(Executed, Option<Program>),
}

impl Watch {
    pub(super) fn new(
        listener: Listener,
        root: OwnedFd,
        mut command: Command,
        tell: Option<Sender<Vec<Told>>>,
        counts: Arc<Counts>,
        trace: Option<Trace>,
        before: Option<Before>,
    ) -> Self {
        command.candidates.reverse();
        let (batch, sent) = (Vec::new(), HashSet::new());
        Self { listener, root, command, first: None, tell, batch, counts, sent, trace, before }
    }

    /// Answers until nobody is left who could ask, or until the watch is stopped.
    pub(super) fn live(mut self, stopped: &OwnedFd) -> Option<Trace> {
        Listener::be_prompt();
        self.answer_all(stopped);
        self.pass_on();
        self.trace
    }

    fn answer_all(&mut self, stopped: &OwnedFd) {
        loop {
            let mut polled = [PollFd::new(&self.listener, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
            let waits = (!self.batch.is_empty()).then_some(&BATCH_WAITS);
            let ready = poll(&mut polled, waits);
            let [asked, stopped] = polled.map(|polled| polled.revents());
            if ready == Ok(0) {
                self.pass_on();
            }
            if asked.contains(PollFlags::IN) {
                match self.listener.next() {
                    Ok(Some(notice)) => self.answer(&notice),
                    Ok(None) => {}
                    Err(_) => return,
                }
            } else if !stopped.is_empty() || asked.intersects(PollFlags::HUP | PollFlags::NVAL) {
                return;
            }
            // An error alone is of a look that a signal broke off.
        }
    }

    fn answer(&mut self, notice: &Notice) {
        let seen = self.look(notice);
        if !self.listener.go_on(notice) {
            return;
        }
        match seen {
            Seen::Refused(call, program) => {
                self.trace.iter_mut().for_each(|trace| trace.take_call(call, &program));
            }
            Seen::Paths(blocked) => self.take(blocked),
            Seen::Missing(blocked) => {
                self.counts.missing.fetch_add(1, Relaxed);
                self.take(blocked);
            }
            Seen::Program(executed, program) => {
                self.trace.iter_mut().for_each(|trace| trace.executed(&executed.program));
                self.keep(executed, program);
            }
        }
    }

    fn take(&mut self, blocked: impl IntoIterator<Item = Blocked>) {
        if let Some(trace) = &mut self.trace {
            trace.take(blocked);
        }
    }

    /// What will be gone once the process goes on. Search paths make it ask for many files that are not there, so those
    /// are found out first.
    fn look(&mut self, notice: &Notice) -> Seen {
        if let Some(call) = notice.refused() {
            return Seen::Refused(call, program::executable_name(notice.thread));
        }
        let Some(execution) = notice.execution() else {
            self.keep_before(notice);
            return Seen::Paths(self.look_at_paths(notice));
        };
        let at = SystemTime::now();
        let Asked { found, path, command } =
            self.ask_for_the_command(notice.thread).unwrap_or_else(|| self.ask(notice.thread, &execution));
        let program = match found {
            Found::Missing if command.is_some() => return Seen::Missing(None),
            Found::Missing => return Seen::Missing(self.look_at_program(notice.thread, path)),
            Found::Program(program) => Some(program),
            Found::Unknown => None,
        };
        let Family { pid, parent } = Family::of(notice.thread).unwrap_or_default();
        let (words, directory) = match command {
            Some(words) => (words, self.command.directory.clone()),
            None => {
                (arguments(notice.thread, &execution), program::current_directory(notice.thread).unwrap_or_default())
            }
        };
        let Words { words: arguments, whole: all_arguments } = words;
        let executed = Executed { pid, parent, arguments, all_arguments, directory, program: path, digest: None, at };
        Seen::Program(executed, program)
    }

    fn keep_before(&mut self, notice: &Notice) {
        let root = Root { directory: self.root.as_fd(), differs: self.command.filter.nested_namespaces };
        self.before.iter_mut().for_each(|before| before.look(&root, notice));
    }

    fn look_at_paths(&self, notice: &Notice) -> Vec<Blocked> {
        self.trace.as_ref().map_or_else(Vec::new, |trace| trace.look(&self.root(), notice))
    }

    fn look_at_program(&self, thread: Pid, path: PathBuf) -> Option<Blocked> {
        self.trace.as_ref()?.look_at_program(&self.root(), thread, path)
    }

    fn root(&self) -> Root<'_> {
        Root { directory: self.root.as_fd(), differs: self.command.filter.nested_namespaces }
    }

    /// What the run's own command tries, if this is its process and it is not there yet. Of the candidates it tries
    /// those that exist.
    fn ask_for_the_command(&mut self, thread: Pid) -> Option<Asked> {
        if *self.first.get_or_insert(thread) != thread {
            return None;
        }
        while let Some(candidate) = self.command.candidates.pop() {
            let path = self.command.directory.join(candidate);
            let found = program::open_below(self.root.as_fd(), &path);
            if matches!(found, Found::Missing) && !self.command.candidates.is_empty() {
                continue;
            }
            if !matches!(found, Found::Missing) {
                self.command.candidates.clear();
            }
            let words = Words { words: self.command.arguments.clone(), whole: true };
            return Some(Asked { found, path, command: Some(words) });
        }
        None
    }

    fn ask(&self, thread: Pid, execution: &Execution) -> Asked {
        let asked = |found, path| Asked { found, path, command: None };
        let path = match Memory(thread).string(execution.path, MAX_PATH_BYTES) {
            Ok(Some(path)) => PathBuf::from(path),
            Ok(None) => return asked(Found::Missing, PathBuf::new()),
            Err(_) => return asked(Found::Unknown, PathBuf::new()),
        };
        if path.as_os_str().is_empty() {
            let descriptor = execution.directory.filter(|_| execution.may_be_empty());
            let found = descriptor.map_or(Found::Missing, |descriptor| program::open_descriptor(thread, descriptor));
            return asked(found, path);
        }
        let path = if path.is_absolute() { path } else { base(thread, execution).join(path) };
        let found = match self.root().open(thread, &path) {
            Found::Missing if self.may_be_there(&path) => Found::Unknown,
            found => found,
        };
        asked(found, path)
    }

    /// Whether a path that is not there for this process may be for the one that asks: it leads through `/proc/self`, or
    /// from a directory whose path is not known.
    fn may_be_there(&self, path: &Path) -> bool {
        if !path.is_absolute() {
            return true;
        }
        let root = self.root.as_fd();
        if program::is_missing_without_links(root, path) {
            return false;
        }
        let private = |real: PathBuf| ["/proc", "/dev"].iter().any(|place| real.starts_with(place));
        missing(root, path, true).is_none_or(private)
    }

    /// For the thread that makes digests, or lost and counted where that cannot keep up. A file goes along that may not be known there.
    fn keep(&mut self, mut executed: Executed, program: Option<Program>) {
        if self.tell.is_none() {
            return;
        }
        if self.counts.waiting.load(Relaxed) >= MAX_WAITING {
            self.counts.dropped.fetch_add(1, Relaxed);
            return;
        }
        self.counts.waiting.fetch_add(1, Relaxed);
        if let Some(path) = program.as_ref().and_then(Program::path) {
            executed.program = path;
        }
        let version = program.as_ref().map(|program| program.version);
        let file = program.filter(|program| self.is_to_be_read(program, executed.at)).map(|program| program.file);
        // One to be read may soon be changed or removed.
        let at_once = file.is_some();
        self.counts.open_files.fetch_add(u64::from(at_once), Relaxed);
        self.batch.push(Told { executed, version, file });
        if at_once || self.batch.len() >= BATCH {
            self.pass_on();
        }
    }

    fn pass_on(&mut self) {
        // Without anybody to tell they stay among those that wait.
        let batch = std::mem::take(&mut self.batch);
        let _ = self.tell.as_ref().map(|tell| tell.send(batch));
    }

    /// Whether its content may not be known on the other side. Of a file that was changed just now no content is kept.
    fn is_to_be_read(&mut self, program: &Program, now: SystemTime) -> bool {
        if self.counts.open_files.load(Relaxed) >= MAX_OPEN_FILES {
            return false;
        }
        if self.sent.len() >= MAX_SENT || self.counts.skipped.swap(false, Relaxed) {
            self.sent.clear();
        }
        program.version.is_fresh(now) || self.sent.insert(program.version)
    }
}

/// What a process asks for.
struct Asked {
    found: Found,
    /// The path, absolute.
    path: PathBuf,
    /// The arguments, if it is the command of the run.
    command: Option<Words>,
}

/// Where a relative path begins.
fn base(thread: Pid, execution: &Execution) -> PathBuf {
    let base = match execution.directory {
        Some(descriptor) => program::directory(thread, descriptor),
        None => program::current_directory(thread),
    };
    base.unwrap_or_default()
}

fn arguments(thread: Pid, execution: &Execution) -> Words {
    Memory(thread).words(execution.arguments, MAX_ARGUMENTS, MAX_ARGUMENT_BYTES).unwrap_or_default()
}
