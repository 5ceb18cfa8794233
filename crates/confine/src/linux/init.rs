//! The first process inside: it confines itself, starts the command, reaps everything and reports.
//!
//! It is a copy of the supervisor and the only process inside that the supervisor's memory was ever in, so it cannot
//! be traced or read by the others (not dumpable) and its environment is wiped before anything else.

use std::io::IoSlice;
use std::mem::{MaybeUninit, take};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use pinfold_plan::{Backend, Plan};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, set_dumpable_behavior, set_parent_process_death_signal,
};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::brief::Brief;
use super::capture::{self, Sockets};
use super::error::{ConfineError, Context};
use super::foundation::Ground;
use super::identity::write_once;
use super::root::Root;
use super::signals::SignalQueue;
use super::sys::{Copied, Signals};
use super::trees::Trees;
use super::{command, identity, landlock, limits, network, seccomp, settle, sys, terminal};
use crate::launch::{Launch, Observed};
use crate::link::{MAX_DESCRIPTORS, Order, Report};

/// Exit code of the first process when confinement failed. The supervisor goes by the report, not by this.
pub(super) const NOT_STARTED: i32 = 125;

/// Lives the whole life of the first process.
pub(super) fn main(copied: &Copied, ground: &Ground, link: OwnedFd) -> ! {
    let code = match prepare(copied, ground, &link) {
        Ok(prepared) => confine_and_live(copied, prepared, &link),
        Err(error) => fail(&link, error),
    };
    // No destructors and no exit handlers: they belong to the process that this one is a copy of.
    sys::exit_now(code)
}

/// What there is before the plan is carried out.
struct Prepared {
    root: Option<Root>,
    brief: Brief,
    /// Where sockets are asked for that reach published ports.
    dialler: Option<OwnedFd>,
}

/// What can be done without a plan, while the supervisor makes it; then waits for it.
fn prepare(copied: &Copied, ground: &Ground, link: &OwnedFd) -> Result<Prepared, ConfineError> {
    sys::wipe_environment(copied);
    sys::set_signal_mask(Signals::All).step("hold signals back")?;
    sys::default_signal_actions();
    die_with_the_supervisor(link)?;
    rustix::process::setsid().step("start a new session")?;
    let mut dialler = None;
    if ground.backend == Backend::LinuxNamespaces
        && let Some(sockets) = network::enter(ground.network)?
    {
        dialler = hand_out(link, sockets, ground.publishes)?;
    }
    let root = ground.identity.filter(|_| ground.backend == Backend::LinuxNamespaces).map(|identity| {
        identity::assume(copied, &identity)?;
        Root::begin(ground.temp_bytes, &ground.mounts)
    });
    let root = root.transpose()?;
    let brief = Brief::receive(link).step("hear what to do")?;
    Ok(Prepared { root, brief: brief.unwrap_or_else(|| sys::exit_now(NOT_STARTED)), dialler })
}

/// Does what the plan says, and then what the command needs.
fn confine_and_live(copied: &Copied, prepared: Prepared, link: &OwnedFd) -> i32 {
    let Prepared { root, mut brief, dialler } = prepared;
    let (stdio, trees) = (take(&mut brief.stdio), take(&mut brief.trees));
    let launch = brief.launch();
    let confined = redirect_stdio(stdio)
        .step("redirect the standard descriptors")
        .and_then(|()| enter_root(copied, launch.plan, root, trees, link))
        .and_then(|()| confine(copied, &launch, link, dialler));
    match confined {
        Ok(confined) => live(copied, &launch, link, confined),
        Err(error) => fail(link, error),
    }
}

/// Lets go of the host's files.
fn enter_root(
    copied: &Copied,
    plan: &Plan,
    root: Option<Root>,
    trees: Trees,
    link: &OwnedFd,
) -> Result<(), ConfineError> {
    if plan.backend != Backend::LinuxNamespaces {
        return Ok(());
    }
    let root = match root {
        Some(root) => root,
        None => {
            identity::assume(copied, &plan.identity)?;
            trees.attach_layers()?;
            Root::begin(plan.limits.temp_bytes, &[])?
        }
    };
    // Once more: a change of identity undoes it.
    die_with_the_supervisor(link)?;
    forbid_user_namespaces(plan)?;
    root.finish(plan, &trees)
}

/// What the confined process needs to start the command and wait for it.
struct Confined {
    children: SignalQueue,
    terminal: Option<terminal::Pair>,
    /// Where sockets are asked for that reach published ports.
    dialler: Option<OwnedFd>,
}

/// Everything else that confines, in order; then waits for the word that a command may start.
fn confine(
    copied: &Copied,
    launch: &Launch<'_>,
    link: &OwnedFd,
    dialler: Option<OwnedFd>,
) -> Result<Confined, ConfineError> {
    let plan = launch.plan;
    // Not before: it belongs to whom this process is by then.
    sys::join_new_session_keyring().step("leave the session keyring")?;
    sys::close_all_but(copied, dialler.iter().chain([link]).map(AsFd::as_fd)).step("close the caller's descriptors")?;
    let children = SignalQueue::children().step("collect signals")?;
    // Not before: what was done until now may need more than the command shall have.
    limits::apply(plan)?;
    // Only now: the files of an unreadable process in /proc are root's, and the steps before write to some.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("become unreadable")?;
    let terminal = launch.terminal.map(terminal::Pair::open).transpose()?;
    if plan.backend == Backend::LinuxNamespaces {
        restrict(launch, link)?;
    }
    wait_for_the_word(link)?;
    Ok(Confined { children, terminal, dialler })
}

/// The step that fails where paths cannot be traced.
pub const WATCH_PATHS: &str = "watch the paths that are named";
/// The step that fails where what is changed cannot be kept before.
pub const WATCH_CHANGES: &str = "watch what is changed";

/// Gives up all that can be given up, for this process and all that it starts. With namespaces the first process does
/// so too; without them it stays outside of the command's Landlock domain, where the command cannot signal it.
pub(super) fn restrict(launch: &Launch<'_>, link: &OwnedFd) -> Result<(), ConfineError> {
    let plan = launch.plan;
    drop_capabilities()?;
    rustix::thread::set_no_new_privs(true).step("give up new privileges")?;
    landlock::restrict(&plan.landlock, plan.network)?;
    let step = "install the system call filter";
    if launch.observed == Observed::Nothing {
        return seccomp::install(&plan.seccomp).step(step);
    }
    // Not afterwards: nobody answers for this process before it has handed the listener out.
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open("/", flags, Mode::empty()).step("open the root directory")?;
    match seccomp::install_with_listener(&plan.seccomp, launch.observed).step(step)? {
        // Nothing inside keeps it.
        Ok(listener) => report_with(link, &Report::Listener { errno: 0 }, &[listener.as_fd(), root.as_fd()]),
        Err(why) if launch.observed == Observed::Paths => return Err(why).step(WATCH_PATHS),
        Err(why) if launch.observed == Observed::Changes => return Err(why).step(WATCH_CHANGES),
        Err(why) => report(link, &Report::Listener { errno: why.raw_os_error().unwrap_or(libc::EIO) }, None),
    }
    Ok(())
}

/// Starts the command and stays until it ends.
fn live(copied: &Copied, launch: &Launch<'_>, link: &OwnedFd, confined: Confined) -> i32 {
    let Confined { children, terminal, dialler } = confined;
    let command = match command::start(copied, launch, terminal.as_ref(), link) {
        Ok(command) => command,
        Err(command::StartError::Confine(error)) => return fail(link, error),
        Err(command::StartError::Execute(errno)) => {
            report(link, &Report::NotExecuted { errno }, None);
            return NOT_STARTED;
        }
    };
    report(link, &Report::Started, terminal.as_ref().map(|pair| pair.master.as_fd()));
    let controlling = terminal.map(terminal::Pair::keep_controlling);
    let end = reap(command, &children, link, controlling.as_ref(), dialler);
    report(link, &end, None);
    0
}

/// Reaps every process of the run until the command itself has ended.
fn reap(
    command: Pid,
    children: &SignalQueue,
    link: &OwnedFd,
    terminal: Option<&OwnedFd>,
    mut dialler: Option<OwnedFd>,
) -> Report {
    let mut settling = Timespec::try_from(settle::AFTER).ok();
    loop {
        while let Some(end) = next_change(command, link) {
            if let Some(report) = end {
                return report;
            }
        }
        let mut events = vec![PollFd::new(link, PollFlags::IN), PollFd::new(children, PollFlags::IN)];
        events.extend(dialler.iter().map(|dialler| PollFd::new(dialler, PollFlags::IN)));
        if poll(&mut events, settling.as_ref()) == Ok(0) {
            settle::release_program();
            settling = None;
        }
        let (from_link, from_children) = (events[0].revents(), events[1].revents());
        if events.get(2).is_some_and(|event| !event.revents().is_empty()) {
            dialler = dialler.filter(capture::dialler::answer);
        }
        if !from_children.is_empty() {
            while children.next().is_some() {}
        }
        if !from_link.is_empty() {
            obey(command, link, terminal);
        }
    }
}

/// Handles one child that changed: `None` when there is none, `Some(Some(…))` when the command has ended.
fn next_change(command: Pid, link: &OwnedFd) -> Option<Option<Report>> {
    let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
    let (pid, status) = rustix::process::wait(options).ok().flatten()?;
    if pid != command {
        return Some(None);
    }
    if let Some(signal) = status.stopping_signal() {
        report(link, &Report::Stopped { signal }, None);
        return Some(None);
    }
    if let Some(signal) = status.terminating_signal() {
        return Some(Some(Report::Killed { signal }));
    }
    Some(status.exit_status().map(|code| Report::Exited { code }))
}

/// Waits for the word that the supervisor is ready for a command.
fn wait_for_the_word(link: &OwnedFd) -> Result<(), ConfineError> {
    let mut bytes = [0; 16];
    loop {
        let (length, _) = rustix::net::recv(link, &mut bytes, RecvFlags::empty()).step("hear from the supervisor")?;
        match Order::decode(&bytes[..length]) {
            Ok(Order::Continue) => return Ok(()),
            Ok(Order::Measure) => {}
            // Whoever ends the run now ends it before it began.
            _ => sys::exit_now(NOT_STARTED),
        }
    }
}

/// Hands out the gate's sockets, and where ports are published the end of a pair with which more are asked for. Gives
/// the other end.
fn hand_out(link: &OwnedFd, mut sockets: Sockets, publishes: bool) -> Result<Option<OwnedFd>, ConfineError> {
    let pair = publishes.then(capture::dialler::pair).transpose()?;
    let (own, theirs) = pair.unzip();
    sockets.dialler = theirs;
    report_with(link, &Report::Sockets, &sockets.descriptors());
    Ok(own)
}

/// Puts what the supervisor has made in the place of the caller's standard descriptors.
fn redirect_stdio([stdin, stdout, stderr]: [Option<OwnedFd>; 3]) -> rustix::io::Result<()> {
    stdin.map_or(Ok(()), rustix::stdio::dup2_stdin)?;
    stdout.map_or(Ok(()), rustix::stdio::dup2_stdout)?;
    stderr.map_or(Ok(()), rustix::stdio::dup2_stderr)
}

/// Asks to be killed when the supervisor ends, however it ends.
fn die_with_the_supervisor(link: &OwnedFd) -> Result<(), ConfineError> {
    set_parent_process_death_signal(Some(Signal::KILL)).step("tie this process to its supervisor")?;
    // It may have ended before: then its end of the link is closed already.
    let mut byte = [0];
    match rustix::net::recv(link, &mut byte, RecvFlags::DONTWAIT | RecvFlags::PEEK) {
        Ok((0, _)) => sys::exit_now(NOT_STARTED),
        _ => Ok(()),
    }
}

/// Sets the number of user namespaces below this one to zero.
fn forbid_user_namespaces(plan: &Plan) -> Result<(), ConfineError> {
    if plan.seccomp.nested_namespaces {
        return Ok(());
    }
    // Where /proc/sys is read-only (containers) the system call filter stands alone.
    let _ = write_once("/proc/sys/user/max_user_namespaces", "0");
    Ok(())
}

/// Gives up every capability in the user namespace, for good.
fn drop_capabilities() -> Result<(), ConfineError> {
    let step = "drop the capabilities";
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::clear_ambient_capability_set().step(step)?;
    rustix::thread::set_capabilities(None, none).step(step)
}

/// Says why there is no command, and gives the exit code for that.
fn fail(link: &OwnedFd, error: ConfineError) -> i32 {
    report(link, &failure(error), None);
    NOT_STARTED
}

/// The report of a step that failed.
pub(super) fn failure(error: ConfineError) -> Report {
    let ConfineError { step, path, source } = error;
    Report::Failed { step, path, errno: source.raw_os_error().unwrap_or(libc::EIO) }
}

/// Sends a report, with a descriptor when there is one. Without a supervisor nobody is left to tell.
pub(super) fn report(link: &OwnedFd, report: &Report, descriptor: Option<BorrowedFd<'_>>) {
    report_with(link, report, descriptor.as_slice());
}

/// The same with as many descriptors as a report may have.
fn report_with(link: &OwnedFd, report: &Report, descriptors: &[BorrowedFd<'_>]) {
    let bytes = report.encode();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let _ = rustix::net::sendmsg(link, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL);
}

/// Carries out one order of the supervisor. Without a supervisor nothing goes on.
fn obey(command: Pid, link: &OwnedFd, terminal: Option<&OwnedFd>) {
    let mut bytes = [0; 16];
    let length = match rustix::net::recv(link, &mut bytes, RecvFlags::DONTWAIT) {
        Ok((length, _)) if length > 0 => length,
        Err(Errno::AGAIN | Errno::INTR) => return,
        _ => sys::exit_now(NOT_STARTED),
    };
    match Order::decode(&bytes[..length]) {
        Ok(Order::Signal(number)) => command::signal_group(command, number),
        Ok(Order::Continue) => {
            if let Some(controlling) = terminal {
                let _ = terminal::bring_to_foreground(controlling.as_fd(), command);
            }
            command::signal_group(command, libc::SIGCONT);
        }
        Ok(Order::Measure) => report(link, &Report::SharedMemory { mib: unattached_shared_memory_mib() }, None),
        Err(_) => {}
    }
}

/// System V shared memory that no process is attached to, so that adding processes up would not find it
/// (proc_sysvipc(5)). Only a process of this IPC namespace sees it.
fn unattached_shared_memory_mib() -> i32 {
    let text = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    let resident = text.lines().skip(1).filter_map(|line| {
        let fields: Vec<u64> = line.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
        let (attached, resident, swapped) = (fields.get(6)?, fields.get(14)?, fields.get(15)?);
        (*attached == 0).then_some(resident + swapped)
    });
    i32::try_from(resident.sum::<u64>() >> 20).unwrap_or(i32::MAX)
}
