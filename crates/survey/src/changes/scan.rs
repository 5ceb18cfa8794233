//! The walk after the run: each directory by its path, each file by its time of change.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    Moment, Options, Snapshot, Unseen, Why,
    clock::Since,
    directory::Past,
    findings::{Findings, Gone},
    judge::Entry,
};
use crate::{
    limits,
    queue::{Queue, StopOnPanic},
    sys::{self, Buffer, Device, Dir},
    threads::together,
};

/// What is known of a directory from before the run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Before {
    /// Its names.
    Listed(usize),
    /// That it was there.
    Unlisted,
    /// That it was not there.
    Absent,
}

/// A directory that is still to be read.
pub(super) struct Item {
    pub(super) root: usize,
    /// Relative to the root.
    pub(super) path: Vec<u8>,
    pub(super) depth: usize,
    pub(super) before: Before,
    /// Of the directory above.
    pub(super) since: Since,
}

/// What all threads look at.
pub(super) struct Scan<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) options: &'a Options,
    now: Moment,
    /// The known directories, by the one above and their name.
    pub(super) known: HashMap<(usize, &'a [u8]), usize>,
    queue: Queue<Vec<Item>>,
    directories: AtomicUsize,
    pub(super) new: AtomicUsize,
    unseen: AtomicUsize,
}

/// Looks at all there is.
pub(super) fn run<'a>(snapshot: &'a Snapshot, options: &'a Options) -> Vec<Findings<'a>> {
    let tree = &*snapshot.tree;
    let place = |index| Some(((tree.parent(index)?, tree.name(index)), index));
    let scan = Scan {
        snapshot,
        options,
        now: Moment::now(),
        known: (0..tree.len()).filter_map(place).collect(),
        queue: Queue::new(),
        directories: AtomicUsize::new(0),
        new: AtomicUsize::new(0),
        unseen: AtomicUsize::new(0),
    };
    let mut first = Worker::new(&scan);
    first.begin();
    first.walk_alone(limits::ALONE_DIRECTORIES);
    let helpers = match first.todo.is_empty() {
        true => 0,
        false => options.threads.unwrap_or(limits::THREADS).saturating_sub(1),
    };
    let own = || first.walk_together();
    let help = || {
        scan.queue.join();
        Worker::new(&scan).walk_together()
    };
    together(helpers, own, help)
}

/// One thread of a scan, with all that it finds.
pub(super) struct Worker<'a, 'b> {
    pub(super) scan: &'b Scan<'a>,
    pub(super) todo: Vec<Item>,
    pub(super) past: Past<'a>,
    buffer: Buffer,
    pub(super) findings: Findings<'a>,
}

impl<'a, 'b> Worker<'a, 'b> {
    fn new(scan: &'b Scan<'a>) -> Self {
        let (todo, past, buffer, findings) = (Vec::new(), Past::default(), Buffer::new(), Findings::default());
        Self { scan, todo, past, buffer, findings }
    }

    /// Leaves the roots to be read.
    fn begin(&mut self) {
        let Snapshot { tree, roots, begin, .. } = self.scan.snapshot;
        for index in (0..tree.len()).filter(|&index| tree.parent(index).is_none()) {
            let root = tree.path_into(index, &mut Vec::new()).0;
            let device = self.scan.snapshot.device(index).unwrap_or_default();
            let Some((_, dir)) = roots.get(root) else { continue };
            let since = Since::of(*begin, self.scan.now, dir, device);
            let item = Item { root, path: Vec::new(), depth: 0, before: Before::Listed(index), since };
            if since.foreign {
                self.note_unseen(&item, Why::ForeignClock);
            }
            self.todo.push(item);
        }
    }

    /// Reads until nothing is left, or `enough` directories have been read.
    fn walk_alone(&mut self, enough: usize) {
        for _ in 0..enough {
            let Some(item) = self.todo.pop() else { return };
            self.visit(item);
        }
    }

    /// Reads together with other threads until nothing is left anywhere.
    fn walk_together(mut self) -> Findings<'a> {
        let queue = &self.scan.queue;
        let _guard = StopOnPanic(queue);
        loop {
            while let Some(item) = self.todo.pop() {
                self.visit(item);
                if queue.is_hungry() && self.todo.len() > 1 {
                    // What is nearest to the root, as there is most below it.
                    let rest = self.todo.split_off(self.todo.len() / 2);
                    queue.give(std::mem::replace(&mut self.todo, rest));
                }
            }
            match queue.take() {
                Some(items) => self.todo = items,
                None => return self.findings,
            }
        }
    }

    /// Reads a directory, compares it with what was there, and leaves those in it to be read.
    fn visit(&mut self, mut item: Item) {
        let limits = &self.scan.options.limits;
        if item.depth > limits.depth {
            return self.cannot_see(&item, Why::TooDeep);
        }
        if self.scan.directories.fetch_add(1, Ordering::Relaxed) >= limits.directories {
            return self.cannot_see(&item, Why::TooMuch);
        }
        let (dir, device) = match self.open(&item) {
            Ok(opened) => opened,
            // As if it had never been there: it is no more.
            Err(error) if sys::vanished(&error) => return,
            Err(_) => return self.cannot_see(&item, Why::Unreadable),
        };
        if !self.enter_file_system(&mut item, &dir, device) {
            return self.cannot_see(&item, Why::OtherFileSystem);
        }
        if let Before::Listed(index) = item.before {
            self.past.begin(self.scan.snapshot.records(index));
        }
        self.compare(&item, &dir);
    }

    fn open(&self, item: &Item) -> std::io::Result<(Dir, Device)> {
        let root = self.scan.snapshot.roots.get(item.root).ok_or(std::io::ErrorKind::NotFound)?;
        let dir = root.1.open_far(&item.path)?;
        let (_, device) = dir.stamp_and_device()?;
        Ok((dir, device))
    }

    /// Learns about the file system that a directory is on; `false` if it is one that the first walk did not enter.
    fn enter_file_system(&mut self, item: &mut Item, dir: &Dir, device: Device) -> bool {
        let before = match item.before {
            Before::Listed(index) => self.scan.snapshot.device(index),
            Before::Unlisted | Before::Absent => None,
        };
        if device != before.unwrap_or(item.since.device) {
            return false;
        }
        if device != item.since.device {
            item.since = Since::of(self.scan.snapshot.begin, self.scan.now, dir, device);
            if item.since.foreign {
                self.note_unseen(item, Why::ForeignClock);
            }
        }
        true
    }

    /// Compares the entries of a directory with those of before.
    fn compare(&mut self, item: &Item, dir: &Dir) {
        let before = self.findings.sighted.len();
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = dir.entries(&mut buffer, |with_nul, kind, seen| {
            let name = with_nul.strip_suffix(&[0]).unwrap_or(with_nul);
            self.meet(item, &Entry { dir, name, kind, seen });
        });
        self.buffer = buffer;
        match (read, item.before) {
            // Deleted in this moment: it is no more, and nothing in it is.
            (Err(error), _) if sys::vanished(&error) => self.findings.sighted.truncate(before),
            (Err(_), _) => self.cannot_see(item, Why::Unreadable),
            (Ok(()), Before::Listed(index)) => {
                self.findings.met.push((index, true));
                self.findings.gone.extend(self.past.left().map(|record| Gone { directory: index, record }));
                if !self.scan.snapshot.is_complete(index) {
                    self.note_unseen(item, Why::NotSeenBefore);
                }
            }
            (Ok(()), Before::Unlisted | Before::Absent) => {}
        }
    }

    /// Gives a directory up.
    fn cannot_see(&mut self, item: &Item, why: Why) {
        if let Before::Listed(index) = item.before {
            self.findings.met.push((index, false));
        }
        self.note_unseen(item, why);
    }

    /// Notes that something of a place was not seen; if there are too many, that there are more.
    pub(super) fn note_unseen(&mut self, item: &Item, why: Why) {
        let maximum = self.scan.options.limits.matches;
        match self.scan.unseen.fetch_add(1, Ordering::Relaxed).cmp(&maximum) {
            std::cmp::Ordering::Less => {
                self.findings.unseen.push(Unseen { root: item.root, path: sys::path_buf(&item.path), why });
            }
            std::cmp::Ordering::Equal => {
                self.findings.unseen.push(Unseen { root: item.root, path: PathBuf::new(), why: Why::TooMuch });
            }
            std::cmp::Ordering::Greater => {}
        }
    }
}
