//! Whose connection it is: from the sandbox's table of connections to the process that holds the socket (proc(5)).
//!
//! Done by a thread of its own, beside the connection: nothing is decided by it, and who is gone is not found. On Linux
//! only: elsewhere no supervisor names a process whose network is to be looked at, and nothing is found.

mod table;

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::limits::{ATTRIBUTIONS_WAITING_MAX, DESCRIPTORS_MAX};
use crate::link::Process;

/// How many processes are looked at first because they made the latest connections.
const LATELY_MAX: usize = 8;

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
    /// Searches among the processes that share the network of this one; without it nothing is found.
    pub(crate) fn new(init_pid: Option<u32>) -> Self {
        let Some(init) = init_pid else { return Self(None) };
        let (sender, searches) = mpsc::channel(ATTRIBUTIONS_WAITING_MAX);
        let thread = std::thread::Builder::new().name("attribution".into());
        // Without the thread the searches end at once, unfound.
        let _ = thread.spawn(move || Proc::new(init).serve(searches));
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

/// The processes of a sandbox.
struct Proc {
    init: PathBuf,
    network: Option<PathBuf>,
    /// The processes that made the latest connections.
    lately: Vec<u32>,
}

impl Proc {
    fn new(init: u32) -> Self {
        let init = Path::new("/proc").join(init.to_string());
        Self { network: fs::read_link(init.join("ns/net")).ok(), init, lately: Vec::new() }
    }

    fn serve(mut self, mut searches: mpsc::Receiver<Search>) {
        let mut together = Vec::new();
        while searches.blocking_recv_many(&mut together, TOGETHER_MAX) > 0 {
            let begun = Instant::now();
            let sockets = table::sockets(&self.init);
            let inode = |search: &Search| sockets.get(&table::canonical(search.client)).copied();
            let wanted: Vec<u64> = together.iter().filter_map(inode).collect();
            let owners = self.owners(&wanted);
            for search in together.drain(..) {
                let pid = inode(&search).and_then(|inode| owners.get(&inode)).copied();
                let _ = search.found.send(pid.map(process));
            }
            // A storm of connections is searched for in few readings, which take no more than half of the time.
            std::thread::sleep(begun.elapsed().max(PAUSE));
        }
    }

    fn owners(&mut self, wanted: &[u64]) -> HashMap<u64, u32> {
        let mut owners = HashMap::new();
        for pid in self.lately.clone().into_iter().chain(pids().into_iter().flatten()) {
            if wanted.iter().all(|inode| owners.contains_key(inode)) {
                break;
            }
            if fs::read_link(format!("/proc/{pid}/ns/net")).ok() != self.network {
                continue;
            }
            let held = held_sockets(pid);
            for inode in wanted.iter().filter(|inode| held.contains(inode)) {
                owners.entry(*inode).or_insert(pid);
            }
        }
        for pid in owners.values() {
            self.lately.retain(|other| other != pid);
            self.lately.insert(0, *pid);
        }
        self.lately.truncate(LATELY_MAX);
        owners
    }
}

/// Every process of the host.
fn pids() -> Option<impl Iterator<Item = u32>> {
    let entries = fs::read_dir("/proc").ok()?;
    Some(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()))
}

fn held_sockets(pid: u32) -> Vec<u64> {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let inode = |link: PathBuf| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok();
    let links = descriptors.take(DESCRIPTORS_MAX).filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.filter_map(inode).collect()
}

fn process(pid: u32) -> Process {
    let exe = fs::read_link(format!("/proc/{pid}/exe")).ok();
    // JSON knows no bytes, and a report that cannot be written would be none.
    Process { pid, exe: exe.map(|exe| exe.to_string_lossy().into_owned().into()) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::limits::ATTRIBUTION_TIME;

    #[tokio::test]
    async fn a_connection_of_this_process_is_its_own() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let attribution = Attribution::new(Some(std::process::id()));
        let found = attribution.search(client.local_addr().expect("an address")).found(ATTRIBUTION_TIME).await;
        let found = found.expect("the process");
        assert_eq!(found.pid, std::process::id());
        assert_eq!(found.exe, std::env::current_exe().ok());
        assert_eq!(attribution.search("127.0.0.1:1".parse().expect("an address")).found(ATTRIBUTION_TIME).await, None);
    }
}
