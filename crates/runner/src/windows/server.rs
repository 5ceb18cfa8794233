//! The pair of pipes, made and waited at by the supervisor.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use pinfold_acl::{Descriptor, Sid};

use super::end::{PipeEnd, Waited};
use super::error::LaunchError;
use super::process::Process;
use super::sys::pipe::{self, Direction, Instance};
use crate::pipes::{PipeName, READ_END, WRITE_END, descriptor};

/// Both pipes, which nobody has opened yet.
#[derive(Debug)]
pub(super) struct Server {
    from_runner: PipeEnd,
    to_runner: PipeEnd,
}

impl Server {
    /// Makes them. A pipe of that name that is there already is an error.
    pub(super) fn make(name: &PipeName, caller: &Sid, account: &Sid) -> io::Result<Self> {
        let alone = Instance::First { of: 1 };
        let make = |path: String, direction, end| make(&path, direction, alone, &descriptor(caller, account, end));
        Ok(Self {
            from_runner: make(name.from_runner(), Direction::In, WRITE_END)?,
            to_runner: make(name.to_runner(), Direction::Out, READ_END)?,
        })
    }

    /// Waits for the runner, and for nobody else.
    pub(super) fn connect(self, runner: &Process, time: Duration) -> Result<(PipeEnd, PipeEnd), LaunchError> {
        let end = Instant::now() + time;
        for pipe in [&self.to_runner, &self.from_runner] {
            admit(pipe, runner, end.saturating_duration_since(Instant::now()))?;
        }
        Ok((self.from_runner, self.to_runner))
    }
}

/// Makes one, and looks whether it is as it was meant to be.
pub(super) fn make(path: &str, direction: Direction, instance: Instance, wanted: &Descriptor) -> io::Result<PipeEnd> {
    // Two entries are never too many.
    let bytes = wanted.to_bytes().ok_or(ErrorKind::InvalidData)?;
    let pipe = PipeEnd::new(pipe::create(path, direction, instance, &bytes)?)?;
    is_as_meant(&pipe, wanted).map(|()| pipe)
}

/// Whether a pipe is whose it is to be, and those may open it who are to, and nobody else.
pub(super) fn is_as_meant(pipe: &PipeEnd, wanted: &Descriptor) -> io::Result<()> {
    let found = Descriptor::parse(&pipe.descriptor()?).map_err(io::Error::other)?;
    match (&found.owner, &found.dacl, &found.label) == (&wanted.owner, &wanted.dacl, &wanted.label) {
        true => Ok(()),
        false => Err(io::Error::new(ErrorKind::PermissionDenied, "others may open the pipe than were to")),
    }
}

fn admit(pipe: &PipeEnd, runner: &Process, time: Duration) -> Result<(), LaunchError> {
    match pipe.connect(runner.handle(), time).map_err(LaunchError::Connect)? {
        Waited::Connected => {}
        Waited::Instead => return Err(LaunchError::Ended { code: runner.code().map_err(LaunchError::Connect)? }),
        Waited::TimedOut => return Err(LaunchError::TimedOut),
    }
    match pipe.client().map_err(LaunchError::Connect)? {
        pid if pid == runner.pid() => Ok(()),
        pid => Err(LaunchError::Stranger { pid }),
    }
}
