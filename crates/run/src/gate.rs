//! The gate of a run where it makes its socket by itself: a process of the user's own, whose standard input and output are
//! its link, and which ends with the run.

use std::io::{self, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pinfold_gate::ARGUMENT;
use pinfold_gate::link::frames::{receive, send, send_start};
use pinfold_gate::link::{Answer, LinkError, Order, Report, Start};

use crate::Bundle;

/// How long a gate may take until it serves.
const READY_TIME: Duration = Duration::from_secs(10);

/// How long it may take to say its last words.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// Of the supervisor's variables a gate gets those without which Windows gives no sockets, wherever they are set.
const VARIABLES: [&str; 1] = ["SystemRoot"];

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// No process.
    #[error("failed to start the gate")]
    Start(#[source] io::Error),
    /// A process that does not take its rules.
    #[error("failed to tell the gate its rules")]
    Rules(#[source] LinkError),
    /// It has ended, or says nothing in time.
    #[error("the gate does not serve")]
    Silent,
    /// It was to have an authority that programs trust and has none, or the other way round.
    #[error("the gate and its run disagree on whether TLS is opened")]
    Authority,
    /// Nobody could trust its authority.
    #[error("failed to write the certificates that programs trust")]
    Trust(#[source] io::Error),
}

/// A gate that serves. It ends when this is dropped.
#[derive(Debug)]
pub struct Gate {
    process: Child,
    orders: Orders,
    listener: Option<JoinHandle<()>>,
    /// The port of its proxy, on the loopback.
    pub port: u16,
}

/// What a gate hears from, as long as it lives.
#[derive(Debug, Clone)]
pub struct Orders(Arc<Mutex<Option<ChildStdin>>>);

impl Orders {
    /// Tells the gate what the user has answered. One that does not listen says no when the time is over.
    pub fn answer(&self, id: u64, answer: Answer) {
        self.send(&Order::Answer { id, answer });
    }

    fn send(&self, order: &Order) {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        orders.iter_mut().for_each(|orders| drop(send(orders, order)));
    }

    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Gate {
    /// Starts a program as a gate and waits until it serves, and until its certificate is in `awaited`. What it
    /// reports goes to `tell`, on a thread of its own.
    ///
    /// # Errors
    /// When it does not serve, or those who are to trust it could not. Then there is no process either.
    pub fn start(
        program: &Path,
        start: &Start,
        awaited: Option<Bundle>,
        tell: impl FnMut(&Report) + Send + 'static,
    ) -> Result<Self, GateError> {
        let mut command = Command::new(program);
        command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).env_clear();
        command.envs(VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        let mut process = command.spawn().map_err(GateError::Start)?;
        let mut orders = process.stdin.take();
        let told = orders.iter_mut().try_for_each(|orders| send_start(orders, start));
        let mut gate = Self { orders: Orders(Arc::new(Mutex::new(orders))), process, listener: None, port: 0 };
        told.map_err(GateError::Rules)?;
        let Ok(Report::Ready { ca, proxy: Some(port), .. }) = gate.listen(tell).recv_timeout(READY_TIME) else {
            return Err(GateError::Silent);
        };
        gate.port = port;
        match (awaited, ca) {
            (Some(bundle), Some(certificate)) => bundle.finish(&certificate).map_err(GateError::Trust)?,
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => return Err(GateError::Authority),
        }
        Ok(gate)
    }

    /// Where it hears what questions were answered with.
    pub fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// Ends it, once it has said its last words. False when it had ended before, and with it every connection.
    pub fn end(mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Its first word goes to whoever waits for it, everything to `tell`.
    fn listen(&mut self, mut tell: impl FnMut(&Report) + Send + 'static) -> Receiver<Report> {
        let (said, heard) = channel();
        if let Some(output) = self.process.stdout.take() {
            self.listener = Some(std::thread::spawn(move || {
                let (mut output, mut first) = (BufReader::new(output), Some(said));
                while let Ok(Some(report)) = receive::<Report>(&mut output) {
                    tell(&report);
                    if let Some(first) = first.take() {
                        let _ = first.send(report);
                    }
                }
            }));
        }
        heard
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.orders.send(&Order::Stop);
        self.orders.close();
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
