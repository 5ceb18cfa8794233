//! From the sandbox's table of connections to the process that holds the socket (proc(5)).

mod table;

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::limits::DESCRIPTORS_MAX;
use crate::link::Process;

/// How many processes are looked at first because they made the latest connections.
const LATELY_MAX: usize = 8;

/// The processes of a sandbox.
pub(super) struct Owners {
    init: PathBuf,
    network: Option<PathBuf>,
    /// The processes that made the latest connections.
    lately: Vec<u32>,
}

impl Owners {
    /// Those that share the network of this one.
    pub(in crate::attribution) fn new(init_pid: Option<u32>) -> Option<Self> {
        let init = Path::new("/proc").join(init_pid?.to_string());
        Some(Self { network: fs::read_link(init.join("ns/net")).ok(), init, lately: Vec::new() })
    }

    /// The processes of some connections, by where these come from, in the same order.
    pub(in crate::attribution) fn find(&mut self, clients: &[SocketAddr]) -> Vec<Option<Process>> {
        let sockets = table::sockets(&self.init);
        let inode = |client: &SocketAddr| sockets.get(client).copied();
        let wanted: Vec<u64> = clients.iter().filter_map(inode).collect();
        let holders = self.holders(&wanted);
        let pid = |client: &SocketAddr| holders.get(&inode(client)?).copied();
        clients.iter().map(|client| pid(client).map(process)).collect()
    }

    fn holders(&mut self, wanted: &[u64]) -> HashMap<u64, u32> {
        let mut holders = HashMap::new();
        for pid in self.lately.clone().into_iter().chain(pids().into_iter().flatten()) {
            if wanted.iter().all(|inode| holders.contains_key(inode)) {
                break;
            }
            if fs::read_link(format!("/proc/{pid}/ns/net")).ok() != self.network {
                continue;
            }
            let held = held_sockets(pid);
            for inode in wanted.iter().filter(|inode| held.contains(inode)) {
                holders.entry(*inode).or_insert(pid);
            }
        }
        for pid in holders.values() {
            self.lately.retain(|other| other != pid);
            self.lately.insert(0, *pid);
        }
        self.lately.truncate(LATELY_MAX);
        holders
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
