//! What all connections of a run share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use pinfold_policy::{Destination, Rules};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use crate::ask::Ask;
use crate::attribution::Attribution;
use crate::budget::Budgets;
use crate::dns::{Meaning, Pool};
use crate::limits::{CONNECTIONS_MAX, INSPECTED_MAX};
use crate::link::{Outbox, Start};
use crate::resolve::{Names, Resolver};
use crate::search::Search;
use crate::secrets::Secrets;
use crate::serve::GateError;
use crate::system::original_destination;
use crate::tls::{Authority, Trust};
use crate::upstream::Detour;

/// Where the address is known that a redirected connection was meant for.
#[derive(Debug, Clone, Copy, Default)]
pub enum Arrival {
    /// In the kernel, which redirected it.
    #[default]
    Redirected,
    /// It is always this one, for tests without a network namespace.
    Always(SocketAddr),
}

/// What a test may do without.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// How redirected connections arrive.
    pub arrival: Arrival,
    /// Who knows the addresses of names.
    pub resolver: Resolver,
}

#[derive(Debug)]
pub(crate) struct Session {
    /// They are others as soon as the user grants or takes back something.
    rules: watch::Sender<Arc<Rules>>,
    pub(crate) pool: Pool,
    pub(crate) ask: Ask,
    pub(crate) names: Names,
    pub(crate) search: Search,
    pub(crate) detour: Option<Detour>,
    pub(crate) budgets: Budgets,
    pub(crate) attribution: Attribution,
    pub(crate) secrets: Secrets,
    /// Makes certificates, if programs inside trust it.
    pub(crate) authority: Option<Authority>,
    pub(crate) trust: Trust,
    pub(crate) outbox: Outbox,
    /// Room for connections.
    pub(crate) room: Arc<Semaphore>,
    /// How many connections are carried.
    carried: watch::Sender<usize>,
    /// Room for those that are looked into.
    pub(crate) inspected: Semaphore,
    arrival: Arrival,
    last: AtomicU64,
}

/// A connection that is carried.
#[derive(Debug)]
pub(crate) struct Carried(watch::Sender<usize>);

impl Drop for Carried {
    fn drop(&mut self) {
        self.0.send_modify(|carried| *carried -= 1);
    }
}

impl Session {
    pub(crate) fn new(start: Start, surroundings: Surroundings, outbox: Outbox) -> Result<Self, GateError> {
        let authority = start.trusted.then(Authority::new).transpose();
        Ok(Self {
            secrets: Secrets::new(start.secrets)?,
            authority: authority.map_err(|source| GateError::Start { step: "make a certificate authority", source })?,
            trust: Trust::new(start.roots),
            budgets: Budgets::new(start.rules.budget()),
            rules: watch::Sender::new(Arc::new(start.rules)),
            pool: Pool::default(),
            ask: Ask::new(start.ask),
            names: Names::new(surroundings.resolver, start.hosts),
            search: start.search,
            detour: start.upstream.map(|upstream| Detour::new(upstream, &start.no_proxy)),
            attribution: Attribution::new(start.init_pid),
            outbox,
            room: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            carried: watch::Sender::new(0),
            inspected: Semaphore::new(INSPECTED_MAX),
            arrival: surroundings.arrival,
            last: AtomicU64::new(0),
        })
    }

    /// Who may go where at the moment.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.borrow())
    }

    /// From now on these count.
    pub(crate) fn change_rules(&self, rules: Rules) {
        self.rules.send_replace(Arc::new(rules));
    }

    /// Waits until other rules count than those that a connection was judged by, and these refuse it.
    pub(crate) async fn refused_later(&self, to: &Destination) {
        let mut rules = self.rules.subscribe();
        // The sender lives as long as this session.
        let _ = rules.wait_for(|rules| !rules.connect(to).allowed()).await;
    }

    /// Counts a connection as long as the answer lives.
    pub(crate) fn carry(&self) -> Carried {
        self.carried.send_modify(|carried| *carried += 1);
        Carried(self.carried.clone())
    }

    /// Waits until all is told of connections whose programs have ended: they end by themselves.
    pub(crate) async fn last_reports(&self) {
        let _ = self.carried.subscribe().wait_for(|carried| *carried == 0).await;
        self.outbox.flush().await;
    }

    /// The number of the next connection.
    pub(crate) fn next_id(&self) -> u64 {
        self.last.fetch_add(1, Relaxed) + 1
    }

    /// The destination whose host is the one that a short name stands for.
    pub(crate) fn whole(&self, to: Destination) -> Destination {
        Destination { name: to.name.map(|name| self.search.complete(name, &self.rules())), ..to }
    }

    /// What a destination means that something inside names: an address of the pool is the name that it was given to.
    pub(crate) fn meant(&self, to: Destination) -> Destination {
        match to.address.map(|address| self.pool.meaning(address)) {
            Some(Meaning::Name(name)) => Destination { name: Some(name), address: None, ..to },
            // One that was given to no name stays an address, and none that may be dialled.
            _ => self.whole(to),
        }
    }

    /// The address that a redirected connection was meant for.
    pub(crate) fn wanted(&self, stream: &TcpStream) -> Option<SocketAddr> {
        if let Arrival::Always(address) = self.arrival {
            return Some(address);
        }
        let own = stream.local_addr().ok()?;
        // Who connects to the listener itself was not redirected.
        original_destination(stream, own).filter(|wanted| *wanted != own)
    }
}
