//! Addresses of names, as the host finds them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::sync::Arc;

use pinfold_policy::{HOST_NAME, Name};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::limits::{ADDRESSES_MAX, RESOLVE_TIME, RESOLVING_MAX};

/// Says the addresses of a name.
pub type Told = dyn Fn(&Name) -> Vec<IpAddr> + Send + Sync;

/// Who knows the addresses of names.
#[derive(Clone, Default)]
pub enum Resolver {
    /// The host's own resolver, with its files and servers (`getaddrinfo(3)`).
    #[default]
    System,
    /// A function, for tests: it may say something else each time.
    Told(Arc<Told>),
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::System) { "System" } else { "Told" })
    }
}

/// A resolver with what is known beforehand.
#[derive(Debug)]
pub(crate) struct Names {
    resolver: Resolver,
    known: BTreeMap<Name, Vec<IpAddr>>,
    room: Arc<Semaphore>,
}

impl Names {
    pub(crate) fn new(resolver: Resolver, known: BTreeMap<Name, Vec<IpAddr>>) -> Self {
        Self { resolver, known, room: Arc::new(Semaphore::new(RESOLVING_MAX)) }
    }

    /// The addresses of a name, in the order to try them; none if it has none or nobody knows in time.
    pub(crate) async fn resolve(&self, name: &Name) -> Vec<IpAddr> {
        if name.as_str() == HOST_NAME {
            return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        }
        let mut addresses = match (self.known.get(name), &self.resolver) {
            (Some(known), _) => known.clone(),
            (None, Resolver::Told(tell)) => tell(name),
            (None, Resolver::System) => timeout(RESOLVE_TIME, self.ask_system(name)).await.unwrap_or_default(),
        };
        addresses.truncate(ADDRESSES_MAX);
        addresses
    }

    async fn ask_system(&self, name: &Name) -> Vec<IpAddr> {
        let Ok(place) = self.room.clone().acquire_owned().await else { return Vec::new() };
        let name = name.clone();
        let looked_up = tokio::task::spawn_blocking(move || {
            let found = look_up(name.as_str());
            // Not before: nobody can end a look-up, only cease to wait for it.
            drop(place);
            found
        });
        looked_up.await.unwrap_or_default()
    }
}

fn look_up(name: &str) -> Vec<IpAddr> {
    // With a dot at the end no search domain of the host is appended. Names of the hosts file have none.
    let absolute = format!("{name}.");
    for host in [if name.contains('.') { &absolute } else { name }, name] {
        if let Ok(found) = (host, 0).to_socket_addrs() {
            let mut addresses = Vec::new();
            for address in found.map(|address| address.ip()) {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            return addresses;
        }
    }
    Vec::new()
}
