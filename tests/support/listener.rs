//! Services of the host that an attack must not reach: each notes every byte and every caller.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram, UnixListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A service; it ends with the test's process.
#[derive(Debug, Clone)]
pub struct Listener {
    calls: Arc<AtomicUsize>,
    /// Its port, where it has one.
    pub port: u16,
}

impl Listener {
    fn new(port: u16) -> Self {
        Self { calls: Arc::new(AtomicUsize::new(0)), port }
    }

    /// How often it was called.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// On TCP. `None` when the host lacks the address. Every caller is told `secret`.
    pub fn tcp(address: IpAddr, secret: &str) -> Option<Self> {
        let socket = TcpListener::bind(SocketAddr::new(address, 0)).ok()?;
        let listener = Self::new(socket.local_addr().ok()?.port());
        let (calls, secret) = (listener.calls.clone(), secret.to_owned());
        std::thread::spawn(move || {
            for mut stream in socket.incoming().flatten() {
                calls.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(secret.as_bytes());
            }
        });
        Some(listener)
    }

    /// On UDP.
    pub fn udp(address: IpAddr) -> Option<Self> {
        let socket = UdpSocket::bind(SocketAddr::new(address, 0)).ok()?;
        let listener = Self::new(socket.local_addr().ok()?.port());
        let calls = listener.calls.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 2048];
            while let Ok((_, caller)) = socket.recv_from(&mut bytes) {
                calls.fetch_add(1, Ordering::SeqCst);
                let _ = socket.send_to(b"answer", caller);
            }
        });
        Some(listener)
    }

    /// On a Unix socket with a path, open to everybody.
    pub fn unix(path: &Path, secret: &str) -> Self {
        let socket = UnixListener::bind(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        open_to_all(path);
        Self::new(0).serve(socket, secret)
    }

    /// On a Unix socket in the abstract namespace.
    pub fn abstract_unix(name: &str, secret: &str) -> Self {
        let address = UnixAddr::from_abstract_name(name).expect("an abstract name");
        Self::new(0).serve(UnixListener::bind_addr(&address).expect("an abstract socket"), secret)
    }

    /// On a datagram Unix socket with a path.
    pub fn unix_datagrams(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        open_to_all(path);
        Self::new(0).collect(socket)
    }

    /// On a datagram Unix socket in the abstract namespace.
    pub fn abstract_unix_datagrams(name: &str) -> Self {
        let address = UnixAddr::from_abstract_name(name).expect("an abstract name");
        Self::new(0).collect(UnixDatagram::bind_addr(&address).expect("an abstract socket"))
    }

    fn serve(self, socket: UnixListener, secret: &str) -> Self {
        let (calls, secret) = (self.calls.clone(), secret.to_owned());
        std::thread::spawn(move || {
            for mut stream in socket.incoming().flatten() {
                calls.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(secret.as_bytes());
                let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
                let _ = stream.read(&mut [0; 64]);
            }
        });
        self
    }

    fn collect(self, socket: UnixDatagram) -> Self {
        let calls = self.calls.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 2048];
            while socket.recv(&mut bytes).is_ok() {
                calls.fetch_add(1, Ordering::SeqCst);
            }
        });
        self
    }
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).expect("the mode of a socket");
}
