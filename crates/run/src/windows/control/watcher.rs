//! Somebody who watches a run, as the run sees him: one thread that tells him, and one that hears him.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use pinfold_gate::link::LinkError;
use pinfold_gate::link::frames::{receive, send};
use pinfold_runner::windows::{EndUntil, PipeEnd, Signal};

use super::session::Input;
use crate::control::{Said, Told, VERSION, WAITING_MAX};

/// How long watchers may take to hear the last words of a run.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How often it is looked whether they have.
const INTERVAL: Duration = Duration::from_millis(5);

/// A connection to a watcher. Dropped, it ends when he has read what waits for him.
pub(super) struct Watcher {
    telling: SyncSender<Told>,
    over: Signal,
    teller: JoinHandle<()>,
}

impl Watcher {
    pub(super) fn new(visitor: PipeEnd, inputs: &SyncSender<Input>) -> io::Result<Self> {
        let over = Signal::new()?;
        let (reading, writing) = (visitor.try_clone()?.until(over.clone()), visitor.until(over.clone()));
        let (telling, waiting) = sync_channel(WAITING_MAX);
        let (hears, inputs) = (over.clone(), inputs.clone());
        Builder::new().name("hear".into()).spawn(move || hear(reading, &hears, &inputs))?;
        let tells = over.clone();
        let teller = Builder::new().name("tell".into()).spawn(move || tell(writing, &tells, &waiting));
        let teller = teller.inspect_err(|_| over.give())?;
        Ok(Self { telling, over, teller })
    }

    /// Tells him something, now or as soon as he reads. Who does not read at all has gone.
    pub(super) fn tell(&mut self, told: &Told) {
        if self.telling.try_send(told.clone()).is_err() {
            self.over.give();
        }
    }

    /// Whether he has closed the connection, talks nonsense, or does not read at all.
    pub(super) fn is_gone(&self) -> bool {
        self.over.is_given()
    }
}

/// Waits until watchers have been told everything, though not for ever.
pub(super) fn part(watchers: Vec<Watcher>) {
    let deadline = Instant::now() + LAST_WORDS;
    let parting = watchers.into_iter().map(|Watcher { over, teller, .. }| (over, teller));
    for (over, teller) in parting.collect::<Vec<_>>() {
        while !teller.is_finished() && Instant::now() < deadline {
            std::thread::sleep(INTERVAL);
        }
        over.give();
        let _ = teller.join();
    }
}

/// Until there is nothing more to tell, or he has gone.
fn tell(mut writing: EndUntil, over: &Signal, waiting: &Receiver<Told>) {
    for told in waiting {
        // What is larger than a message could be told by nobody.
        if over.is_given() || matches!(send(&mut writing, &told), Err(LinkError::Send(_))) {
            break;
        }
    }
    over.give();
}

/// Until he says nothing more, or nonsense.
fn hear(mut reading: EndUntil, over: &Signal, inputs: &SyncSender<Input>) {
    while let Ok(Some(said)) = receive::<Said>(&mut reading) {
        if said.version != VERSION || inputs.send(Input::Said(said)).is_err() {
            break;
        }
    }
    over.give();
    let _ = inputs.send(Input::Gone);
}
