//! The session's end of the channel: one thread that knows everything, and others that wait for somebody.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use pinfold_gate::link::{Answer, Report};
use pinfold_runner::windows::{Door, PipeEnd, Signal};

use super::pipe;
use super::watcher::{Watcher, part};
use crate::control::{Introduction, Question, Remember, Said, Story, Told, WATCHERS_MAX, Word};

/// What waits to be told before whoever tells it waits as well.
const INPUTS_MAX: usize = 256;
/// How long nobody need look, where no question is open.
const LONG: Duration = Duration::from_secs(3600);

/// Who is told what questions were answered with.
pub type Answered = Box<dyn FnMut(&Question, Answer) + Send>;

/// What the thread that knows everything gets to know.
pub(super) enum Input {
    Came(PipeEnd),
    Said(Said),
    /// A watcher has gone.
    Gone,
    Seen(Report),
    Quarantined(PathBuf, Option<PathBuf>),
    /// A gate waits for answers.
    Waits(Answered),
    /// None does any more.
    WaitsNoMore,
    End,
}

/// The control channel of a run. Dropping it takes it away, once those who watch have heard the end.
pub struct Control {
    teller: Teller,
    closing: Signal,
    threads: Vec<JoinHandle<()>>,
}

/// Tells whoever watches a run what happens in it, from any thread.
#[derive(Clone)]
pub struct Teller(SyncSender<Input>);

impl Control {
    /// Opens that of a session.
    ///
    /// # Errors
    /// When somebody has its place, or others could come than the user.
    pub fn open(id: &str, introduction: Introduction, remember: Remember) -> io::Result<Self> {
        let door = Door::make(&pipe(id), u32::try_from(WATCHERS_MAX).unwrap_or(u32::MAX))?;
        let closing = Signal::new()?;
        let (inputs, heard) = sync_channel(INPUTS_MAX);
        let desk = Desk {
            story: Story::new(id, introduction, remember),
            watchers: Vec::new(),
            answered: None,
            inputs: inputs.clone(),
        };
        let mut control = Self { teller: Teller(inputs.clone()), closing: closing.clone(), threads: Vec::new() };
        control.threads.push(Builder::new().name("watchers".into()).spawn(move || desk.live(&heard))?);
        let admit = move || admit(door, &closing, &inputs);
        control.threads.push(Builder::new().name("door".into()).spawn(admit)?);
        Ok(control)
    }

    /// Who tells what happens.
    pub fn teller(&self) -> Teller {
        self.teller.clone()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.closing.give();
        self.teller.put(Input::End);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Teller {
    /// What the gate has seen.
    pub fn seen(&self, report: &Report) {
        self.put(Input::Seen(report.clone()));
    }

    /// What was moved away, and to where, if that could be done.
    pub fn quarantined(&self, path: PathBuf, moved_to: Option<PathBuf>) {
        self.put(Input::Quarantined(path, moved_to));
    }

    /// From now on a gate waits for answers, of which `answered` tells it.
    pub fn gate_waits(&self, answered: Answered) {
        self.put(Input::Waits(answered));
    }

    /// There is no gate any more that waits for an answer.
    pub fn gate_has_ended(&self) {
        self.put(Input::WaitsNoMore);
    }

    /// Nobody hears it where the run is over.
    fn put(&self, input: Input) {
        let _ = self.0.send(input);
    }
}

/// Lets visitors in, as long as the run goes on.
fn admit(mut door: Door, closing: &Signal, inputs: &SyncSender<Input>) {
    while let Ok(Some(visitor)) = door.next(closing) {
        if inputs.send(Input::Came(visitor)).is_err() {
            return;
        }
    }
}

/// What the thread knows.
struct Desk {
    story: Story,
    watchers: Vec<Watcher>,
    /// Who waits for answers.
    answered: Option<Answered>,
    /// For those who wait for watchers to say something.
    inputs: SyncSender<Input>,
}

impl Desk {
    fn live(mut self, heard: &Receiver<Input>) {
        loop {
            match heard.recv_timeout(self.story.next_late().unwrap_or(LONG)) {
                Ok(Input::End) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(input) => self.take(input),
                Err(RecvTimeoutError::Timeout) => {}
            }
            for (_, told) in self.story.late(self.answered.is_none()) {
                self.tell(&told);
            }
            self.watchers.retain(|watcher| !watcher.is_gone());
        }
        drop(self.inputs);
        part(self.watchers);
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Came(visitor) => self.welcome(visitor),
            Input::Said(Said { word: Word::Answer { question, answer }, .. }) => self.said(question, answer),
            // Nobody wishes anything here: whoever would is told before that it cannot be.
            Input::Said(Said { word: Word::Wish { .. }, .. }) => {}
            Input::Seen(report) => {
                let told = self.story.seen(&report);
                told.iter().for_each(|told| self.tell(told));
            }
            Input::Quarantined(path, moved_to) => {
                let told = self.story.quarantined(&path, moved_to.as_deref());
                self.tell(&told);
            }
            Input::Waits(answered) => self.answered = Some(answered),
            Input::WaitsNoMore => self.answered = None,
            Input::Gone | Input::End => {}
        }
    }

    /// The door lets no more in than there may be.
    fn welcome(&mut self, visitor: PipeEnd) {
        // Who cannot be talked to finds that the run does not talk to him.
        let Ok(mut watcher) = Watcher::new(visitor, &self.inputs) else { return };
        self.story.so_far().iter().for_each(|told| watcher.tell(told));
        self.watchers.push(watcher);
    }

    fn said(&mut self, id: u64, answer: Answer) {
        let Some((question, told)) = self.story.answered(id, answer) else { return };
        self.tell(&told);
        self.answered.iter_mut().for_each(|answered| answered(&question, answer));
    }

    fn tell(&mut self, told: &Told) {
        self.watchers.iter_mut().for_each(|watcher| watcher.tell(told));
    }
}
