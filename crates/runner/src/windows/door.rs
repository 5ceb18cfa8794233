//! Pipes at which programs of one user meet: one makes them, and any number of others come.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::os::windows::fs::OpenOptionsExt;
use std::time::Duration;

use pinfold_acl::Descriptor;
use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_OVERLAPPED;

use super::end::{PipeEnd, Waited};
use super::server::{is_as_meant, make};
use super::signal::Signal;
use super::sys::pipe::{Direction, Instance};
use super::user::own_user;
use super::worker::IDENTIFICATION;
use crate::pipes::{VISITOR_END, of_user};

/// A place where others of the user can come, and nobody else.
#[derive(Debug)]
pub struct Door {
    path: String,
    most: u32,
    descriptor: Descriptor,
    /// There is always one, so that nobody else can take the name.
    next: PipeEnd,
}

impl Door {
    /// Makes one at `\\.\pipe\…` for `most` visitors at a time.
    ///
    /// # Errors
    /// When there is something of that name, or others could come than are to.
    pub fn make(path: &str, most: u32) -> io::Result<Self> {
        let descriptor = of_user(&own_user()?);
        // With the one that waits for the next.
        let most = most.saturating_add(1);
        let next = make(path, Direction::Both, Instance::First { of: most }, &descriptor)?;
        // The system was told so, and is asked: where it has not understood, there are two of that name now.
        if next.instances()? != 1 {
            return Err(ErrorKind::AlreadyExists.into());
        }
        Ok(Self { path: path.to_owned(), most, descriptor, next })
    }

    /// Waits for the next visitor; nothing when the signal comes first. Who finds no room is turned away.
    ///
    /// # Errors
    /// When nobody can come any more.
    pub fn next(&mut self, closing: &Signal) -> io::Result<Option<PipeEnd>> {
        loop {
            match self.next.connect(closing.handle(), Duration::MAX) {
                Ok(Waited::Instead) => return Ok(None),
                Ok(Waited::TimedOut) => continue,
                Ok(Waited::Connected) => {}
                // He has gone again.
                Err(_) => {
                    self.next.disconnect()?;
                    continue;
                }
            }
            let further = Instance::Further { of: self.most };
            match make(&self.path, Direction::Both, further, &self.descriptor) {
                Ok(next) => return Ok(Some(std::mem::replace(&mut self.next, next))),
                Err(_) => self.next.disconnect()?,
            }
        }
    }
}

/// Comes to a door of the same user.
///
/// # Errors
/// When there is none, when it is busy, which is over soon, and when others may come there as well: then it was not made as
/// [`Door::make`] does.
pub fn enter(path: &str) -> io::Result<PipeEnd> {
    let mut options = OpenOptions::new();
    options.access_mode(VISITOR_END.0).share_mode(0).security_qos_flags(IDENTIFICATION);
    let end = PipeEnd::new(options.custom_flags(FILE_FLAG_OVERLAPPED).open(path)?.into())?;
    is_as_meant(&end, &of_user(&own_user()?)).map(|()| end)
}
