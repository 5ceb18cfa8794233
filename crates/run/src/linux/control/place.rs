//! Where control sockets are: `STATE/control/ID`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, fchmod};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with};

/// Connections that wait to be taken.
const BACKLOG: i32 = 8;

/// The place of one socket.
#[derive(Debug)]
pub(crate) struct Place {
    directory: PathBuf,
    id: String,
}

impl Place {
    /// That of a session.
    pub(crate) fn new(directory: &Path, id: &str) -> Self {
        Self { directory: directory.to_owned(), id: id.to_owned() }
    }

    /// Listens there.
    pub(crate) fn listen(&self) -> io::Result<OwnedFd> {
        let socket = self.socket()?;
        // On Linux a socket's own mode is that of its file: nobody else can connect, not even for a moment.
        fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
        self.by_a_short_path(|address| bind(&socket, address))?;
        listen(&socket, BACKLOG)?;
        Ok(socket)
    }

    /// Connects to it.
    pub(crate) fn connect(&self) -> io::Result<OwnedFd> {
        let socket = self.socket()?;
        self.by_a_short_path(|address| connect(&socket, address))?;
        Ok(socket)
    }

    /// Takes the socket's file away.
    pub(crate) fn remove(&self) {
        let _ = std::fs::remove_file(self.directory.join(&self.id));
    }

    fn socket(&self) -> io::Result<OwnedFd> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        Ok(socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
    }

    /// An address holds 107 bytes (unix(7)), which a state directory may exceed: it is named by its descriptor.
    fn by_a_short_path(&self, act: impl FnOnce(&SocketAddrUnix) -> rustix::io::Result<()>) -> io::Result<()> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(CWD, &self.directory, flags, Mode::empty())?;
        let path = format!("/proc/self/fd/{}/{}", directory.as_fd().as_raw_fd(), self.id);
        Ok(act(&SocketAddrUnix::new(path)?)?)
    }
}
