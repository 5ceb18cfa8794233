//! A runner is started under its account, held, and met at its pipes.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::end::PipeEnd;
use super::error::LaunchError;
use super::job::{Job, JobLimits};
use super::process::{Invocation, Process};
use super::random::bits;
use super::server::Server;
use super::user::own_user;
use crate::ARGUMENT;
use crate::account::Account;
use crate::message::Usage;
use crate::pipes::PipeName;
use crate::supervisor::Peer;

/// How long a runner may take from its start until it has opened both pipes. A profile is made at the first logon.
const CONNECT_TIME: Duration = Duration::from_secs(60);

/// A runner that was met. Dropped, it is ended, and everything that it has started.
#[derive(Debug)]
pub struct Runner {
    job: Job,
    process: Process,
    user: String,
}

/// Starts `program` as a runner under an account, and gives the link to it: the end for reading and the end for
/// writing.
///
/// # Errors
/// When that fails, or somebody else is at the pipes. Then no runner is left.
pub fn start(
    program: &Path,
    account: &Account,
    limits: JobLimits,
) -> Result<(Runner, (PipeEnd, PipeEnd)), LaunchError> {
    start_by(program, account, limits, |invocation| Process::log_on(account, invocation))
}

/// The same without the account: the runner is what the caller is. For tests where nobody can log on, so that everything
/// around the logon is shown; the account's identifier must be the caller's, as both sides look who the other is.
///
/// # Errors
/// As [`start`].
#[cfg(feature = "plumbing")]
pub fn start_as_caller(
    program: &Path,
    account: &Account,
    limits: JobLimits,
) -> Result<(Runner, (PipeEnd, PipeEnd)), LaunchError> {
    start_by(program, account, limits, Process::plainly)
}

/// The same, with another way to start a process.
pub(super) fn start_by(
    program: &Path,
    account: &Account,
    limits: JobLimits,
    start: impl FnOnce(&Invocation) -> io::Result<Process>,
) -> Result<(Runner, (PipeEnd, PipeEnd)), LaunchError> {
    let name = bits().map(PipeName::new).map_err(LaunchError::Prepare)?;
    let caller = own_user().map_err(LaunchError::Prepare)?;
    let invocation = Invocation::new(program, &[ARGUMENT, &name.to_string()]).ok_or(LaunchError::Path)?;
    let server = Server::make(&name, &caller, &account.sid).map_err(LaunchError::Pipes)?;
    let job = Job::new(limits).map_err(LaunchError::Job)?;
    let mut process =
        start(&invocation).map_err(|source| LaunchError::Start { account: account.name.clone(), source })?;
    job.take_in(&process).map_err(LaunchError::Job)?;
    process.resume().map_err(LaunchError::Resume)?;
    let link = server.connect(&process, CONNECT_TIME)?;
    Ok((Runner { job, process, user: account.sid.to_string() }, link))
}

impl Runner {
    /// Whom to expect in the session.
    pub fn peer(&self) -> Peer {
        Peer { pid: self.process.pid(), user: self.user.clone() }
    }

    /// Ends it and everything that it has started, whether it listens or not. The link then ends as well.
    ///
    /// # Errors
    /// When the system does not.
    pub fn end(&self) -> io::Result<()> {
        self.job.end()
    }

    /// What all of it uses, as the system counts: nothing inside can write that.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn usage(&self) -> io::Result<Usage> {
        self.job.usage()
    }
}
