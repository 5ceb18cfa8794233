//! The runner's ends of its pipes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsHandle;

use pinfold_acl::Access;
use serde::de::DeserializeOwned;

use super::random::nonce;
use super::sys::pipe;
use super::user::own_user;
use crate::error::SessionError;
use crate::message::{NotStarted, Start};
use crate::pipes::{PipeName, PipeNameError, READ_END, WRITE_END};
use crate::runner::{Launched, Myself, Running, serve};

/// `SECURITY_IDENTIFICATION`: whoever made the pipe may learn who opens it, and not act in its name.
pub(super) const IDENTIFICATION: u32 = 0x1_0000;

/// Why a runner cannot serve, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// What stands in its arguments.
    #[error(transparent)]
    Name(#[from] PipeNameError),
    /// The pipes.
    #[error("open the pipes to the supervisor")]
    Connect(#[source] io::Error),
    /// Itself.
    #[error("find out who the runner is")]
    Myself(#[source] io::Error),
    /// The session.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// The whole life of a runner process, of which `argument` stands behind [`ARGUMENT`](crate::ARGUMENT): opens the
/// pipes, and [`serve`]s with `start`. Afterwards the process is to end.
///
/// # Errors
/// When there are no such pipes, and as [`serve`]. Nothing of the run lives any more; the supervisor has heard of it, or is gone.
pub fn run<P, G, S>(argument: &str, start: S) -> Result<(), WorkerError>
where
    P: DeserializeOwned + Send + 'static,
    G: Running,
    S: FnOnce(Start<P>) -> Result<Launched<G>, NotStarted>,
{
    let (reader, writer) = connect(&argument.parse()?).map_err(WorkerError::Connect)?;
    let me = myself().map_err(WorkerError::Myself)?;
    Ok(serve(reader, writer, me, start)?)
}

/// Opens both pipes: the end for reading and the end for writing. Who made them is not known; that it is the same
/// process is checked, and the session shows that it has both.
pub(super) fn connect(name: &PipeName) -> io::Result<(File, File)> {
    let reader = open(&name.to_runner(), READ_END)?;
    let writer = open(&name.from_runner(), WRITE_END)?;
    if pipe::server(reader.as_handle())? != pipe::server(writer.as_handle())? {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the pipes belong to two processes"));
    }
    Ok((reader, writer))
}

fn open(path: &str, access: Access) -> io::Result<File> {
    OpenOptions::new().access_mode(access.0).share_mode(0).security_qos_flags(IDENTIFICATION).open(path)
}

/// Who this process is, for a session.
fn myself() -> io::Result<Myself> {
    Ok(Myself { pid: std::process::id(), user: own_user()?.to_string(), nonce: nonce()? })
}
