//! One connection of something inside: who makes it, may it, and what is told about it.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pinfold_policy::{Decision, Destination, Ruling};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::attribution::Searching;
use crate::budget::{Crossed, Meter};
use crate::dial::{DialError, Dialed, dial};
use crate::dns::Meaning;
use crate::limits::{ATTRIBUTION_TIME, QUESTION_ATTRIBUTION_TIME};
use crate::link::{End, Endpoint, Process, Report, Verdict, Way};
use crate::refusal::{Refusal, endpoint};
use crate::session::Session;

/// A connection on its way.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) session: Arc<Session>,
    pub(crate) id: u64,
    pub(crate) to: Destination,
    way: Way,
    begun: Instant,
    searching: Mutex<Option<Searching>>,
    process: OnceCell<Option<Process>>,
    announced: Mutex<Option<JoinHandle<()>>>,
}

/// A connection that may be made.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) to: Destination,
    pub(crate) ruling: Ruling,
    /// Did the user say so? Then what no rule names may be.
    pub(crate) granted: bool,
}

impl Pass {
    /// Does a ruling on an address or a request of this connection let it through?
    pub(crate) fn admits(&self, ruling: &Ruling) -> bool {
        ruling.allowed() || (self.granted && ruling.verdict == Decision::Unnamed)
    }
}

impl Connection {
    pub(crate) fn new(session: &Arc<Session>, way: Way, to: Destination, client: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            session: session.clone(),
            id: session.next_id(),
            to,
            way,
            begun: Instant::now(),
            // Who comes from outside is not looked for inside.
            searching: Mutex::new((way != Way::Published).then(|| session.attribution.search(client))),
            process: OnceCell::new(),
            announced: Mutex::default(),
        })
    }

    /// Where to, as it is told.
    pub(crate) fn endpoint(&self) -> Endpoint {
        endpoint(&self.to)
    }

    /// The sentence of a refusal.
    pub(crate) fn what(&self) -> String {
        format!("no connection to {}", self.to)
    }

    /// Judges it. Waits for the user where he is asked, and for the next second where there are too many.
    pub(crate) async fn admit(&self) -> Result<Pass, Refusal> {
        self.wait_for_room().await;
        if self.to.address.is_some_and(|address| self.session.pool.meaning(address) != Meaning::Address) {
            return Err(Refusal::by_gate("this address was given to no name in this run; look the name up again"));
        }
        let ruling = self.session.rules().connect(&self.to);
        let pass = |ruling, granted| Pass { to: self.to.clone(), ruling, granted };
        match ruling.verdict {
            Decision::Allow => Ok(pass(ruling, false)),
            Decision::Unnamed if self.session.ask.is_on() => {
                let send = async |question| self.session.outbox.send(question).await;
                match self.session.ask.may(&self.endpoint(), self.process_within(QUESTION_ATTRIBUTION_TIME), send).await
                {
                    true => Ok(pass(self.granted(), true)),
                    false => Err(self.refusal(&Ruling { reason: "the user did not say yes".to_owned(), ..ruling })),
                }
            }
            _ => Err(self.refusal(&ruling)),
        }
    }

    /// Judges it and dials.
    pub(crate) async fn reach(&self) -> Result<(Pass, Dialed), DialError> {
        let pass = self.admit().await.map_err(DialError::Refused)?;
        let dialed = dial(&self.session, &pass).await?;
        Ok((pass, dialed))
    }

    /// Waits until what let it through is taken back. What the user said yes to is not.
    pub(crate) async fn taken_back(&self, pass: &Pass) {
        match pass.granted {
            true => std::future::pending().await,
            false => self.session.refused_later(&pass.to).await,
        }
    }

    fn refusal(&self, ruling: &Ruling) -> Refusal {
        Refusal::by_rule(ruling, self.session.rules().smallest_change(&self.to))
    }

    /// What the rules would say if the user had written one.
    fn granted(&self) -> Ruling {
        let inspect = self.session.secrets.any_of(&self.to);
        Ruling { verdict: Decision::Allow, inspect, reason: "the user said yes".to_owned(), rule: None }
    }

    async fn wait_for_room(&self) {
        while let Err((wait, crossed)) = self.session.budgets.begin() {
            if let Some(crossed) = crossed {
                self.frozen(crossed).await;
            }
            sleep(wait).await;
        }
    }

    /// A meter for it; a refusal where there are too many hosts.
    pub(crate) fn meter(&self) -> Result<Meter, Refusal> {
        let meter = self.session.budgets.meter(&self.endpoint().host);
        meter.ok_or_else(|| Refusal::by_gate("this run has been to too many hosts"))
    }

    async fn process(&self) -> Option<Process> {
        self.process_within(ATTRIBUTION_TIME).await
    }

    async fn process_within(&self, time: Duration) -> Option<Process> {
        let searching = || self.searching.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.process.get_or_init(|| async { searching()?.found(time).await }).await.clone()
    }

    /// Tells that it is open, as soon as it is known whose it is.
    pub(crate) fn connected(self: &Arc<Self>, address: Option<IpAddr>, inspected: bool, ruling: &Ruling) {
        let (own, verdict) = (self.clone(), Verdict::from(ruling));
        let announce = async move {
            let process = own.process().await;
            let (id, to, way) = (own.id, own.endpoint(), own.way);
            own.session.outbox.send(Report::Connected { id, to, address, way, inspected, process, verdict }).await;
        };
        *self.announced.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokio::spawn(announce));
    }

    /// Tells that it was refused.
    pub(crate) async fn refused(&self, refusal: &Refusal) {
        let process = self.process().await;
        let Refusal { verdict, change } = refusal.clone();
        let report = Report::Refused { id: self.id, to: self.endpoint(), way: self.way, process, verdict, change };
        self.session.outbox.send(report).await;
    }

    /// Tells that the host could not be reached.
    pub(crate) async fn failed(&self, why: String) {
        self.over((0, 0), End::Failed { what: why }).await;
    }

    /// Tells why it was not made.
    pub(crate) async fn unmade(&self, error: DialError) {
        match error {
            DialError::Refused(refusal) => self.refused(&refusal).await,
            DialError::Failed(why) => self.failed(why).await,
        }
    }

    /// Tells that it is closed, after it was told that it is open.
    pub(crate) async fn closed(&self, meter: &Meter, end: End) {
        if let Some(crossed) = meter.crossed() {
            self.frozen(crossed).await;
        }
        let announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(announced) = announced {
            let _ = announced.await;
        }
        self.over(meter.totals(), end).await;
    }

    async fn over(&self, (bytes_out, bytes_in): (u64, u64), end: End) {
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (id, to, way) = (self.id, self.endpoint(), self.way);
        let report = Report::Closed { id, to, way, bytes_out, bytes_in, ms, end };
        self.session.outbox.send(report).await;
    }

    async fn frozen(&self, Crossed { budget, limit }: Crossed) {
        let report = Report::Frozen { connection: self.id, to: self.endpoint(), budget, limit };
        self.session.outbox.send(report).await;
    }
}
