//! The supervisor's loop: one thread, one poll, until the first process of the run is gone.

use std::ffi::OsString;
use std::io;
use std::io::ErrorKind::{ConnectionReset, Interrupted, WouldBlock};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use pinfold_confine::launch::{Child, Launch, Observed};
use pinfold_confine::link::{Order, Report};
use pinfold_confine::linux::{ConfineError, Foundation, SignalQueue, settle};
use pinfold_gate::link::{Report as Said, Start};
use pinfold_plan::{Backend, Plan};
use pinfold_stage::before::Keeping;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::SendFlags;
use rustix::process::{Signal, WaitOptions, getpid, pidfd_send_signal, set_child_subreaper};
use thiserror::Error;

use crate::linux::audience::Audience;
use crate::linux::before::Before;
use crate::linux::control::Control;
use crate::linux::executed::{self, Observer, Observing, Recording};
use crate::linux::exit::{End, Outcome};
use crate::linux::gate::GateProcess;
use crate::linux::grants::{Granter, Grants, Sandbox};
use crate::linux::limits::Watchman;
use crate::linux::network::Counters;
use crate::linux::output::Relay;
use crate::linux::process_tree;
use crate::linux::record::Recorder;
use crate::linux::refused::{self, Heard, Judge, Teller, Trace};
use crate::linux::terminal::Terminal;
use crate::linux::trust;
use crate::linux::watch::{Lookout, Quarantine};

/// Signals that are passed on to the command.
const FORWARDED: [Signal; 6] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2];

/// Wishes that are carried out before everything else has its turn.
const WISHES_AT_ONCE_MAX: usize = 8;

/// What to run.
#[derive(Debug)]
pub struct Request<'a> {
    /// How it is confined.
    pub plan: &'a Plan,
    /// The program and its arguments.
    pub command: &'a [OsString],
    /// Its whole environment.
    pub environment: &'a [(OsString, OsString)],
    /// The directory it starts in.
    pub directory: &'a Path,
    /// What the gate is told, if the plan has one; its sockets are added here.
    pub gate: Option<Start>,
    /// Who is told of each program that is executed.
    pub recording: Option<Recording>,
    /// Who says why a path is refused; paths are only looked at where somebody does.
    pub judge: Option<Judge>,
    /// What notes what is there before it is changed.
    pub before: Option<Keeping>,
}

/// Why a command did not run.
#[derive(Debug, Error)]
pub enum RunError {
    /// A step of the confinement failed.
    #[error(transparent)]
    Confine(#[from] ConfineError),
    /// The first process ended without a word.
    #[error("the sandbox ended before the command started")]
    Silent,
    /// The supervisor itself failed.
    #[error("failed to {action}")]
    Supervise {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

fn doing<T, E: Into<io::Error>>(action: &'static str, result: Result<T, E>) -> Result<T, RunError> {
    result.map_err(|error| RunError::Supervise { action, source: error.into() })
}

/// A run whose command waits for the word.
#[derive(Debug)]
pub struct Run<'a> {
    request: Request<'a>,
    child: Child,
    gate: Option<GateProcess>,
    signals: SignalQueue,
    terminal: Option<Terminal>,
    output: Relay,
    observer: Observer,
    refused: Option<Heard>,
}

impl<'a> Run<'a> {
    /// Hands the plan to the first process, which confines itself while the caller goes on.
    pub fn prepare(mut foundation: Foundation, mut request: Request<'a>) -> Result<Self, RunError> {
        let terminal = Terminal::of_caller();
        let signals = doing("collect signals", SignalQueue::new(&collected_signals()))?;
        let (output, instead) = match terminal {
            Some(_) => Default::default(),
            None => doing("prepare the standard descriptors", Relay::new(request.plan.limits.output_bytes))?,
        };
        let launch = Launch {
            plan: request.plan,
            command: request.command,
            environment: request.environment,
            directory: request.directory,
            terminal: terminal.is_some().then(Terminal::size),
            stdio: instead.descriptors(),
            umask: current_umask(),
            observed: observed(&request),
        };
        let before = request.before.take().map(Before::new);
        let told = request.judge.is_some().then(refused::channel).transpose();
        let (teller, refused) = doing("prepare to tell of refusals", told)?.unzip();
        let trace = request.judge.take().zip(teller);
        let observer = observer(&launch, request.recording.take(), trace, before);
        // Without a process namespace, orphans of the run become children of this process, which ends them.
        doing("become the reaper of the run", set_child_subreaper(Some(getpid())))?;
        let gate = request.gate.take().zip(foundation.take_sockets()?);
        let bundle = gate.as_ref().map(|(start, _)| trust::begin(request.plan, start)).transpose();
        let bundle = doing("begin the certificates of the run", bundle)?.flatten();
        let child = foundation.build(&launch)?;
        // While the first process builds.
        let gate = gate.map(|(start, sockets)| GateProcess::start(request.plan, start, &sockets, child.pid, bundle));
        let gate = doing("start the gate", gate.transpose())?;
        Ok(Self { request, child, gate, signals, terminal, output, observer, refused })
    }

    /// Lets the command start and stays until it and all it started are gone. What appears under a protected name goes
    /// to `quarantine`; who watches is told by `control`, `recorder` takes everything down, and `granter` says what may be given
    /// to it meanwhile.
    pub fn go(
        self,
        quarantine: Quarantine,
        control: Option<Control>,
        recorder: &mut Recorder,
        granter: &mut dyn Granter,
    ) -> Result<Outcome, RunError> {
        let begin = Instant::now();
        let Self { request: Request { plan, command, .. }, child, gate, signals, terminal, output, observer, refused } =
            self;
        let mut lookout = Lookout::new(plan, command, quarantine);
        // Where it shall begin at once, it must before the command does.
        doing("watch protected names", lookout.act())?;
        let (counters, watchman) = (Counters::new(plan), Watchman::new(plan));
        if gate.as_ref().is_none_or(GateProcess::is_ready) {
            child.go();
        }
        let mut supervisor = Supervisor {
            child,
            signals,
            terminal,
            output,
            lookout,
            watchman,
            counters,
            gate,
            audience: Audience { control, recorder },
            grants: Grants::new(granter, plan.identity),
            observer,
            refused,
            link_open: true,
            settled: false,
            end: None,
        };
        let result = supervisor.live();
        if result.is_err() {
            supervisor.kill();
        }
        if plan.backend == Backend::LinuxLandlock {
            process_tree::kill_descendants();
        }
        // Before the gate is waited for, whose time is not the command's.
        let (cpu_ms, peak_memory_bytes) = (process_tree::reaped_cpu_ms(), supervisor.watchman.peak_memory_bytes());
        let missed_network = supervisor.counters.tell_of_attempts();
        let told = supervisor.lookout.taken().len();
        let (quarantine, refused) = supervisor.lookout.finish();
        let mut audience = supervisor.audience;
        audience.quarantined(quarantine.taken().get(told..).unwrap_or_default());
        let traffic = supervisor.gate.map(|gate| gate.finish(|report| audience.seen(report)));
        let (executions, refusals) = supervisor.observer.finish();
        let end = result?;
        let duration_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Outcome {
            end,
            quarantine,
            refused,
            missed_network,
            traffic,
            executions,
            refusals,
            duration_ms,
            cpu_ms,
            peak_memory_bytes,
        })
    }
}

/// What the kernel is to tell of.
fn observed(request: &Request<'_>) -> Observed {
    match (&request.recording, &request.before, &request.judge) {
        (None, None, None) => Observed::Nothing,
        (Some(_), None, None) => Observed::Programs,
        (_, Some(_), None) => Observed::Changes,
        (_, _, Some(_)) => Observed::Paths,
    }
}

/// Whoever watches what the kernel tells of, once there is something to watch.
fn observer(
    launch: &Launch<'_>,
    recording: Option<Recording>,
    trace: Option<(Judge, Teller)>,
    before: Option<Before>,
) -> Observer {
    if launch.observed == Observed::Nothing {
        return Observer::Idle;
    }
    let command = executed::Command {
        candidates: launch.candidates(),
        arguments: launch.command.to_vec(),
        directory: launch.directory.to_owned(),
        filter: launch.plan.seccomp,
    };
    let mounts = launch.plan.backend == Backend::LinuxNamespaces;
    let trace = trace.map(|(judge, teller)| Trace::new(judge, mounts, teller));
    Observer::Waiting(Box::new(Observing { recording, command, trace, before }))
}

fn collected_signals() -> Vec<i32> {
    FORWARDED.iter().chain(&[Signal::TSTP, Signal::CONT, Signal::WINCH]).map(|signal| signal.as_raw()).collect()
}

/// The caller's mask; umask(2) can only be read by setting it.
fn current_umask() -> u32 {
    let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    rustix::process::umask(mask);
    mask.as_raw_mode()
}

struct Supervisor<'a> {
    child: Child,
    signals: SignalQueue,
    terminal: Option<Terminal>,
    /// Output that passes through this process.
    output: Relay,
    lookout: Lookout,
    watchman: Watchman,
    counters: Counters,
    gate: Option<GateProcess>,
    audience: Audience<'a>,
    grants: Grants<'a>,
    /// Who watches what is executed.
    observer: Observer,
    /// What is refused to it, and what might be let through.
    refused: Option<Heard>,
    /// The first process can still say something.
    link_open: bool,
    /// What only a start needs is let go of.
    settled: bool,
    end: Option<End>,
}

/// What the supervisor waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// A report from inside.
    Link,
    /// The first process is gone.
    Ended,
    /// A signal came.
    Signal,
    /// The gate has something to say.
    Gate,
    /// Somebody watches, or has answered a question.
    Control,
    /// A path was refused.
    Refused,
    /// A name appeared in a watched directory.
    Lookout,
    /// The command wrote to its terminal.
    Output,
    /// The command's terminal takes input again.
    Room,
    /// Something was typed.
    Input,
    /// The command wrote to a counted stream.
    Stream(usize),
}

impl Supervisor<'_> {
    /// Waits and acts until every process of the run is gone.
    fn live(&mut self) -> Result<End, RunError> {
        loop {
            let events = doing("wait for the command", self.wait())?;
            if events.is_empty() && !self.settled {
                settle::release_program();
                self.settled = true;
            }
            for event in events {
                match event {
                    Event::Link => self.link_open = self.hear()?,
                    Event::Signal => self.forward_signals(),
                    Event::Gate => self.hear_gate()?,
                    Event::Control => self.audience.listen(),
                    Event::Refused => self.hear_of_refusals(),
                    Event::Ended => return self.finish(),
                    Event::Lookout => {}
                    Event::Output | Event::Room | Event::Input | Event::Stream(_) => self.relay(event),
                }
            }
            self.look_out()?;
            self.pass_answers_on();
            self.change_grants();
            self.terminal.iter_mut().for_each(Terminal::enter_raw_mode);
            self.keep_limits();
        }
    }

    /// Waits for events, or for the next look at names and limits.
    fn wait(&self) -> io::Result<Vec<Event>> {
        let mut sources = vec![(Event::Ended, self.child.pidfd.as_fd()), (Event::Signal, self.signals.as_fd())];
        if self.link_open {
            sources.push((Event::Link, self.child.link.as_fd()));
        }
        sources.extend(self.gate.iter().filter_map(GateProcess::link).map(|link| (Event::Gate, link)));
        sources.extend(self.refused.iter().map(|heard| (Event::Refused, heard.bell())));
        sources.extend(self.lookout.events().map(|events| (Event::Lookout, events)));
        if let Some(terminal) = &self.terminal {
            sources.extend(terminal.master().map(|master| (Event::Output, master)));
            sources.extend(terminal.master().filter(|_| terminal.has_pending()).map(|master| (Event::Room, master)));
            sources.extend(terminal.wants_input().then(|| (Event::Input, terminal.input())));
        }
        sources.extend(self.output.sources().map(|(index, source)| (Event::Stream(index), source)));
        let flags = |event| if event == Event::Room { PollFlags::OUT } else { PollFlags::IN };
        let mut polled: Vec<_> =
            sources.iter().map(|(event, fd)| PollFd::from_borrowed_fd(*fd, flags(*event))).collect();
        for (fd, flags) in self.audience.sources() {
            sources.push((Event::Control, fd));
            polled.push(PollFd::from_borrowed_fd(fd, flags));
        }
        let background = self.terminal.as_ref().and_then(Terminal::next_look);
        let looks = self.watchman.next_look().into_iter().chain(self.lookout.next_look());
        let settling = (!self.settled).then_some(settle::AFTER);
        let wishes = self.audience.is_asked().then_some(Duration::ZERO).into_iter().chain(self.grants.next_look());
        let timeout = looks.chain(background).chain(self.audience.next_look()).chain(wishes).chain(settling).min();
        let timeout = timeout.and_then(|wait| Timespec::try_from(wait).ok());
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = sources.iter().zip(&polled).filter(|(_, polled)| !polled.revents().is_empty());
        // The end comes last: what was said before it is heard first.
        let mut ready: Vec<Event> = ready.map(|((event, _), _)| *event).collect();
        ready.sort_by_key(|event| *event == Event::Ended);
        Ok(ready)
    }

    /// Passes signals on. A stop from outside stops the command and then the supervisor itself.
    fn forward_signals(&mut self) {
        while let Some(number) = self.signals.next() {
            match Signal::from_named_raw(number) {
                Some(Signal::WINCH) => self.terminal.iter().for_each(Terminal::resize),
                Some(Signal::TSTP) => {
                    self.order(Order::Signal(Signal::STOP.as_raw()));
                    self.suspend();
                }
                Some(Signal::CONT) => self.resume(),
                _ => self.order(Order::Signal(number)),
            }
        }
    }

    /// Stops this process, as the shell that started it expects, until it is continued.
    fn suspend(&mut self) {
        self.terminal.iter_mut().for_each(Terminal::leave_raw_mode);
        let _ = rustix::process::kill_process(getpid(), Signal::STOP);
        self.resume();
    }

    fn resume(&mut self) {
        if let Some(terminal) = &mut self.terminal {
            terminal.enter_raw_mode();
            terminal.resize();
        }
        self.order(Order::Continue);
    }

    fn order(&self, order: Order) {
        // Without a first process there is nobody to order about.
        let _ = rustix::net::send(&self.child.link, &order.encode(), SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    }

    /// Takes one report from inside. False when there is none, and none will come.
    fn hear(&mut self) -> Result<bool, RunError> {
        let Some((report, descriptors)) = self.receive()? else { return Ok(false) };
        match report {
            Report::Failed { step, path, errno } => {
                let source = io::Error::from_raw_os_error(errno);
                return Err(ConfineError { step, path, source }.into());
            }
            Report::NotExecuted { errno } => self.set_end(End::NotExecuted(errno)),
            // Those were heard before there was a plan.
            Report::Sockets => {}
            Report::Listener { errno } => {
                doing("watch what is executed", self.observer.begin(errno, descriptors))?;
            }
            Report::Started => {
                self.counters.open(self.child.pid);
                if let (Some(terminal), Some(master)) = (&mut self.terminal, descriptors.into_iter().next()) {
                    terminal.connect(master);
                }
            }
            Report::Stopped { .. } => {
                if self.terminal.is_some() {
                    self.suspend();
                }
            }
            Report::SharedMemory { mib } => self.watchman.shared_memory(mib),
            Report::Exited { code } => self.set_end(End::Exited(code)),
            Report::Killed { signal } => self.set_end(End::Killed(signal)),
        }
        Ok(true)
    }

    /// The first reason counts: a limit that ended the run is not made into a plain signal afterwards.
    fn set_end(&mut self, end: End) {
        self.end.get_or_insert(end);
        self.counters.read();
    }

    fn receive(&self) -> Result<Option<(Report, Vec<OwnedFd>)>, RunError> {
        match self.child.hear() {
            Err(error) if matches!(error.kind(), WouldBlock | Interrupted | ConnectionReset) => Ok(None),
            heard => doing("hear from the first process", heard),
        }
    }

    /// Takes what the gate says. A command that waited for its certificate may start then.
    fn hear_gate(&mut self) -> Result<(), RunError> {
        let (Some(gate), audience) = (&mut self.gate, &mut self.audience) else { return Ok(()) };
        let mut ruled = 0;
        let hear = |report: &Said| {
            ruled += usize::from(matches!(report, Said::Ruled));
            audience.seen(report);
        };
        if doing("start the gate", gate.hear(hear))? {
            self.child.go();
        }
        self.grants.confirm(ruled, audience);
        Ok(())
    }

    fn hear_of_refusals(&mut self) {
        for mut refused in self.refused.iter().flat_map(Heard::take) {
            let can_be_given = self.child.namespaces.is_some();
            let grant = self.grants.still_missing(&mut refused).filter(|_| can_be_given);
            self.audience.refused(&refused, grant);
        }
    }

    /// Moves away what has appeared under a protected name.
    fn look_out(&mut self) -> Result<(), RunError> {
        let before = self.lookout.taken().len();
        doing("watch protected names", self.lookout.act())?;
        self.audience.quarantined(self.lookout.taken().get(before..).unwrap_or_default());
        Ok(())
    }

    /// Tells the gate what the user has answered.
    fn pass_answers_on(&mut self) {
        let waits = self.gate.as_ref().is_some_and(|gate| gate.link().is_some());
        for (id, answer) in self.audience.answers(waits) {
            self.gate.iter().for_each(|gate| gate.answer(id, answer));
        }
    }

    /// Gives the run what the user wishes, and takes back what he wishes or whose time is over.
    fn change_grants(&mut self) {
        let Self { grants, audience, child, gate, lookout, .. } = self;
        let mut sandbox = Sandbox { namespaces: child.namespaces.as_ref(), gate: gate.as_ref(), lookout };
        for asked in std::iter::from_fn(|| audience.next_wish()).take(WISHES_AT_ONCE_MAX).collect::<Vec<_>>() {
            grants.carry_out(asked, &mut sandbox, audience);
        }
        grants.end_leases(&mut sandbox, audience);
    }

    fn relay(&mut self, event: Event) {
        match (event, &mut self.terminal) {
            (Event::Input, Some(terminal)) => terminal.read_input(),
            (Event::Room, Some(terminal)) => terminal.write_pending(),
            (Event::Output, Some(terminal)) => self.watchman.wrote(terminal.relay_output()),
            (Event::Stream(index), _) => self.watchman.wrote(self.output.pass(index)),
            _ => {}
        }
    }

    /// Ends the run when a limit is reached that the kernel does not keep, or when it is not recorded and must be.
    fn keep_limits(&mut self) {
        if self.end.is_some() {
            return;
        }
        if self.watchman.wants_shared_memory() {
            self.order(Order::Measure);
        }
        let limit = self.watchman.look(self.child.pid).map(End::Limited);
        let unrecorded = || Some(End::Unrecorded(self.audience.recorder.fatal_failure()?.to_owned()));
        if let Some(end) = limit.or_else(unrecorded) {
            self.end = Some(end);
            self.kill();
        }
    }

    /// Kills the first process, and with it every process of the run.
    fn kill(&self) {
        let _ = pidfd_send_signal(&self.child.pidfd, Signal::KILL);
    }

    /// Takes the last words and the status of the first process.
    fn finish(&mut self) -> Result<End, RunError> {
        while self.hear()? {}
        self.output.drain();
        self.output.restore_modes();
        if let Some(terminal) = &mut self.terminal {
            terminal.drain();
            terminal.leave_raw_mode();
        }
        let status =
            doing("wait for the first process", rustix::process::waitpid(Some(self.child.pid), WaitOptions::empty()))?;
        let killed = status.and_then(|(_, status)| status.terminating_signal());
        // Killed from outside (the host ran out of memory, somebody's SIGKILL): everything inside died with it.
        self.end.take().or(killed.map(End::Killed)).ok_or(RunError::Silent)
    }
}
