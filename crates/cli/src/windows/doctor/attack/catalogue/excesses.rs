//! Attackers that go beyond a limit, one run each.

use std::time::Duration;

use pinfold_plan::Promise;

use super::Verb;

/// How much too much is.
const PROCESSES: usize = 12;

/// An attacker that takes more than a limit allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Excess {
    pub(crate) promise: Promise,
    pub(crate) name: &'static str,
    pub(crate) harm: &'static str,
    /// The value of the flag `--limit`.
    pub(crate) limit: &'static str,
    pub(crate) verb: Verb,
    pub(crate) words: &'static [&'static str],
    pub(crate) mark: Mark,
}

/// By what it is seen that an attacker is beyond its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It says that it has what it wanted.
    Holding,
    /// So many of its processes are there at that time, by the files that they lock.
    Crowd(usize),
    /// It has printed so many bytes.
    Printed(u64),
    /// It has written so many bytes to its file.
    Written(u64),
    /// It is still there after so long.
    Alive(Duration),
}

pub(crate) const EXCESSES: &[Excess] = &[
    Excess {
        promise: Promise::LimitProcesses,
        name: "many-processes",
        harm: "more processes ran than allowed",
        limit: "processes=12",
        verb: Verb::ManyProcesses,
        words: &["24", "{own}", "{end}"],
        mark: Mark::Crowd(PROCESSES),
    },
    Excess {
        promise: Promise::LimitMemory,
        name: "much-memory",
        harm: "more memory was in use than allowed",
        limit: "memory=96MiB",
        verb: Verb::MuchMemory,
        words: &["288"],
        mark: Mark::Holding,
    },
    Excess {
        promise: Promise::LimitOpenFiles,
        name: "many-files",
        harm: "more files were open than allowed",
        limit: "open-files=256",
        verb: Verb::ManyFiles,
        words: &["1024", "{own}"],
        mark: Mark::Holding,
    },
    Excess {
        promise: Promise::LimitDisk,
        name: "much-disk",
        harm: "more was written than allowed",
        // More than others write meanwhile, as the growth of the whole volume counts.
        limit: "disk=64MiB",
        verb: Verb::Fill,
        words: &["192", r"{own}\filled"],
        mark: Mark::Written(192 << 20),
    },
    Excess {
        promise: Promise::LimitOutput,
        name: "much-output",
        harm: "more was written to the output than allowed",
        limit: "output=16KiB",
        verb: Verb::Shout,
        words: &["1024"],
        mark: Mark::Printed(1024 << 10),
    },
    Excess {
        promise: Promise::LimitWallTime,
        name: "long-time",
        harm: "the command ran longer than allowed",
        limit: "wall-time=1s",
        verb: Verb::Linger,
        words: &["{alive}", "{end}"],
        mark: Mark::Alive(Duration::from_secs(2)),
    },
    Excess {
        promise: Promise::LimitCpu,
        name: "much-processor-time",
        harm: "more processor time was used than allowed",
        limit: "cpu-time=1s",
        verb: Verb::Burn,
        words: &["{alive}", "{end}"],
        mark: Mark::Alive(Duration::from_secs(4)),
    },
];
