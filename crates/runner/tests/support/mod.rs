//! A command that runs as it is, and both sides of a session over real pipes. Nothing is confined here.
#![allow(dead_code, reason = "each test program uses a part")]

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use pinfold_runner::{
    End, Launched, Myself, Nonce, NotStarted, Notice, Peer, Running, Session, SessionError, Start, Streams,
    TerminalSize, Usage, serve, supervise,
};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

/// A command in a process group of its own.
pub(crate) struct Plain {
    child: Mutex<Child>,
    group: Pid,
    resized: AtomicU32,
}

impl Running for Plain {
    fn wait(&self) -> io::Result<u32> {
        self.child.lock().unwrap().wait().map(code)
    }

    fn end(&self) -> io::Result<()> {
        // Nobody may be there any more.
        let _ = kill_process_group(self.group, Signal::KILL);
        Ok(())
    }

    fn resize(&self, size: TerminalSize) -> io::Result<()> {
        self.resized.store(size.columns.into(), Ordering::SeqCst);
        Ok(())
    }

    fn usage(&self) -> io::Result<Usage> {
        Ok(Usage { processes: 1, memory_bytes: 2, cpu_ms: self.resized.load(Ordering::SeqCst).into() })
    }
}

fn code(status: ExitStatus) -> u32 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u32::try_from(code).unwrap()
}

/// Starts what it is told, as the user that the tests run as.
pub(crate) fn start_plainly(start: Start<Value>) -> Result<Launched<Plain>, NotStarted> {
    if start.plan == "impossible" {
        let step = "lay the foundation".to_owned();
        return Err(NotStarted::Refused { step, code: 5, message: "Access is denied.".into() });
    }
    let mut child = Command::new(&start.command[0])
        .args(&start.command[1..])
        .env_clear()
        .envs(start.environment)
        .current_dir(start.directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| NotStarted::NotExecuted {
            code: error.raw_os_error().unwrap() as u32,
            message: error.to_string(),
        })?;
    let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let terminal = start.stdio != pinfold_runner::Stdio::Pipes;
    let stderr = child.stderr.take().filter(|_| !terminal).map(|stderr| Box::new(stderr) as Box<dyn Read + Send>);
    let pid = child.id();
    let group = Pid::from_child(&child);
    let running = Plain { child: Mutex::new(child), group, resized: AtomicU32::new(0) };
    Ok(Launched { running, pid, stdin: Box::new(stdin), stdout: Box::new(stdout), stderr })
}

/// A shell that does what the text says.
pub(crate) fn shell(script: &str) -> Start<Value> {
    Start {
        command: vec!["/bin/sh".into(), "-c".into(), script.into()],
        environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
        directory: "/".into(),
        plan: Value::Null,
        stdio: pinfold_runner::Stdio::Pipes,
    }
}

pub(crate) const NONCE: Nonce = Nonce([1; 16]);

pub(crate) fn peer() -> Peer {
    Peer { pid: 77, user: "S-1-5-21-1-2-3-1001".into() }
}

pub(crate) fn myself() -> Myself {
    let Peer { pid, user } = peer();
    Myself { pid, user, nonce: Nonce([2; 16]) }
}

pub(crate) fn session(start: Start<Value>) -> Session {
    Session::new(start, peer(), NONCE, None).unwrap()
}

/// What is written to it, for others to see.
#[derive(Clone, Default)]
pub(crate) struct Sink(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// The supervisor's and the runner's ends of a link.
pub(crate) struct Link {
    pub(crate) supervisor: (PipeReader, PipeWriter),
    pub(crate) runner: (PipeReader, PipeWriter),
}

pub(crate) fn link() -> Link {
    let (down, up) = (io::pipe().unwrap(), io::pipe().unwrap());
    Link { supervisor: (up.0, down.1), runner: (down.0, up.1) }
}

/// An honest runner.
pub(crate) fn honest((reader, writer): (PipeReader, PipeWriter)) -> JoinHandle<Result<(), SessionError>> {
    std::thread::spawn(move || serve(reader, writer, myself(), start_plainly))
}

/// What came of a session.
pub(crate) struct Outcome {
    pub(crate) end: Result<End, SessionError>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) notices: Vec<Notice>,
    pub(crate) runner: Result<(), SessionError>,
}

/// A whole session with an honest runner.
pub(crate) fn run(session: Session, stdin: impl Read + Send + 'static) -> Outcome {
    let link = link();
    let runner = honest(link.runner);
    let (stdout, stderr, mut notices) = (Sink::default(), Sink::default(), Vec::new());
    let streams = Streams { stdin, stdout: stdout.clone(), stderr: stderr.clone() };
    let end = supervise(link.supervisor, session, streams, |notice| notices.push(notice));
    Outcome { end, stdout: stdout.text(), stderr: stderr.text(), notices, runner: runner.join().unwrap() }
}
