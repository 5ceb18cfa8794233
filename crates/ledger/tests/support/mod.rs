//! A ledger in a directory that goes away.
#![allow(dead_code, missing_docs, reason = "each test program uses a part")]

pub(crate) mod child;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use pinfold_ledger::event::End;
use pinfold_ledger::{Event, Ledger};

/// A directory that is removed when it is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // In memory where that is possible: these tests wait for the disk all the time.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let root = place.join(format!("pinfold-ledger-{}-{number}", std::process::id()));
        fs::create_dir(&root).expect("a directory");
        Self(root)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::open(&self.0).expect("a ledger")
    }

    /// Makes another directory hold what this one holds.
    pub(crate) fn copy_to(&self, other: &Self) {
        fs::remove_dir_all(&other.0).expect("removed");
        copy(&self.0, &other.0);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

pub(crate) fn note(number: u64) -> Event {
    Event::Note { text: format!("number {number} of some length, as events have it") }
}

/// A session of so many events and the end.
pub(crate) fn write_session(ledger: &Ledger, id: &str, events: u64) {
    let writer = ledger.begin(id).expect("begun");
    for number in 0..events {
        writer.append(&note(number)).expect("appended");
    }
    writer.end(End { code: Some(0), ..End::default() }).expect("ended");
}
