//! From the tables to the program that the kernel runs.

use std::mem::offset_of;

use libc::sock_filter;

use super::assembler::{Assembler, Target};
use super::table::{self, Argument, Changing, Check, Clause, Condition, ENTRIES, Naming, Outcome, Rule, Subject, Test};

/// One kind of processor, as the filter sees it.
pub(super) struct Architecture {
    /// What the kernel calls it in every system call.
    pub(super) token: u32,
    /// Its calls, in rising order.
    pub(super) calls: &'static [(u16, u8)],
    /// Those that name paths, likewise.
    pub(super) traced: &'static [(u16, &'static [Argument])],
    /// Those that change what is there, likewise.
    pub(super) changing: &'static [(u16, &'static [Argument])],
    /// A second numbering of the calls, told by this bit, that is not served.
    pub(super) foreign_bit: Option<u32>,
}

/// Intel and AMD.
#[cfg(any(test, target_arch = "x86_64"))]
pub(super) static X86_64: Architecture = Architecture {
    token: 0xc000_003e,
    calls: table::X86_64,
    traced: table::X86_64_TRACED,
    changing: table::X86_64_CHANGING,
    foreign_bit: Some(0x4000_0000),
};

/// ARM.
#[cfg(any(test, target_arch = "aarch64"))]
pub(super) static AARCH64: Architecture = Architecture {
    token: 0xc000_00b7,
    calls: table::AARCH64,
    traced: table::AARCH64_TRACED,
    changing: table::AARCH64_CHANGING,
    foreign_bit: None,
};

impl Architecture {
    /// What the arguments of a call are that names paths, or changes what is open.
    pub(super) fn arguments(&self, number: u32) -> Option<&'static [Argument]> {
        find(self.traced, number).or_else(|| find(self.changing, number))
    }

    /// When a call changes what is there.
    pub(super) fn changing(&self, number: u32) -> Changing {
        let Some(arguments) = find(self.changing, number) else { return Changing::Nothing };
        let mode = arguments.iter().position(|argument| matches!(argument, Argument::Mode));
        mode.map_or(Changing::Something, |place| Changing::With(place as u8))
    }
}

fn find(calls: &'static [(u16, &'static [Argument])], number: u32) -> Option<&'static [Argument]> {
    let place = calls.binary_search_by_key(&number, |(call, _)| u32::from(*call)).ok()?;
    calls.get(place).map(|(_, arguments)| *arguments)
}

#[cfg(target_arch = "x86_64")]
pub(super) use X86_64 as NATIVE;

#[cfg(target_arch = "aarch64")]
pub(super) use AARCH64 as NATIVE;

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("give this architecture its numbers in seccomp/numbers.toml");

#[cfg(not(target_endian = "little"))]
compile_error!("the filter takes the low half of an argument from its first four bytes");

pub(super) const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const NOTIFY: u32 = libc::SECCOMP_RET_USER_NOTIF;
const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// What a tracer writes over the number of a call that it wants skipped.
const SKIPPED: u32 = u32::MAX;

const NUMBER: u32 = offset_of!(libc::seccomp_data, nr) as u32;
const ARCHITECTURE: u32 = offset_of!(libc::seccomp_data, arch) as u32;
const ARGUMENTS: u32 = offset_of!(libc::seccomp_data, args) as u32;

/// Flags of open(2) without which nothing is written or made.
const WRITES: u32 = (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC) as u32;

/// The filter for this machine.
pub(super) fn program(subject: Subject<'_>) -> Vec<sock_filter> {
    assemble(&NATIVE, subject)
}

/// The filter for a machine of any kind.
pub(super) fn assemble(architecture: &Architecture, subject: Subject<'_>) -> Vec<sock_filter> {
    let ranges = ranges(architecture, subject);
    let mut out = Assembler::with_capacity(2 * ranges.len());
    let found = tree(&ranges, &mut out);
    let native = out.load(NUMBER, found);
    let judged = out.jump(libc::BPF_JEQ, architecture.token, native, Target::Answer(KILL));
    out.load(ARCHITECTURE, judged);
    out.finish()
}

/// The numbers from `first` up to the next range.
struct Range<'a> {
    first: u32,
    action: Action<'a>,
}

enum Action<'a> {
    Answer(u32),
    /// Allowed, and told of if this argument has one of the flags that write.
    Opens(u8),
    Check(&'static Check, Subject<'a>),
}

/// All 2³² numbers, in rising order.
fn ranges<'a>(architecture: &Architecture, subject: Subject<'a>) -> Vec<Range<'a>> {
    let mut ranges = Vec::with_capacity(128);
    let mut next = 0;
    for (number, place) in architecture.calls {
        let names_paths = architecture.arguments((*number).into()).is_some();
        let naming = if names_paths { Naming::Paths } else { Naming::Nothing };
        let number = u32::from(*number);
        let subject = subject.at(naming, architecture.changing(number));
        if number > next {
            add(&mut ranges, next, Action::Answer(UNKNOWN));
        }
        add(&mut ranges, number, action(ENTRIES[usize::from(*place)].rule, subject));
        next = number + 1;
    }
    add(&mut ranges, next, Action::Answer(UNKNOWN));
    if let Some(bit) = architecture.foreign_bit {
        // The bit is the second from the top, so it is set in two quarters of all numbers.
        add(&mut ranges, bit, Action::Answer(KILL));
        add(&mut ranges, 2 * bit, Action::Answer(UNKNOWN));
        add(&mut ranges, 3 * bit, Action::Answer(KILL));
    }
    add(&mut ranges, SKIPPED, Action::Answer(ALLOW));
    ranges
}

/// Appends a range, unless it goes on as the last one does.
fn add<'a>(ranges: &mut Vec<Range<'a>>, first: u32, action: Action<'a>) {
    if let (Some(Range { action: Action::Answer(last), .. }), Action::Answer(new)) = (ranges.last(), &action)
        && last == new
    {
        return;
    }
    ranges.push(Range { first, action });
}

fn action(rule: Rule, subject: Subject<'_>) -> Action<'_> {
    match rule {
        Rule::Always(outcome) => always(outcome, subject),
        Rule::With(switch, _) if switch.is_on(subject) => always(Outcome::Allow, subject),
        Rule::With(_, errno) => always(Outcome::Fail(errno), subject),
        Rule::Check(check) => checked(check, subject),
    }
}

fn always(outcome: Outcome, subject: Subject<'_>) -> Action<'_> {
    match (outcome, subject) {
        (Outcome::Allow, Subject::Kept(_, Changing::With(mode))) => Action::Opens(mode),
        _ => Action::Answer(value(outcome, subject)),
    }
}

/// Sees whether the arguments still matter once the subject is known.
fn checked<'a>(check: &'static Check, subject: Subject<'a>) -> Action<'a> {
    match check.clauses.iter().find(|clause| applies(clause, subject)) {
        None => always(check.otherwise, subject),
        Some(clause) if clause.when.is_empty() => always(clause.then, subject),
        Some(_) => Action::Check(check, subject),
    }
}

pub(super) fn applies(clause: &Clause, subject: Subject<'_>) -> bool {
    clause.only.is_none_or(|(switch, wanted)| switch.is_on(subject) == wanted)
}

fn value(outcome: Outcome, subject: Subject<'_>) -> u32 {
    match (outcome, subject) {
        (Outcome::Notify, Subject::Observed(_) | Subject::Kept(..) | Subject::Traced(..)) => NOTIFY,
        (Outcome::Allow, Subject::Kept(_, Changing::Something) | Subject::Traced(_, Naming::Paths)) => NOTIFY,
        (Outcome::Fail(errno), Subject::Traced(..)) if errno.is_on_purpose() => NOTIFY,
        // It starts no programs.
        (Outcome::Notify, Subject::Gate) => libc::SECCOMP_RET_ERRNO | libc::EPERM as u32,
        (Outcome::Allow | Outcome::Notify, _) => ALLOW,
        (Outcome::Fail(errno), _) => libc::SECCOMP_RET_ERRNO | errno.number as u32 & libc::SECCOMP_RET_DATA,
    }
}

/// Finds the range of the loaded number: halves the ranges until one is left.
fn tree(ranges: &[Range<'_>], out: &mut Assembler) -> Target {
    match ranges {
        [] => Target::Answer(UNKNOWN),
        [Range { action: Action::Answer(value), .. }] => Target::Answer(*value),
        [Range { action: Action::Opens(mode), .. }] => opens(*mode, out),
        [Range { action: Action::Check(check, subject), .. }] => clauses(check, *subject, out),
        _ => {
            let (low, high) = ranges.split_at(ranges.len() / 2);
            let first = high[0].first;
            let high = tree(high, out);
            let low = tree(low, out);
            out.jump(libc::BPF_JGE, first, high, low)
        }
    }
}

/// Tries one clause after the other.
fn clauses(check: &Check, subject: Subject<'_>, out: &mut Assembler) -> Target {
    let mut next = target(check.otherwise, subject, out);
    for clause in check.clauses.iter().rev().filter(|clause| applies(clause, subject)) {
        let mut holds = target(clause.then, subject, out);
        for condition in clause.when.iter().rev() {
            holds = compare(condition, holds, next, out);
        }
        next = holds;
    }
    next
}

fn target(outcome: Outcome, subject: Subject<'_>, out: &mut Assembler) -> Target {
    match always(outcome, subject) {
        Action::Opens(mode) => opens(mode, out),
        _ => Target::Answer(value(outcome, subject)),
    }
}

/// Tells of a call that opens something to write to it, or to make it.
fn opens(mode: u8, out: &mut Assembler) -> Target {
    let writes = out.jump(libc::BPF_JSET, WRITES, Target::Answer(NOTIFY), Target::Answer(ALLOW));
    out.load(ARGUMENTS + 8 * u32::from(mode), writes)
}

/// Goes to `yes` if the condition holds, else to `no`.
fn compare(condition: &Condition, yes: Target, no: Target, out: &mut Assembler) -> Target {
    let argument = ARGUMENTS + 8 * u32::from(condition.argument);
    let mut next = match condition.test {
        Test::AnyBit(bits) => out.jump(libc::BPF_JSET, bits, yes, no),
        Test::OnlyBits(bits) => out.jump(libc::BPF_JSET, !bits, no, yes),
        Test::Is(values) => values.iter().rev().fold(no, |next, value| out.jump(libc::BPF_JEQ, *value, yes, next)),
    };
    if condition.mask != u32::MAX {
        next = out.and(condition.mask, next);
    }
    next = out.load(argument, next);
    if condition.wide {
        next = out.jump(libc::BPF_JEQ, 0, next, no);
        next = out.load(argument + 4, next);
    }
    next
}
