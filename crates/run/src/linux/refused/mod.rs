//! Which paths were refused to a run, as the kernel tells of every call that names one (`confine::linux::Notice::named`),
//! and which calls are, whatever they are about (`confine::linux::Notice::refused`).
//!
//! It is not told how a call ends, so what stands in the way of a path is looked at instead, while the process waits: the
//! path below the root of the run, its mount, and whether there is such a file outside. Only what is in the way is judged
//! by the policy, which knows why. Nothing is opened but by `O_PATH`, and nothing outside but looked at by its name.

mod inside;
mod live;
mod log;
mod trace;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use pinfold_confine::linux::{Purpose, RefusedCall};
use pinfold_policy::{Access, Effect, Verdict};

pub(crate) use inside::missing;
pub(crate) use live::{Heard, Teller, channel};
pub(crate) use trace::{Blocked, Trace};

use crate::control::Grant;

/// Judges a path.
pub struct Judge(Box<Rule>);

type Rule = dyn FnMut(Access, &Path) -> Verdict + Send;

impl Judge {
    /// Gives paths to `rule`, absolute and without links that lead somewhere inside. It is called on a thread of its own,
    /// for which every process of the run waits.
    pub fn new(rule: impl FnMut(Access, &Path) -> Verdict + Send + 'static) -> Self {
        Self(Box::new(rule))
    }

    fn judge(&mut self, access: Access, path: &Path) -> Verdict {
        (self.0)(access, path)
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Judge").finish_non_exhaustive()
    }
}

/// What a run did not get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals {
    /// Each path once for each thing that was wanted of it: the latest first.
    pub paths: Vec<Refused>,
    /// Each system call once, the earliest first.
    pub calls: Vec<CallRefused>,
    /// How many came when there were too many to keep.
    pub dropped: u64,
}

/// A path that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The path as the run sees it, without links.
    pub path: PathBuf,
    /// What was wanted of it.
    pub wanted: Wanted,
    /// The name of the program that was the last to want it.
    pub program: OsString,
    /// Its thread, as it is numbered outside.
    pub thread: i32,
    /// How often it was wanted.
    pub times: u64,
    /// By which rule, and what would change it.
    pub verdict: Verdict,
}

impl Refused {
    /// What would let it through for the rest of the run, if that may be given; nothing where a rule says no.
    pub(crate) fn grant(&self) -> Option<Grant> {
        if !matches!(self.verdict.effect, Effect::Absent | Effect::ReadOnly | Effect::Private) {
            return None;
        }
        // What is not there yet is made in its directory.
        let at = self.path.ancestors().take(2).find(|path| path.symlink_metadata().is_ok())?;
        let path = at.to_str()?.to_owned();
        Some(match self.wanted {
            Wanted::Write => Grant::Write { path },
            Wanted::Execute | Wanted::Connect | Wanted::Read | Wanted::Look => Grant::Read { path },
        })
    }
}

/// A system call that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRefused {
    /// Which, and why.
    pub call: RefusedCall,
    /// The name of the program that was the first to make it.
    pub program: OsString,
    /// How often it was made.
    pub times: u64,
}

/// What a program wants of a path: the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wanted {
    /// To create, change, rename or remove it.
    Write,
    /// To execute it.
    Execute,
    /// To connect to it.
    Connect,
    /// To read or list it.
    Read,
    /// To know whether it is there.
    Look,
}

impl Wanted {
    /// As a verb.
    pub fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Execute => "execute",
            Self::Connect => "connect",
            Self::Read => "read",
            Self::Look => "look",
        }
    }

    fn access(self) -> Access {
        match self {
            Self::Write => Access::Write,
            Self::Execute => Access::Exec,
            Self::Connect | Self::Read | Self::Look => Access::Read,
        }
    }
}

impl From<Purpose> for Wanted {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Look => Self::Look,
            Purpose::Read => Self::Read,
            Purpose::Execute => Self::Execute,
            Purpose::Connect => Self::Connect,
            Purpose::Write
            | Purpose::Attributes
            | Purpose::Create
            | Purpose::Make
            | Purpose::Remove
            | Purpose::Replace => Self::Write,
        }
    }
}
