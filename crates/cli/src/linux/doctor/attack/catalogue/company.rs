//! Who is outside while attackers are at work: services that listen and processes that mind their own business.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram, UnixListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

use super::super::super::attacker;
use super::super::scene::VARIABLE;
use super::super::trial::attackers;
use crate::attack::Scene;
use crate::error::CliError;

/// All of them.
pub(in super::super) struct Company {
    /// One to be killed.
    pub(super) sacrifice: Rc<Victim>,
    /// One to be read and changed.
    pub(super) victim: Rc<Victim>,
}

/// A process of the caller's that has a secret.
pub(in super::super) struct Victim {
    pub(super) pid: i32,
    mark: String,
    child: std::cell::RefCell<Child>,
}

impl Company {
    pub(in super::super) fn gather(scene: &Scene<'_>) -> Result<Self, CliError> {
        let failed = |error: io::Error| CliError::new("a process cannot be started").why(error.to_string());
        let sacrifice = Rc::new(Victim::start(scene, "sacrifice").map_err(failed)?);
        let victim = Rc::new(Victim::start(scene, "victim").map_err(failed)?);
        Ok(Self { sacrifice, victim })
    }

    pub(in super::super) fn dismiss(self) {
        drop(self);
    }
}

impl Victim {
    fn start(scene: &Scene<'_>, name: &str) -> io::Result<Self> {
        let mark = scene.token(&format!("arguments of the {name}"));
        let mut command = Command::new(&scene.setting.caller.own);
        command.args([attacker::ARGUMENT, "-", "wait", &mark]).env(VARIABLE, scene.token(name));
        command.current_dir(&scene.root).stdin(Stdio::piped()).stdout(Stdio::null());
        let child = command.spawn()?;
        let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
        Ok(Self { pid, mark, child: child.into() })
    }

    /// The word among its arguments that nobody else knows.
    pub(super) fn mark(&self) -> String {
        self.mark.clone()
    }

    pub(super) fn is_alive(&self) -> bool {
        matches!(self.child.borrow_mut().try_wait(), Ok(None)) && attackers("wait", &self.mark).contains(&self.pid)
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A service, and whether anybody has come.
pub(super) enum Service {
    Tcp(TcpListener),
    Udp(UdpSocket),
    Unix(UnixListener),
    UnixDatagram(UnixDatagram),
}

impl Service {
    pub(super) fn tcp(address: IpAddr) -> io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind((address, 0))?;
        listener.set_nonblocking(true)?;
        let at = listener.local_addr()?;
        Ok((Self::Tcp(listener), at))
    }

    pub(super) fn udp(address: IpAddr) -> io::Result<(Self, SocketAddr)> {
        let socket = UdpSocket::bind((address, 0))?;
        socket.set_nonblocking(true)?;
        let at = socket.local_addr()?;
        Ok((Self::Udp(socket), at))
    }

    pub(super) fn unix(path: &PathBuf) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Ok(Self::Unix(listener))
    }

    pub(super) fn unix_datagram(path: &PathBuf) -> io::Result<Self> {
        let socket = UnixDatagram::bind(path)?;
        socket.set_nonblocking(true)?;
        Ok(Self::UnixDatagram(socket))
    }

    pub(super) fn abstract_name(name: &str) -> io::Result<Self> {
        let listener = UnixListener::bind_addr(&UnixAddr::from_abstract_name(name)?)?;
        listener.set_nonblocking(true)?;
        Ok(Self::Unix(listener))
    }

    pub(super) fn abstract_datagram(name: &str) -> io::Result<Self> {
        let socket = UnixDatagram::bind_addr(&UnixAddr::from_abstract_name(name)?)?;
        socket.set_nonblocking(true)?;
        Ok(Self::UnixDatagram(socket))
    }

    /// What waits in the kernel counts: nobody has to be quick.
    pub(super) fn was_called(&self) -> bool {
        let mut bytes = [0; 16];
        match self {
            Self::Tcp(listener) => listener.accept().is_ok(),
            Self::Udp(socket) => socket.recv(&mut bytes).is_ok(),
            Self::Unix(listener) => listener.accept().is_ok(),
            Self::UnixDatagram(socket) => socket.recv(&mut bytes).is_ok(),
        }
    }
}

/// The address that this host has in its network, if any. Nothing is sent to learn it.
pub(super) fn address_of_host() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}
