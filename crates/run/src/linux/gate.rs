//! The gate of a run: a process of its own beside the supervisor, which ends with it.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use pinfold_confine::linux::{Sockets, part};
use pinfold_gate::link::{self, Answer, Order, Report, SocketRole, Start};
use pinfold_plan::{Identity, Plan};
use pinfold_policy::Rules;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socketpair};
use rustix::process::Pid;

use crate::Bundle;
use crate::linux::packet::{self, Packet};
use crate::traffic::Traffic;

/// How long a gate may take to say its last words.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// Most reports that are taken before the supervisor looks at everything else.
const MAX_REPORTS_AT_ONCE: usize = 64;

/// A gate that runs.
#[derive(Debug)]
pub(crate) struct GateProcess {
    process: Child,
    /// Where reports come from; closed when the gate has ended.
    link: Option<OwnedFd>,
    /// Where the certificate of the gate goes, as long as the command waits for it.
    awaited: Option<Bundle>,
    traffic: Traffic,
}

impl GateProcess {
    /// Starts the gate of a run, and tells it all that it shall know: `start`, to which the sockets and the first process
    /// of the run are added. `awaited` is where its certificate goes.
    pub(crate) fn start(
        plan: &Plan,
        mut start: Start,
        sockets: &Sockets,
        first_process: Pid,
        awaited: Option<Bundle>,
    ) -> io::Result<Self> {
        let published = plan.publish.iter().map(|port| Ok((*port, publish(*port)?))).collect::<io::Result<Vec<_>>>()?;
        let (link, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let process = command(plan, theirs)?.spawn()?;
        let shown = published.iter().map(|(port, listener)| (SocketRole::Published { port: *port }, listener.as_fd()));
        let (roles, descriptors): (Vec<_>, Vec<_>) = in_roles(sockets).chain(shown).unzip();
        start.sockets = roles;
        start.init_pid = u32::try_from(first_process.as_raw_nonzero().get()).ok();
        link::send_start(link.as_fd(), &start, &descriptors).map_err(io::Error::other)?;
        Ok(Self { process, link: Some(link), awaited, traffic: Traffic::default() })
    }

    /// Whether the command need not wait for it.
    pub(crate) fn is_ready(&self) -> bool {
        self.awaited.is_none()
    }

    /// What becomes readable when the gate says something.
    pub(crate) fn link(&self) -> Option<BorrowedFd<'_>> {
        self.link.as_ref().map(AsFd::as_fd)
    }

    /// Takes what the gate has said, passes it on, and leaves some for the next time when it is much: whoever makes it say
    /// much must not keep the supervisor from looking at limits. True when the command need not wait any longer.
    pub(crate) fn hear(&mut self, mut pass_on: impl FnMut(&Report)) -> io::Result<bool> {
        let mut go = false;
        for _ in 0..MAX_REPORTS_AT_ONCE {
            let Some(report) = self.next()? else { break };
            pass_on(&report);
            match report {
                Report::Ready { ca, .. } => {
                    if let Some(bundle) = self.awaited.take() {
                        bundle.finish(ca.as_deref().unwrap_or_default())?;
                        go = true;
                    }
                }
                report => self.traffic.note(report),
            }
        }
        if self.link.is_none() && self.awaited.is_some() {
            return Err(io::Error::other("it ended before it was ready"));
        }
        Ok(go)
    }

    /// Tells it what the user has answered.
    pub(crate) fn answer(&self, id: u64, answer: Answer) {
        let Some((link, order)) = self.link.as_ref().zip(link::encode(&Order::Answer { id, answer }).ok()) else {
            return;
        };
        // A gate that does not listen says no when the time is over.
        let _ = send(link, &order, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    }

    /// Tells it the rules that count from now on, of which it says that they do.
    pub(crate) fn rule(&self, rules: Rules) -> io::Result<()> {
        let link = self.link.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let order = link::encode(&Order::Rules(Box::new(rules))).map_err(io::Error::other)?;
        Ok(send(link, &order, SendFlags::NOSIGNAL | SendFlags::DONTWAIT).map(drop)?)
    }

    /// The next report that is there. A link that says what no gate says is closed, and with it the gate.
    fn next(&mut self) -> io::Result<Option<Report>> {
        let Some(link) = &self.link else { return Ok(None) };
        match packet::next(link.as_fd())? {
            Packet::Nothing => Ok(None),
            Packet::Message(report) => Ok(Some(report)),
            Packet::End | Packet::Nonsense => {
                self.link = None;
                self.traffic.ended_early = true;
                Ok(None)
            }
        }
    }

    /// Ends the gate and gives what it has seen; its last words are passed on as well.
    pub(crate) fn finish(mut self, pass_on: impl FnMut(&Report)) -> Traffic {
        let early = self.traffic.ended_early;
        self.hear_last_words(pass_on);
        let _ = self.process.kill();
        let _ = self.process.wait();
        Traffic { ended_early: early, ..self.traffic }
    }

    fn hear_last_words(&mut self, mut pass_on: impl FnMut(&Report)) {
        let Some(link) = &self.link else { return };
        let Ok(stop) = link::encode(&Order::Stop) else { return };
        if send(link, &stop, SendFlags::NOSIGNAL | SendFlags::DONTWAIT).is_err() {
            return;
        }
        let deadline = Instant::now() + LAST_WORDS;
        while let Some(link) = &self.link {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(left) = Timespec::try_from(left) else { return };
            let mut events = [PollFd::new(link, PollFlags::IN)];
            if poll(&mut events, Some(&left)) != Ok(1) {
                return;
            }
            while let Ok(Some(report)) = self.next() {
                pass_on(&report);
                self.traffic.note(report);
            }
        }
    }
}

/// This program as a gate.
fn command(plan: &Plan, link: OwnedFd) -> io::Result<Command> {
    let mut command = part(pinfold_gate::ARGUMENT, link)?;
    if let Identity::Shadow { uid, .. } = plan.identity {
        // Called by root: what reads the bytes of others is nobody, as the command is.
        command.uid(uid).gid(uid);
    }
    Ok(command)
}

fn in_roles(sockets: &Sockets) -> impl Iterator<Item = (SocketRole, BorrowedFd<'_>)> {
    let roles = [
        (SocketRole::DnsUdp, Some(&sockets.dns_udp)),
        (SocketRole::DnsTcp, Some(&sockets.dns_tcp)),
        (SocketRole::Proxy, Some(&sockets.proxy)),
        (SocketRole::Tcp4, sockets.tcp4.as_ref()),
        (SocketRole::Tcp6, sockets.tcp6.as_ref()),
        (SocketRole::Dialler, sockets.dialler.as_ref()),
    ];
    roles.into_iter().filter_map(|(role, socket)| Some((role, socket?.as_fd())))
}

/// Listens on the host's loopback.
fn publish(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| io::Error::new(error.kind(), format!("port {port} cannot be published: {error}")))
}
