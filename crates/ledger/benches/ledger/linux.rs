//! What the ledger costs, on one core, beside the plain work that nobody gets around. Each is told by the clock on the
//! wall and, behind it, by that of the processor, which does not run while others do or the disk is waited for.
//!
//! `cargo bench --package pinfold-ledger` prints a table in Markdown. Behind `--`: names of measures, and `--sessions
//! N`, among which one is looked for (1,000 events each). Everything is in the directory for temporary files: with
//! `TMPDIR` on the disk that is meant, as waiting for it is a part of it.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pinfold_ledger::event::{End, Verdict};
use pinfold_ledger::{Event, Ledger, Scope};
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use sha2::{Digest, Sha256};

/// What can be measured alone, by its name behind `--`.
const MEASURES: [&str; 3] = ["append", "verify", "read"];
const EVENTS: u64 = 1_000_000;
/// So many are appended before the disk is waited for.
const GROUP: u64 = 20_000;
const SESSION_EVENTS: u64 = 1_000;
const SESSIONS: u64 = 2_000;
const ROUNDS: usize = 5;

pub(crate) fn run() {
    let arguments: Vec<String> = std::env::args().collect();
    let asked: Vec<&str> = MEASURES.into_iter().filter(|name| arguments.iter().any(|word| word == name)).collect();
    let wanted = |name: &str| asked.is_empty() || asked.contains(&name);
    let number = arguments.windows(2).find(|pair| pair[0] == "--sessions").map(|pair| pair[1].parse());
    let sessions = number.map_or(SESSIONS, |number| number.expect("a number of sessions"));
    one_core();
    let scratch = Scratch::new();
    println!("| measure: wall (processor) | ledger | plain | ratio |\n| --- | --- | --- | --- |");
    if wanted("append") || wanted("verify") {
        append(&scratch, wanted("append"));
    }
    if wanted("verify") {
        verify(&scratch);
    }
    if wanted("read") {
        read(&scratch, sessions);
    }
}

/// Appending and waiting for the disk, beside the same bytes written and waited for without a ledger.
fn append(scratch: &Scratch, told: bool) {
    let ledger = Ledger::open(scratch.path("long")).expect("a ledger");
    let begun = Clocks::now();
    let writer = ledger.begin("long").expect("begun");
    for number in 0..EVENTS {
        writer.append(&event(number)).expect("appended");
        if number % GROUP == GROUP - 1 {
            writer.commit().expect("committed");
        }
    }
    writer.end(End::default()).expect("ended");
    let took = begun.took();
    let bytes = log(&scratch.path("long"), "long");
    let begun = Clocks::now();
    let mut plain = BufWriter::new(File::create(scratch.path("plain")).expect("a file"));
    for (number, line) in (0..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        plain.write_all(line).expect("written");
        if number % GROUP == GROUP - 1 {
            plain.flush().expect("written");
            plain.get_ref().sync_data().expect("synced");
        }
    }
    let plainly = begun.took();
    if told {
        row("durable appends, events/s", took.per_second(EVENTS), plainly.per_second(EVENTS));
    }
}

/// Verifying a session, beside one hash over the same bytes.
fn verify(scratch: &Scratch) {
    let ledger = Ledger::open(scratch.path("long")).expect("a ledger");
    let bytes = log(&scratch.path("long"), "long");
    let took = best(|| {
        let verified = ledger.verify(&Scope::default()).expect("no flaw");
        assert_eq!(verified.events, EVENTS + 1);
    });
    let plainly = best(|| {
        std::hint::black_box(Sha256::digest(&bytes));
    });
    row("verified, events/s", took.per_second(EVENTS), plainly.per_second(EVENTS));
}

/// Reading one session among many, beside reading its bytes.
fn read(scratch: &Scratch, sessions: u64) {
    let directory = scratch.path("many");
    let ledger = Ledger::open(&directory).expect("a ledger");
    for session in 0..sessions {
        let writer = ledger.begin(&format!("s{session}")).expect("begun");
        (0..SESSION_EVENTS).for_each(|number| writer.append(&event(number)).expect("appended"));
        writer.end(End::default()).expect("ended");
    }
    let id = format!("s{}", sessions / 2);
    let took = best(|| {
        let ledger = Ledger::open(&directory).expect("a ledger");
        assert_eq!(ledger.records(&id).expect("a log").filter(Result::is_ok).count() as u64, SESSION_EVENTS + 1);
    });
    let plainly = best(|| {
        std::hint::black_box(log(&directory, &id));
    });
    let title = format!("one session of {SESSION_EVENTS} events among {sessions}, read, ms");
    row(&title, took.milliseconds(), plainly.milliseconds());
    let took = best(|| assert_eq!(ledger.sessions().expect("sessions").len() as u64, sessions));
    let plainly = best(|| {
        std::hint::black_box(fs::read(directory.join("heads")).expect("a log"));
    });
    row("all sessions, listed, ms", took.milliseconds(), plainly.milliseconds());
}

/// An event as most are.
fn event(number: u64) -> Event {
    Event::Lookup {
        name: format!("host-{number}.packages.example"),
        r#type: "A".into(),
        verdict: Verdict {
            allow: true,
            reason: "a rule names it".into(),
            rule: Some("network.allow \"*.packages.example\", pinfold.toml:14".into()),
        },
    }
}

fn log(directory: &Path, session: &str) -> Vec<u8> {
    let segments = directory.join("sessions").join(session);
    let count = fs::read_dir(&segments).expect("a directory").count();
    (0..count).flat_map(|number| fs::read(segments.join(number.to_string())).expect("a segment")).collect()
}

/// A time, or a rate, by the wall and by the processor.
#[derive(Clone, Copy)]
struct Clocks {
    wall: f64,
    processor: f64,
}

impl Clocks {
    fn now() -> Self {
        let read = |clock| Duration::try_from(clock_gettime(clock)).expect("a time").as_secs_f64();
        Self { wall: read(ClockId::Monotonic), processor: read(ClockId::ProcessCPUTime) }
    }

    fn took(self) -> Self {
        let now = Self::now();
        Self { wall: now.wall - self.wall, processor: now.processor - self.processor }
    }

    fn map(self, each: impl Fn(f64) -> f64) -> Self {
        Self { wall: each(self.wall), processor: each(self.processor) }
    }

    fn per_second(self, events: u64) -> Self {
        self.map(|seconds| events as f64 / seconds)
    }

    fn milliseconds(self) -> Self {
        self.map(|seconds| 1000.0 * seconds)
    }
}

/// The shortest times of some rounds.
fn best(mut work: impl FnMut()) -> Clocks {
    let mut time = || {
        let begun = Clocks::now();
        work();
        begun.took()
    };
    let shorter = |a: Clocks, b: Clocks| Clocks { wall: a.wall.min(b.wall), processor: a.processor.min(b.processor) };
    let first = time();
    (1..ROUNDS).map(|_| time()).fold(first, shorter)
}

fn row(measure: &str, ledger: Clocks, plain: Clocks) {
    let shown = |value: f64| if value < 1000.0 { format!("{value:.2}") } else { format!("{value:.0}") };
    let both = |clocks: Clocks| format!("{} ({})", shown(clocks.wall), shown(clocks.processor));
    let ratio = ledger.processor / plain.processor;
    println!("| {measure} | {} | {} | {ratio:.2} × |", both(ledger), both(plain));
}

/// All threads of this program share one core.
fn one_core() {
    let mut cores = CpuSet::new();
    cores.set(0);
    sched_setaffinity(None, &cores).expect("a core");
}

/// A directory that is removed when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let root = std::env::temp_dir().join(format!("pinfold-bench-ledger-{}", std::process::id()));
        fs::create_dir(&root).expect("a directory");
        Self(root)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
