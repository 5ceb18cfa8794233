//! From a destination to a connection: resolve, judge the addresses, dial what was resolved and nothing else.

use std::io;
use std::net::{IpAddr, SocketAddr};

use pinfold_policy::{Destination, Ruling};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::connection::Pass;
use crate::limits::{DIAL_TIME, HEAD_START, KEEPALIVE_AFTER};
use crate::refusal::Refusal;
use crate::session::Session;
use crate::system::{is_open, keep_alive};

/// A connection to a host.
#[derive(Debug)]
pub(crate) struct Dialed {
    pub(crate) stream: TcpStream,
    /// The host's address; nothing when a proxy upstream resolves the name.
    pub(crate) address: Option<IpAddr>,
}

impl Dialed {
    /// Has the host not closed it yet?
    pub(crate) fn is_open(&self) -> bool {
        is_open(&self.stream)
    }
}

/// Why there is none, or no answer from it.
#[derive(Debug, Clone)]
pub(crate) enum DialError {
    /// It may not be.
    Refused(Refusal),
    /// The host could not be reached: why, as a clause.
    Failed(String),
}

/// Connects to where a pass leads.
pub(crate) async fn dial(session: &Session, pass: &Pass) -> Result<Dialed, DialError> {
    let reached = async {
        match session.detour.as_ref().filter(|detour| detour.leads_to(&pass.to)) {
            Some(detour) => {
                judge_literal(session, pass)?;
                let stream = detour.connect(&pass.to).await.map_err(|error| DialError::Failed(error.to_string()))?;
                Ok(Dialed { stream, address: None })
            }
            None => {
                let addresses = addresses(session, pass).await?;
                race(&addresses, pass.to.port).await.map_err(|error| DialError::Failed(unreachable(&pass.to, &error)))
            }
        }
    };
    timeout(DIAL_TIME, reached).await.unwrap_or_else(|_| Err(DialError::Failed(format!("{} does not answer", pass.to))))
}

/// The addresses that may be dialled, in their order.
async fn addresses(session: &Session, pass: &Pass) -> Result<Vec<IpAddr>, DialError> {
    let found = match (&pass.to.name, pass.to.address) {
        (Some(name), _) => session.names.resolve(name).await,
        (None, address) => address.into_iter().collect(),
    };
    let (allowed, denied): (Vec<_>, Vec<_>) = found
        .into_iter()
        .map(|address| (address, session.rules().address(address, &pass.to)))
        .partition(|(_, ruling)| pass.admits(ruling));
    match (allowed.is_empty(), denied.first()) {
        (false, _) => Ok(alternating(allowed.into_iter().map(|(address, _)| address))),
        (true, Some((address, ruling))) => Err(DialError::Refused(refused(session, *address, pass.to.port, ruling))),
        (true, None) => Err(DialError::Failed(format!("{} has no address", pass.to))),
    }
}

/// A proxy upstream resolves names itself; an address that was given literally is judged as ever.
fn judge_literal(session: &Session, pass: &Pass) -> Result<(), DialError> {
    let Some(address) = pass.to.address else { return Ok(()) };
    let ruling = session.rules().address(address, &pass.to);
    match pass.admits(&ruling) {
        true => Ok(()),
        false => Err(DialError::Refused(refused(session, address, pass.to.port, &ruling))),
    }
}

fn refused(session: &Session, address: IpAddr, port: u16, ruling: &Ruling) -> Refusal {
    let literal = Destination { name: None, address: Some(address), port };
    Refusal::by_rule(ruling, session.rules().smallest_change(&literal))
}

/// The families by turns, beginning with that of the first address (RFC 8305, section 4).
fn alternating(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let addresses: Vec<_> = addresses.collect();
    let first_is_v4 = addresses.first().is_some_and(IpAddr::is_ipv4);
    let (mut first, mut second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv4() == first_is_v4);
    let mut turns = Vec::new();
    while !first.is_empty() {
        turns.push(first.remove(0));
        std::mem::swap(&mut first, &mut second);
    }
    turns.extend(second);
    turns
}

/// The first address that answers. The next one is tried when one fails, or beside it after a while.
async fn race(addresses: &[IpAddr], port: u16) -> io::Result<Dialed> {
    let mut rest = addresses.iter().copied();
    let mut attempts = JoinSet::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        let next = rest.next();
        let more = next.is_some();
        if let Some(address) = next {
            attempts.spawn(connect(address, port));
        }
        tokio::select! {
            done = attempts.join_next() => match done {
                Some(Ok(Ok(dialed))) => return Ok(dialed),
                Some(Ok(Err(error))) => last = error,
                Some(Err(_)) => {}
                None => return Err(last),
            },
            () = sleep(HEAD_START), if more => {}
        }
    }
}

async fn connect(address: IpAddr, port: u16) -> io::Result<Dialed> {
    let stream = TcpStream::connect(SocketAddr::new(address, port)).await?;
    settle(&stream)?;
    Ok(Dialed { stream, address: Some(address) })
}

/// What every connection of the gate has: no waiting for more to send, and notice of a peer that is gone.
pub(crate) fn settle(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    keep_alive(stream, KEEPALIVE_AFTER)
}

fn unreachable(to: &Destination, error: &io::Error) -> String {
    format!("{to} cannot be reached: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().expect(text)).collect::<Vec<IpAddr>>();
        let turns = |texts: &[&str]| alternating(parse(texts).into_iter());
        assert_eq!(turns(&["::1", "::2", "10.0.0.1"]), parse(&["::1", "10.0.0.1", "::2"]));
        assert_eq!(turns(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]), parse(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]));
        assert_eq!(turns(&["10.0.0.1", "::1", "::2"]), parse(&["10.0.0.1", "::1", "::2"]));
    }

    #[tokio::test]
    async fn the_first_address_that_answers_wins() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let addresses = ["127.0.0.2", "127.0.0.1"].map(|text| text.parse().expect(text));
        let dialed = race(&addresses, port).await.expect("a connection");
        assert_eq!(dialed.address, Some(addresses[1]));
        assert!(race(&[], port).await.is_err());
    }
}
