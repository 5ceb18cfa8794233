//! The shape of `calls.toml` in memory. `build.rs` writes the tables themselves.
#![allow(clippy::unnecessary_cast, reason = "constants have different types in different C libraries")]

use pinfold_plan::Seccomp;

use crate::linux::notices::Purpose;

include!(concat!(env!("OUT_DIR"), "/system_calls.rs"));

/// Some calls that share a verdict and its reason.
pub(super) struct Entry {
    /// Their names, with spaces between.
    pub(super) calls: &'static str,
    pub(super) rule: Rule,
    pub(super) why: &'static str,
}

/// What becomes of a call.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// This, always.
    Always(Outcome),
    /// Goes through with the option, fails without it.
    With(Switch, Errno),
    /// The arguments decide.
    Check(&'static Check),
}

/// The first clause that holds gives the answer.
pub(super) struct Check {
    pub(super) clauses: &'static [Clause],
    pub(super) otherwise: Outcome,
}

/// What the caller sees.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    /// The kernel does it.
    Allow,
    /// The kernel does it once a listener, if there is one, has been told.
    Notify,
    /// The call fails with this number.
    Fail(Errno),
}

/// An error number that knows its name.
#[derive(Clone, Copy)]
pub(super) struct Errno {
    pub(super) name: &'static str,
    pub(super) number: i32,
}

impl Errno {
    /// Not as a kernel would that does not have the call, so that programs do without.
    pub(super) fn is_on_purpose(self) -> bool {
        self.number != libc::ENOSYS
    }
}

/// Whom a filter is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    /// A command, with these options.
    Command(&'a Seccomp),
    /// The same, and a listener is told of the calls of `[[notify]]`. Without one the kernel would fail them.
    Observed(&'a Seccomp),
    /// The same, and the listener is told of those of `[[change]]` as well.
    Kept(&'a Seccomp, Changing),
    /// The same, and the listener is told of those of `[[trace]]`, too, and of what is refused on purpose: it fails
    /// the call then as the kernel would have.
    Traced(&'a Seccomp, Naming),
    /// The gate of a run.
    Gate,
}

/// Whether a call is one of `[[trace]]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    Paths,
    Nothing,
}

/// Whether a call is one of `[[change]]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Changing {
    Nothing,
    Something,
    /// If this argument has one of the flags that write or make.
    With(u8),
}

impl Subject<'_> {
    /// The same for a call.
    pub(super) fn at(self, naming: Naming, changing: Changing) -> Self {
        match self {
            Self::Traced(options, _) => Self::Traced(options, naming),
            Self::Kept(options, _) => Self::Kept(options, changing),
            other => other,
        }
    }
}

/// A field of [`Seccomp`], or the kind of [`Subject`].
#[derive(Clone, Copy)]
pub(super) enum Switch {
    Command,
    NestedNamespaces,
    InternetSockets,
    UnixSockets,
    SystemVIpc,
}

impl Switch {
    /// Whether it is on.
    pub(super) fn is_on(self, subject: Subject<'_>) -> bool {
        let options = match subject {
            Subject::Command(options)
            | Subject::Observed(options)
            | Subject::Kept(options, _)
            | Subject::Traced(options, _) => options,
            // Names are also looked up over local sockets.
            Subject::Gate => return matches!(self, Self::InternetSockets | Self::UnixSockets),
        };
        match self {
            Self::Command => true,
            Self::NestedNamespaces => options.nested_namespaces,
            Self::InternetSockets => options.internet_sockets,
            Self::UnixSockets => options.unix_sockets,
            Self::SystemVIpc => options.system_v_ipc,
        }
    }

    /// Its name in the list.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::NestedNamespaces => "nested_namespaces",
            Self::InternetSockets => "internet_sockets",
            Self::UnixSockets => "unix_sockets",
            Self::SystemVIpc => "system_v_ipc",
        }
    }
}

/// An answer that holds if all its conditions do.
pub(super) struct Clause {
    /// Only there if the option has this value.
    pub(super) only: Option<(Switch, bool)>,
    pub(super) when: &'static [Condition],
    pub(super) then: Outcome,
}

/// A look at one argument: its low 32 bits, through `mask`.
pub(super) struct Condition {
    pub(super) argument: u8,
    /// The kernel takes all 64 bits, so the upper 32 must be zero.
    pub(super) wide: bool,
    pub(super) mask: u32,
    pub(super) test: Test,
}

/// What the look is for.
pub(super) enum Test {
    /// One of these values.
    Is(&'static [u32]),
    /// At least one of these bits.
    AnyBit(u32),
    /// No bits but these.
    OnlyBits(u32),
}

/// An argument of a call that is traced, or changes something.
#[derive(Debug, Clone, Copy)]
pub(in crate::linux) enum Argument {
    /// Nothing of interest.
    Other,
    /// The directory that the next path starts at.
    Directory,
    /// A path, and whether a link at its end is followed.
    Path(Purpose, bool),
    /// The address of a socket, which may be a path.
    Address(Purpose),
    /// Flags of `AT_*`.
    Flags,
    /// Flags of `O_*`.
    Mode,
    /// A pointer to a `struct open_how` (openat2(2)).
    How,
    /// The length of the address.
    Bytes,
    /// What is open, and is meant itself.
    Descriptor,
}
