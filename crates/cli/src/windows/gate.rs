//! The gate of a run: a process of the user's own at the one port that the firewall leaves to the account.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::BufReader;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pinfold_gate::Search;
use pinfold_gate::link::frames::{receive, send, send_start};
use pinfold_gate::link::{Order, Report, SocketRole, Start, VERSION};
use pinfold_plan::windows::Network;
use pinfold_policy::Rules;
use pinfold_run::seen;

use super::prepare::Prepared;
use crate::error::CliError;
use crate::record::Lines;

/// How long a gate may take until it serves.
const READY_TIME: Duration = Duration::from_secs(10);

/// How long a gate may take to say its last words.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Who has the one port that the firewall leaves to the account: many runs without a network, to which nobody answers there,
/// or a single run with rules. Otherwise a run without a network would find the gate of another.
pub(super) struct WayOut(#[expect(dead_code, reason = "it is held, and nothing is done with it")] Option<File>);

impl WayOut {
    pub(super) fn take(prepared: &Prepared) -> Result<Self, CliError> {
        let path = prepared.store.backend().join("way-out");
        let cannot = |error: std::io::Error| {
            CliError::new(format!("{} cannot be locked", path.display())).why(error.to_string())
        };
        let alone = match prepared.plan.network {
            Network::Host => return Ok(Self(None)),
            Network::None => false,
            Network::Gate { .. } => true,
        };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(cannot)?;
        let locked = if alone { file.try_lock() } else { file.try_lock_shared() };
        match locked {
            Ok(()) => Ok(Self(Some(file))),
            Err(TryLockError::Error(error)) => Err(cannot(error)),
            Err(TryLockError::WouldBlock) => Err(CliError::new("another run is in the way")
                .why("a run with network rules and one without a network, or two with rules, would share one way out")
                .hint("start it again when the other has ended")),
        }
    }
}

/// A gate that serves. It ends when this is dropped.
pub(super) struct Gate {
    process: Child,
    orders: Option<ChildStdin>,
    listener: Option<JoinHandle<()>>,
}

impl Gate {
    /// Starts the gate, where the plan has one, and waits until it serves.
    pub(super) fn start(prepared: &Prepared, record: Option<Lines>) -> Result<Option<Self>, CliError> {
        let Network::Gate { port } = prepared.plan.network else { return Ok(None) };
        let start = start(prepared, port)?;
        let program = std::env::current_exe().map_err(|error| not_there(&error))?;
        let mut command = Command::new(program);
        command
            .arg(pinfold_gate::ARGUMENT)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        // Without it there are no sockets.
        command.envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)));
        let mut process = command.spawn().map_err(|error| not_there(&error))?;
        let mut gate = Self { orders: process.stdin.take(), process, listener: None };
        if let Some(orders) = &mut gate.orders {
            send_start(orders, &start).map_err(|error| not_there(&error))?;
        }
        match gate.reports(record).recv_timeout(READY_TIME) {
            Ok(Report::Ready { .. }) => Ok(Some(gate)),
            _ => Err(CliError::new("the gate does not serve")
                .why(format!("port {port} of the loopback may be taken by another run or program"))
                .hint("one run with network rules at a time, or another port: `pinfold setup --gate-port PORT`")),
        }
    }

    /// What it tells goes into the record, and its first word to whoever waits for it.
    fn reports(&mut self, record: Option<Lines>) -> Receiver<Report> {
        let (said, heard) = channel();
        if let Some(output) = self.process.stdout.take() {
            self.listener = Some(std::thread::spawn(move || {
                let mut output = BufReader::new(output);
                while let Ok(Some(report)) = receive::<Report>(&mut output) {
                    if let Some((lines, event)) = record.as_ref().zip(seen(&report)) {
                        // Who cannot write it says so at the end.
                        let _ = lines.event(event);
                    }
                    let _ = said.send(report);
                }
            }));
        }
        heard
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(mut orders) = self.orders.take() {
            let _ = send(&mut orders, &Order::Stop);
        }
        // It ends when it has said its last words.
        let deadline = Instant::now() + LAST_WORDS;
        while Instant::now() < deadline && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.listener.take().map(JoinHandle::join);
    }
}

/// What it is told. Secrets and requests that are looked into need certificates that programs trust, which is not done here
/// yet: refused, so that no rule is kept less strictly than it says.
fn start(prepared: &Prepared, port: u16) -> Result<Start, CliError> {
    let rules = Rules::new(&prepared.policy);
    if rules.inspects() || !prepared.policy.secrets.is_empty() {
        return Err(CliError::new("rules about requests, and secrets, cannot be kept on Windows yet")
            .why("they need a certificate that every program inside trusts")
            .hint("name hosts and ports only in [network], and leave [secrets] out"));
    }
    Ok(Start {
        version: VERSION,
        rules,
        secrets: Vec::new(),
        upstream: None,
        no_proxy: Vec::new(),
        ask: false,
        hosts: BTreeMap::new(),
        search: Search::read(""),
        init_pid: None,
        roots: Vec::new(),
        trusted: false,
        sockets: vec![SocketRole::ProxyHere { port }],
    })
}

fn not_there(error: &dyn std::error::Error) -> CliError {
    CliError::new("the gate cannot be started").why(error.to_string())
}
