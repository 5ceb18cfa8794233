//! Processes outside and what they share, by name, with everybody in the session.

use pinfold_plan::Promise::{IpcOutside, ProcessesOutside, TerminalSafe};

use super::Sign::{Atom, EventSet, SectionWritten, Stolen, Title, Victim};
use super::Verb::*;
use super::{Attack, Change, attack};

pub(super) const ATTACKS: &[Attack] = &[
    attack(IpcOutside, "event", "an event of a program outside was set", SetEvent, &["{unique}"], EventSet),
    attack(
        IpcOutside,
        "section",
        "shared memory of a program outside was written",
        WriteSection,
        &["{unique}"],
        SectionWritten,
    ),
    attack(IpcOutside, "atom", "a name was left for all programs of the session", AddAtom, &["{unique}"], Atom),
    attack(ProcessesOutside, "window", "a window outside was sent a message", SetTitle, &["{unique}"], Title),
    attack(
        ProcessesOutside,
        "memory-of",
        "the memory of a process outside was read",
        MemoryOf,
        &["{victim}", "{memory}"],
        Stolen,
    ),
    attack(
        ProcessesOutside,
        "handle-of",
        "a file that a process outside had open was taken over",
        HandleOf,
        &["{victim}", "{file-handle}"],
        Stolen,
    ),
    attack(
        ProcessesOutside,
        "write-memory-of",
        "the memory of a process outside was written",
        WriteMemoryOf,
        &["{victim}", "{scratchpad}"],
        Victim(Change::Rewritten),
    ),
    attack(
        TerminalSafe,
        "type-into",
        "a console outside was typed into",
        TypeInto,
        &["{victim}"],
        Victim(Change::Typed),
    ),
    attack(
        ProcessesOutside,
        "slow-down",
        "the priority of a process outside was changed",
        SlowDown,
        &["{victim}"],
        Victim(Change::Slowed),
    ),
    attack(
        ProcessesOutside,
        "suspend",
        "a process outside was stopped",
        Suspend,
        &["{victim}"],
        Victim(Change::Stopped),
    ),
    attack(ProcessesOutside, "kill", "a process outside was ended", Kill, &["{sacrifice}"], Victim(Change::Ended)),
];
