//! Whose connection it is: from the address that a client comes from to the process that holds its socket.
//!
//! Done by a thread of its own, beside the connection: nothing is decided by it, and who is gone is not found. Where neither
//! Linux nor Windows is below, nobody is.

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod native;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod native;
#[cfg(not(any(target_os = "linux", windows)))]
#[path = "elsewhere.rs"]
mod native;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use self::native::Owners;
use crate::limits::ATTRIBUTIONS_WAITING_MAX;
use crate::link::Process;

/// Most searches that share one reading of the tables.
const TOGETHER_MAX: usize = 256;

/// Shortest time between two readings.
const PAUSE: Duration = Duration::from_millis(1);

/// Finds the processes of connections.
#[derive(Debug)]
pub(crate) struct Attribution(Option<mpsc::Sender<Search>>);

#[derive(Debug)]
struct Search {
    client: SocketAddr,
    found: oneshot::Sender<Option<Process>>,
}

/// A search that goes on.
#[derive(Debug)]
pub(crate) struct Searching(Option<oneshot::Receiver<Option<Process>>>);

impl Attribution {
    /// Searches for the processes of a sandbox with this first one, as far as the system has to know it; without it nothing
    /// is found there.
    pub(crate) fn new(init_pid: Option<u32>) -> Self {
        let Some(owners) = Owners::new(init_pid) else { return Self(None) };
        let (sender, searches) = mpsc::channel(ATTRIBUTIONS_WAITING_MAX);
        let thread = std::thread::Builder::new().name("attribution".into());
        // Without the thread the searches end at once, unfound.
        let _ = thread.spawn(move || serve(owners, searches));
        Self(Some(sender))
    }

    /// Begins to search for the process that connected from this address.
    pub(crate) fn search(&self, client: SocketAddr) -> Searching {
        let (found, searching) = oneshot::channel();
        let asked = self.0.as_ref().is_some_and(|sender| sender.try_send(Search { client, found }).is_ok());
        Searching(asked.then_some(searching))
    }
}

impl Searching {
    /// The process, if it is found in that time.
    pub(crate) async fn found(self, time: Duration) -> Option<Process> {
        timeout(time, self.0?).await.ok()?.ok()?
    }
}

fn serve(mut owners: Owners, mut searches: mpsc::Receiver<Search>) {
    let mut together = Vec::new();
    while searches.blocking_recv_many(&mut together, TOGETHER_MAX) > 0 {
        let begun = Instant::now();
        let clients: Vec<SocketAddr> = together.iter().map(|search: &Search| canonical(search.client)).collect();
        for (search, found) in together.drain(..).zip(owners.find(&clients)) {
            let _ = search.found.send(found);
        }
        // A storm of connections is searched for in few readings, which take no more than half of the time.
        std::thread::sleep(begun.elapsed().max(PAUSE));
    }
}

/// `::ffff:192.0.2.1` is `192.0.2.1`.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(all(test, any(target_os = "linux", windows)))]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Wine asks all processes about each connection of the machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_connection_of_this_process_is_its_own() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let mut client = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        // Under Wine a process has a socket from its first byte on.
        client.write_all(b"x").expect("written");
        let attribution = Attribution::new(Some(std::process::id()));
        let found = attribution.search(client.local_addr().expect("an address")).found(PATIENCE).await;
        let found = found.expect("the process");
        assert_eq!(found.pid, std::process::id());
        assert_eq!(found.exe, std::env::current_exe().ok());
        assert_eq!(attribution.search("127.0.0.1:1".parse().expect("an address")).found(PATIENCE).await, None);
    }
}
