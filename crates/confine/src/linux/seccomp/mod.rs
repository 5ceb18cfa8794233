//! Which system calls a confined process may make: a seccomp filter made from data.
//!
//! * `calls.toml` is the list, an **allow list** with a reason for every entry. To change what is allowed, change it
//!   there. A call that the list does not know answers `ENOSYS`, as if the kernel were older, and programs fall back;
//!   one that it refuses on purpose answers `EPERM` or what the list says. Nothing is refused in silence or by a kill,
//!   with one exception: calls through another architecture's door (`int 0x80` and x32 on x86_64, 32-bit programs on
//!   aarch64) end the process, since their numbers mean other things and no list was written for them.
//! * `numbers.toml` gives each call its number on x86_64 and aarch64, so that both filters are built and tested on
//!   either machine, and newer calls do not wait for a newer `libc` crate.
//!   Its `[[trace]]` says which calls name paths, and where in their arguments; its `[[change]]`, which change what is there.
//! * `build.rs` turns both into the tables of `table.rs`, and stops the build when a known call has no verdict, two
//!   verdicts or no reason.
//! * `program.rs` turns the tables and a plan's [`Seccomp`] options into the filter, at every start, in a few
//!   microseconds. Runs of numbers with the same answer become one leaf of a balanced tree; `assembler.rs` lays it out so
//!   that equal answers share an instruction, for the kernel translates all of it when it is installed. The kernel also
//!   runs the filter once per number then, and afterwards only for the few calls whose arguments count.
//! * `judge.rs` answers from the tables alone, for a listener that is told of refused calls.
//!
//! # What a filter can and cannot see
//! It sees the number and six registers, never memory. So `clone3` and `io_uring`, whose orders lie in memory, are
//! refused rather than judged; paths are left to mounts and Landlock; and where a socket leads is left to the network
//! namespace. An argument that the kernel takes as `int` is compared by its low half alone, because that is all the
//! kernel looks at: a value such as `0x1_0000_5412` must not slip through as something else.
//!
//! A tracer inside the sandbox cannot talk the filter out of it: the kernel filters after the tracer had its turn. A
//! tracer that skips a call sets its number to −1; the filter lets that pass, because nothing follows from it.
//! Filters that processes install themselves later can only take away.

mod assembler;
mod judge;
mod program;
mod table;

#[cfg(test)]
mod interpreter;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;

use pinfold_plan::Seccomp;

pub use self::judge::RefusedCall;
pub(super) use self::judge::refused;
use self::program::{ALLOW, NATIVE, program};
pub(super) use self::table::Argument;
use self::table::{Changing, ENTRIES, Naming, Outcome, Rule, Subject};
use super::sys;
use crate::launch::Observed;

/// All threads or none. Without SPEC_ALLOW, kernels before 5.16 slow the program down against attacks within one
/// process, which is not the border that is guarded here.
const FLAGS: libc::c_ulong =
    libc::SECCOMP_FILTER_FLAG_TSYNC | libc::SECCOMP_FILTER_FLAG_TSYNC_ESRCH | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;

/// Puts a filter on every thread of this process, and on all that they start. Needs `no_new_privs`.
pub fn install(options: &Seccomp) -> io::Result<()> {
    sys::seccomp_filter(&program(Subject::Command(options)), FLAGS)
}

/// Puts that of the gate on this process, likewise.
pub fn install_for_gate() -> io::Result<()> {
    sys::seccomp_filter(&program(Subject::Gate), FLAGS)
}

/// The same with a listener (seccomp_unotify(2)), which is told of `observed`. Where the kernel gives none, because it is too old or because there is one around this process already
/// (`EBUSY`), the filter is one without, and the inner error says why.
pub fn install_with_listener(options: &Seccomp, observed: Observed) -> io::Result<io::Result<OwnedFd>> {
    let program = program(match observed {
        Observed::Nothing | Observed::Programs => Subject::Observed(options),
        Observed::Changes => Subject::Kept(options, Changing::Nothing),
        Observed::Paths => Subject::Traced(options, Naming::Nothing),
    });
    // Since 5.19 a call whose notice was taken waits for its answer, whatever signals come; before, it may come twice.
    let listener = sys::seccomp_listener(&program, FLAGS | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    let listener = match listener {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => sys::seccomp_listener(&program, FLAGS),
        other => other,
    };
    match listener {
        Ok(listener) => Ok(Ok(listener)),
        Err(why) => install(options).map(|()| Err(why)),
    }
}

/// Whether the kernel would give a listener to a process that this one starts; asked on a thread that ends with it.
pub fn listener_is_given() -> io::Result<()> {
    let ask = || {
        rustix::thread::set_no_new_privs(true)?;
        let allow = libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: ALLOW };
        sys::seccomp_listener(&[allow], libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW).map(drop)
    };
    std::thread::scope(|scope| scope.spawn(ask).join()).unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}

/// Whether a call of this machine changes what is there, as far as its number tells.
pub(super) fn may_change(number: u32) -> bool {
    NATIVE.changing(number) != Changing::Nothing
}

/// What the arguments of a call of this machine are, if it names paths or changes what is open.
pub(super) fn arguments(number: u32) -> Option<&'static [Argument]> {
    NATIVE.arguments(number)
}

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The name of the system call.
    pub call: &'static str,
    /// What becomes of it.
    pub verdict: Verdict,
    /// And why.
    pub why: &'static str,
}

/// What becomes of a call, in words when displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Goes through.
    Allowed,
    /// Goes through once a listener, if there is one, has been told.
    Notified,
    /// Fails with the error of this name.
    Refused(&'static str),
    /// Goes through with this field of [`Seccomp`], else fails with the error of this name.
    AllowedWith(&'static str, &'static str),
    /// The arguments decide.
    Checked,
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed => write!(out, "allowed"),
            Self::Notified => write!(out, "allowed, and recorded"),
            Self::Refused(errno) => write!(out, "refused, {errno}"),
            Self::AllowedWith(option, errno) => write!(out, "allowed with {option}, else {errno}"),
            Self::Checked => write!(out, "judged by its arguments"),
        }
    }
}

/// The whole list, with the calls that only the other architecture has: what is allowed, judged, optional, refused.
pub fn reasons() -> impl Iterator<Item = Reason> {
    ENTRIES.iter().flat_map(|entry| {
        let verdict = verdict(entry.rule);
        entry.calls.split(' ').map(move |call| Reason { call, verdict, why: entry.why })
    })
}

fn verdict(rule: Rule) -> Verdict {
    match rule {
        Rule::Always(Outcome::Allow) => Verdict::Allowed,
        Rule::Always(Outcome::Notify) => Verdict::Notified,
        Rule::Always(Outcome::Fail(errno)) => Verdict::Refused(errno.name),
        Rule::With(switch, errno) => Verdict::AllowedWith(switch.name(), errno.name),
        Rule::Check(_) => Verdict::Checked,
    }
}
