//! A Seatbelt profile as data: rules in order, of which the last that fits an operation decides.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::pattern::Pattern;

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Lets it happen.
    Allow,
    /// Refuses it with `EPERM`.
    Deny,
}

/// An operation as the language names it.
///
/// Only names without parts are used, or names whose parts are never used (`process-exec*`). Whether a rule for
/// `file-write*` or an earlier one for `file-write-unlink` decides is told in two ways by those who have tried, so no rule
/// here depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names of the language, which says no more of them")]
pub enum Operation {
    FileReadData,
    FileReadMetadata,
    FileReadXattr,
    FileMapExecutable,
    FileClone,
    FileLink,
    FileIoctl,
    FileWriteCreate,
    FileWriteData,
    FileWriteFlags,
    FileWriteMode,
    FileWriteOwner,
    FileWriteTimes,
    FileWriteUnlink,
    FileWriteXattr,
    ProcessExecAll,
    ProcessFork,
    ProcessInfoAll,
    Signal,
    SysctlRead,
    MachLookup,
    IpcPosixSem,
    IokitGetProperties,
    NvramAll,
    AppleeventSend,
    PseudoTty,
    NetworkBind,
    NetworkInbound,
    NetworkOutbound,
    SystemSocket,
}

impl Operation {
    /// To see what is at a path, to execute it, and to make a clone of it elsewhere.
    pub const READ: &[Self] = &[
        Self::FileReadData,
        Self::FileReadMetadata,
        Self::FileReadXattr,
        Self::FileMapExecutable,
        Self::FileClone,
        Self::ProcessExecAll,
    ];

    /// To change what is at a path. A rename is an unlink here and a creation there; another name for a file (`link(2)`)
    /// is another way to write it, so it takes the same right.
    pub const WRITE: &[Self] = &[
        Self::FileLink,
        Self::FileWriteCreate,
        Self::FileWriteData,
        Self::FileWriteFlags,
        Self::FileWriteMode,
        Self::FileWriteOwner,
        Self::FileWriteTimes,
        Self::FileWriteUnlink,
        Self::FileWriteXattr,
    ];

    /// Both.
    pub const READ_AND_WRITE: &[Self] =
        &Self::joined::<{ Self::READ.len() + Self::WRITE.len() }>(Self::READ, Self::WRITE);

    const fn joined<const N: usize>(some: &[Self], others: &[Self]) -> [Self; N] {
        let mut joined = [Self::FileReadData; N];
        let mut at = 0;
        while at < N {
            joined[at] = if at < some.len() { some[at] } else { others[at - some.len()] };
            at += 1;
        }
        joined
    }

    /// The name in a profile.
    pub fn name(self) -> &'static str {
        match self {
            Self::FileReadData => "file-read-data",
            Self::FileReadMetadata => "file-read-metadata",
            Self::FileReadXattr => "file-read-xattr",
            Self::FileMapExecutable => "file-map-executable",
            Self::FileClone => "file-clone",
            Self::FileLink => "file-link",
            Self::FileIoctl => "file-ioctl",
            Self::FileWriteCreate => "file-write-create",
            Self::FileWriteData => "file-write-data",
            Self::FileWriteFlags => "file-write-flags",
            Self::FileWriteMode => "file-write-mode",
            Self::FileWriteOwner => "file-write-owner",
            Self::FileWriteTimes => "file-write-times",
            Self::FileWriteUnlink => "file-write-unlink",
            Self::FileWriteXattr => "file-write-xattr",
            Self::ProcessExecAll => "process-exec*",
            Self::ProcessFork => "process-fork",
            Self::ProcessInfoAll => "process-info*",
            Self::Signal => "signal",
            Self::SysctlRead => "sysctl-read",
            Self::MachLookup => "mach-lookup",
            Self::IpcPosixSem => "ipc-posix-sem",
            Self::IokitGetProperties => "iokit-get-properties",
            Self::NvramAll => "nvram*",
            Self::AppleeventSend => "appleevent-send",
            Self::PseudoTty => "pseudo-tty",
            Self::NetworkBind => "network-bind",
            Self::NetworkInbound => "network-inbound",
            Self::NetworkOutbound => "network-outbound",
            Self::SystemSocket => "system-socket",
        }
    }
}

/// What an operation must be about for a rule to fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// This path; for sockets, the one it is bound to.
    Literal(PathBuf),
    /// This path and all below it.
    Subpath(PathBuf),
    /// Paths of this form.
    Regex(Pattern),
    /// Paths of this form, but no directories. What is about to be made counts as what it will be: profiles of Apple and
    /// Mozilla forbid new links by `(deny file-write-create (vnode-type SYMLINK))`.
    NoDirectory(Pattern),
    /// Paths of one of these forms, below a path where one is given, unless they have one of those other forms.
    Named {
        /// Only below this path.
        within: Option<PathBuf>,
        /// One of these.
        any: Vec<Pattern>,
        /// None of these.
        except: Vec<Pattern>,
    },
    /// A directory.
    Directory,
    /// A terminal that was opened by the run itself: the kernel marks it for whoever may use `pseudo-tty`.
    OwnTerminal,
    /// A service of launchd.
    Service(Cow<'static, str>),
    /// This system variable.
    Sysctl(Cow<'static, str>),
    /// System variables that begin like this.
    SysctlPrefix(Cow<'static, str>),
    /// Semaphores with names of this form.
    Semaphore(Pattern),
    /// A process of the same sandbox.
    SameSandbox,
    /// This port of the loopback, at the other end.
    RemoteLoopback(u16),
    /// This port of the loopback, at this end.
    LocalLoopback(u16),
}

/// A rule: it fits one of the operations on something that one of the filters fits, or on anything if there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rule {
    /// What it does.
    pub action: Action,
    /// To which operations.
    pub operations: Vec<Operation>,
    /// On what.
    pub filters: Vec<Filter>,
    /// Why it is there, in one line.
    pub why: Cow<'static, str>,
}

/// The rules after `(deny default)`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Profile {
    /// In order; the last that fits decides.
    pub rules: Vec<Rule>,
}

impl Profile {
    /// Adds a rule that lets something happen.
    pub(super) fn allow(&mut self, operations: &[Operation], filters: Vec<Filter>, why: &'static str) {
        self.add(Action::Allow, operations, filters, why);
    }

    /// Adds a rule that refuses something.
    pub(super) fn deny(&mut self, operations: &[Operation], filters: Vec<Filter>, why: &'static str) {
        self.add(Action::Deny, operations, filters, why);
    }

    /// Adds a rule for some things. Without any it would be one for everything, so there is none.
    pub(super) fn deny_each(&mut self, operations: &[Operation], filters: Vec<Filter>, why: &'static str) {
        if !filters.is_empty() {
            self.deny(operations, filters, why);
        }
    }

    /// A rule like the one before gives that one more filters.
    fn add(&mut self, action: Action, operations: &[Operation], filters: Vec<Filter>, why: &'static str) {
        match self.rules.last_mut() {
            Some(last)
                if last.action == action
                    && last.operations == operations
                    && last.why == why
                    && !last.filters.is_empty()
                    && !filters.is_empty() =>
            {
                last.filters.extend(filters);
            }
            _ => self.rules.push(Rule { action, operations: operations.to_vec(), filters, why: why.into() }),
        }
    }
}
