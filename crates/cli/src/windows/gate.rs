//! The gate of a run: a process of the user's own at the one port that the firewall leaves to the account.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use pinfold_gate::Search;
use pinfold_gate::link::frames::{receive, send, send_start};
use pinfold_gate::link::{Order, Report, SocketRole, Start, VERSION};
use pinfold_plan::windows::Network;
use pinfold_policy::Rules;

use super::prepare::Prepared;
use crate::error::CliError;

/// How long a gate may take until it serves.
const READY_TIME: Duration = Duration::from_secs(10);

/// A gate that serves. It ends when this is dropped.
pub(super) struct Gate {
    process: Child,
    orders: Option<ChildStdin>,
}

impl Gate {
    /// Starts the gate, where the plan has one, and waits until it serves.
    pub(super) fn start(prepared: &Prepared) -> Result<Option<Self>, CliError> {
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
        let mut gate = Self { orders: process.stdin.take(), process };
        if let Some(orders) = &mut gate.orders {
            send_start(orders, &start).map_err(|error| not_there(&error))?;
        }
        match gate.reports().recv_timeout(READY_TIME) {
            Ok(Report::Ready { .. }) => Ok(Some(gate)),
            _ => Err(CliError::new("the gate does not serve")
                .why(format!("port {port} of the loopback may be taken by another run or program"))
                .hint("one run with network rules at a time, or another port: `pinfold setup --gate-port PORT`")),
        }
    }

    /// What it tells. Nobody listens to more than that it serves, but it must not wait for that.
    fn reports(&mut self) -> Receiver<Report> {
        let (said, heard) = channel();
        if let Some(output) = self.process.stdout.take() {
            std::thread::spawn(move || {
                let mut output = BufReader::new(output);
                while let Ok(Some(report)) = receive::<Report>(&mut output) {
                    let _ = said.send(report);
                }
            });
        }
        heard
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(mut orders) = self.orders.take() {
            let _ = send(&mut orders, &Order::Stop);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
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
