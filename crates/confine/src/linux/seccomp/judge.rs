//! What the filter of a command answers to a call, from the tables: for a listener that is told of what is refused.

use pinfold_plan::Seccomp;

use super::program::{Architecture, NATIVE, applies};
use super::table::{Check, Condition, ENTRIES, Entry, Errno, NAMES, Outcome, Rule, Subject, Test};

/// A call that the filter refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefusedCall {
    /// Its name, as in the list.
    pub name: &'static str,
    /// The name of the error that it fails with.
    pub error: &'static str,
    /// What the list says of it, as a clause.
    pub why: &'static str,
    /// Whether it goes through with [`Seccomp::nested_namespaces`].
    pub nested_namespaces: bool,
    pub(in crate::linux) errno: i32,
}

/// A call that is not in the list.
const UNKNOWN: RefusedCall = RefusedCall {
    name: "unknown",
    error: "ENOSYS",
    why: "it is not in the list",
    nested_namespaces: false,
    errno: libc::ENOSYS,
};

/// The call of this machine, if a filter with these options refuses it. The arguments are those of the kernel's notice,
/// which nobody can change any more.
pub(in crate::linux) fn refused(options: &Seccomp, number: u32, arguments: &[u64; 6]) -> Option<RefusedCall> {
    let Some(entry) = entry(&NATIVE, number) else { return Some(UNKNOWN) };
    let errno = failure(entry.rule, options, arguments)?;
    let nested = Seccomp { nested_namespaces: true, ..*options };
    Some(RefusedCall {
        name: name(number).unwrap_or(UNKNOWN.name),
        error: errno.name,
        why: entry.why,
        nested_namespaces: failure(entry.rule, &nested, arguments).is_none(),
        errno: errno.number,
    })
}

fn name(number: u32) -> Option<&'static str> {
    let native =
        |x86_64: Option<u16>, aarch64: Option<u16>| if cfg!(target_arch = "x86_64") { x86_64 } else { aarch64 };
    let mut names = NAMES.iter();
    names.find(|(_, x86_64, aarch64)| native(*x86_64, *aarch64).map(u32::from) == Some(number)).map(|(name, ..)| *name)
}

pub(super) fn entry(architecture: &Architecture, number: u32) -> Option<&'static Entry> {
    let place = architecture.calls.binary_search_by_key(&number, |(known, _)| u32::from(*known)).ok()?;
    let (_, entry) = architecture.calls.get(place)?;
    ENTRIES.get(usize::from(*entry))
}

/// The error that a call fails with, if it does.
pub(super) fn failure(rule: Rule, options: &Seccomp, arguments: &[u64; 6]) -> Option<Errno> {
    let subject = Subject::Command(options);
    let outcome = match rule {
        Rule::Always(outcome) => outcome,
        Rule::With(switch, _) if switch.is_on(subject) => Outcome::Allow,
        Rule::With(_, errno) => Outcome::Fail(errno),
        Rule::Check(check) => checked(check, subject, arguments),
    };
    if let Outcome::Fail(errno) = outcome { Some(errno) } else { None }
}

fn checked(check: &Check, subject: Subject<'_>, arguments: &[u64; 6]) -> Outcome {
    let holds = |condition: &Condition| holds(condition, arguments);
    let clause = check.clauses.iter().find(|clause| applies(clause, subject) && clause.when.iter().all(holds));
    clause.map_or(check.otherwise, |clause| clause.then)
}

fn holds(condition: &Condition, arguments: &[u64; 6]) -> bool {
    let Some(argument) = arguments.get(usize::from(condition.argument)) else { return false };
    let seen = *argument as u32 & condition.mask;
    let whole = !condition.wide || *argument >> 32 == 0;
    whole
        && match condition.test {
            Test::AnyBit(bits) => seen & bits != 0,
            Test::OnlyBits(bits) => seen & !bits == 0,
            Test::Is(values) => values.contains(&seen),
        }
}
