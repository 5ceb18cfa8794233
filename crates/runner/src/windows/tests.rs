//! Pipes and sessions with real processes. All of them run as the caller and unconfined: what is shown is that the
//! plumbing holds, nothing about accounts.
//!
//! The test program is its own runner and its own command: it is started with the argument that a runner gets, which to
//! the test harness is the name of a test.

use std::io::{self, Read, Write};
use std::os::windows::io::AsHandle;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio, exit};
use std::sync::{Arc, Mutex};

use pinfold_acl::Descriptor;
use serde_json::Value;
use windows_sys::Win32::System::JobObjects::JOB_OBJECT_UILIMIT_EXITWINDOWS;

use super::error::LaunchError;
use super::job::JobLimits;
use super::launch::{Runner, start, start_by};
use super::process::{Invocation, Process};
use super::random::bits;
use super::server::Server;
use super::sys::{job, pipe};
use super::user::own_user;
use super::worker::connect;
use super::{Door, PipeEnd, Signal, enter, nonce, run};
use crate::account::{Account, Password};
use crate::message::{Start, TerminalSize, Usage};
use crate::pipes::{PipeName, WRITE_END, descriptor};
use crate::{ARGUMENT, End, Launched, NotStarted, Notice, Running, Session, SessionError, Streams, supervise};

/// A command in a job.
struct Plain {
    child: Mutex<Child>,
    job: std::os::windows::io::OwnedHandle,
}

impl Running for Plain {
    fn wait(&self) -> io::Result<u32> {
        Ok(self.child.lock().unwrap().wait()?.code().unwrap() as u32)
    }

    fn end(&self) -> io::Result<()> {
        job::terminate(self.job.as_handle())
    }

    fn resize(&self, _: TerminalSize) -> io::Result<()> {
        Ok(())
    }

    fn usage(&self) -> io::Result<Usage> {
        job::usage(self.job.as_handle())
    }
}

fn start_plainly(start: Start<Value>) -> Result<Launched<Plain>, NotStarted> {
    let mut child = Command::new(&start.command[0])
        .args(&start.command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| NotStarted::NotExecuted {
            code: error.raw_os_error().unwrap() as u32,
            message: error.to_string(),
        })?;
    let job = job::new().unwrap();
    job::limit(job.as_handle(), JobLimits::default()).unwrap();
    job::assign(job.as_handle(), child.as_handle()).unwrap();
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    Ok(Launched {
        pid: child.id(),
        running: Plain { child: Mutex::new(child), job },
        stdin: Box::new(stdin.unwrap()),
        stdout: Box::new(stdout.unwrap()),
        stderr: Some(Box::new(stderr.unwrap())),
    })
}

/// Where this program is started by the tests below as a runner.
#[test]
fn __runner() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(ARGUMENT) {
        return;
    }
    exit(i32::from(run(&arguments.next().unwrap(), start_plainly).is_err()));
}

/// Where it is started as a command: what comes in goes out.
#[test]
fn __command() {
    if std::env::args().nth(1).as_deref() != Some("__command") {
        return;
    }
    let mut out = io::stdout().lock();
    out.write_all(b">").unwrap();
    out.flush().unwrap();
    let bytes = io::copy(&mut io::stdin().lock(), &mut out).unwrap();
    out.flush().unwrap();
    io::stderr().write_all(format!("{bytes} bytes").as_bytes()).unwrap();
    exit(9);
}

fn this_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

fn account() -> Account {
    Account { name: "nobody-here".into(), sid: own_user().unwrap(), password: Password::new("x").unwrap() }
}

fn begin() -> (Runner, (PipeEnd, PipeEnd)) {
    let (processes, memory_bytes, cpu_time_ms) = (Some(100), Some(2 << 30), Some(60_000));
    let limits = JobLimits { processes, memory_bytes, cpu_time_ms, interface: JOB_OBJECT_UILIMIT_EXITWINDOWS };
    start_by(&this_program(), &account(), limits, Process::plainly).unwrap()
}

fn session(runner: &Runner, command: &[&str]) -> Session {
    let start = Start {
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        environment: Vec::new(),
        directory: String::new(),
        plan: Value::Null,
        stdio: crate::Stdio::Pipes,
    };
    Session::new(start, runner.peer(), nonce().unwrap(), None).unwrap()
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

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
    /// What the command wrote, without what the harness wrote before it.
    fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        text.split_once('>').map_or(String::new(), |(_, text)| text.to_owned())
    }
}

fn itself() -> String {
    this_program().to_string_lossy().into_owned()
}

#[test]
fn a_session_goes_through_named_pipes() {
    let (runner, link) = begin();
    let (stdout, stderr) = (Sink::default(), Sink::default());
    let streams = Streams { stdin: io::repeat(b'x').take(3 << 20), stdout: stdout.clone(), stderr: stderr.clone() };
    let end = supervise(link, session(&runner, &[&itself(), "__command"]), streams, drop);
    assert_eq!(end.unwrap(), End::Exited { code: 9 });
    assert_eq!(stdout.text().len(), 3 << 20);
    assert_eq!(*stderr.0.lock().unwrap(), b"3145728 bytes");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let (runner, link) = begin();
    let streams = Streams { stdin: io::empty(), stdout: io::sink(), stderr: io::sink() };
    let end = supervise(link, session(&runner, &[r"C:\not\there.exe"]), streams, drop);
    assert!(matches!(end, Ok(End::NotStarted(NotStarted::NotExecuted { code: 2 | 3, .. }))), "{end:?}");
}

#[test]
fn the_runner_is_ended_with_all_that_it_started_and_that_is_no_success() {
    let (runner, link) = begin();
    let (stdin, never) = io::pipe().unwrap();
    let streams = Streams { stdin, stdout: io::sink(), stderr: io::sink() };
    let session = session(&runner, &[&itself(), "__command"]);
    let end = supervise(link, session, streams, |notice| {
        assert!(matches!(notice, Notice::Started { .. }));
        assert!(runner.usage().unwrap().processes >= 2, "the runner and its command are in the job");
        runner.end().unwrap();
    });
    assert!(matches!(end, Err(SessionError::Gone | SessionError::Link(_))), "{end:?}");
    while runner.usage().unwrap().processes > 0 {
        std::thread::yield_now();
    }
    drop(never);
}

#[test]
fn orders_pass_while_the_command_waits_for_input() {
    let (runner, link) = begin();
    let session = session(&runner, &[&itself(), "__command"]);
    let remote = session.remote();
    let (stdin, never) = io::pipe().unwrap();
    let streams = Streams { stdin, stdout: io::sink(), stderr: io::sink() };
    let mut measured = None;
    let end = supervise(link, session, streams, |notice| match notice {
        Notice::Started { .. } => remote.measure(),
        Notice::Usage(usage) => {
            measured = Some(usage.processes);
            remote.terminate();
        }
    });
    assert_eq!(end.unwrap(), End::Exited { code: 1 });
    assert_eq!(measured, Some(1));
    drop(never);
}

#[test]
fn whoever_comes_in_place_of_the_runner_is_not_talked_to() {
    let mut guest = None;
    let result = start_by(&this_program(), &account(), JobLimits::default(), |invocation| {
        let line = String::from_utf16(&invocation.line).unwrap();
        let name: PipeName = line.trim_end_matches('\0').rsplit(' ').next().unwrap().parse().unwrap();
        guest = Some(connect(&name).unwrap());
        Process::plainly(invocation)
    });
    assert!(matches!(result, Err(LaunchError::Stranger { pid }) if pid == std::process::id()), "{result:?}");
    let (mut reader, _) = guest.unwrap();
    assert_eq!(reader.read(&mut [0; 10]).unwrap(), 0, "nothing was said");
}

#[test]
fn a_runner_that_ends_early_is_not_waited_for() {
    let result = start_by(&this_program(), &account(), JobLimits::default(), |_| {
        let shell = PathBuf::from(r"C:\windows\system32\cmd.exe");
        Process::plainly(&Invocation::new(&shell, &["/c", "exit", "5"]).unwrap())
    });
    assert!(matches!(result, Err(LaunchError::Ended { code: 5 })), "{result:?}");
}

#[test]
fn an_account_that_is_not_there_starts_nothing() {
    let result = start(&this_program(), &account(), JobLimits::default());
    assert!(matches!(&result, Err(LaunchError::Start { account, .. }) if account == "nobody-here"), "{result:?}");
}

#[test]
fn a_pipe_that_is_there_already_is_not_used() {
    let (name, me) = (PipeName::new(bits().unwrap()), own_user().unwrap());
    let first = Server::make(&name, &me, &me).unwrap();
    assert!(Server::make(&name, &me, &me).is_err());
    drop(first);
    assert!(Server::make(&name, &me, &me).is_ok());
}

#[test]
fn a_pipe_has_the_list_that_it_was_made_with() {
    let me = own_user().unwrap();
    let wanted = descriptor(&me, &"S-1-5-21-7-7-7-7777".parse().unwrap(), WRITE_END);
    let path = PipeName::new(bits().unwrap()).from_runner();
    let made =
        pipe::create(&path, pipe::Direction::In, pipe::Instance::First { of: 1 }, &wanted.to_bytes().unwrap()).unwrap();
    let found = Descriptor::parse(&pipe::descriptor(made.as_handle()).unwrap()).unwrap();
    assert_eq!(found, wanted);
}

#[test]
fn each_end_goes_one_way() {
    let (name, me) = (PipeName::new(bits().unwrap()), own_user().unwrap());
    let _server = Server::make(&name, &me, &me).unwrap();
    let (mut reader, mut writer) = connect(&name).unwrap();
    assert!(reader.write(b"x").is_err());
    assert!(writer.read(&mut [0]).is_err());
    assert!(connect(&name).is_err(), "there is one instance of each");
}

/// A name for a door of a test's own.
fn place() -> String {
    PipeName::new(bits().unwrap()).to_runner()
}

/// Lets a visitor in.
fn visit(door: &mut Door, path: &str) -> (PipeEnd, PipeEnd) {
    let visitor = enter(path).unwrap();
    (door.next(&Signal::new().unwrap()).unwrap().unwrap(), visitor)
}

#[test]
fn visitors_come_to_a_door_one_after_the_other() {
    let path = place();
    let mut door = Door::make(&path, 2).unwrap();
    let (mut here, mut first) = visit(&mut door, &path);
    let (_there, second) = visit(&mut door, &path);
    first.write_all(b"from the first").unwrap();
    here.write_all(b"to the first").unwrap();
    let mut words = [0; 64];
    let length = here.read(&mut words).unwrap();
    assert_eq!(&words[..length], b"from the first");
    drop(here);
    let mut words = String::new();
    first.read_to_string(&mut words).unwrap();
    assert_eq!(words, "to the first", "what was said can be read when the other one is gone");
    drop((first, second));
    visit(&mut door, &path);
}

#[test]
fn who_finds_no_room_is_turned_away() {
    let path = place();
    let mut door = Door::make(&path, 1).unwrap();
    let (_here, _there) = visit(&mut door, &path);
    let closing = Signal::new().unwrap();
    let mut late = enter(&path).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| door.next(&closing));
        assert!(matches!(late.read(&mut [0]), Ok(0) | Err(_)), "nobody talks to him");
        closing.give();
        assert!(waiting.join().unwrap().unwrap().is_none());
    });
}

#[test]
fn a_door_has_one_maker_and_his_list() {
    let path = place();
    assert!(enter(&path).is_err());
    let door = Door::make(&path, 1).unwrap();
    assert!(Door::make(&path, 1).is_err());
    drop(door);
    let me = own_user().unwrap();
    let open = descriptor(&me, &"S-1-1-0".parse().unwrap(), WRITE_END);
    let _other =
        pipe::create(&path, pipe::Direction::Both, pipe::Instance::First { of: 2 }, &open.to_bytes().unwrap()).unwrap();
    assert!(enter(&path).is_err(), "whoever made this lets others in");
}

#[test]
fn nobody_waits_at_an_end_beyond_a_signal() {
    let path = place();
    let mut door = Door::make(&path, 1).unwrap();
    let (here, _there) = visit(&mut door, &path);
    let over = Signal::new().unwrap();
    let mut writing = here.try_clone().unwrap().until(over.clone());
    let mut reading = here.until(over.clone());
    std::thread::scope(|scope| {
        let read = scope.spawn(move || reading.read(&mut [0; 8]));
        let written = scope.spawn(move || {
            loop {
                if let Err(error) = writing.write_all(&[0; 1 << 16]) {
                    break error.kind();
                }
            }
        });
        over.give();
        assert_eq!(read.join().unwrap().unwrap(), 0);
        assert_eq!(written.join().unwrap(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn what_cannot_stand_on_a_command_line_is_refused() {
    assert!(Invocation::new(&PathBuf::from(r#"C:\a"b\c.exe"#), &["d"]).is_none());
    assert!(Invocation::new(&PathBuf::from(format!(r"C:\{}\c.exe", "a".repeat(1100))), &["d"]).is_none());
    let fits = Invocation::new(&PathBuf::from(r"C:\a b\c.exe"), &["d", "e"]).unwrap();
    assert_eq!(String::from_utf16(&fits.line).unwrap(), "\"C:\\a b\\c.exe\" d e\0");
    assert_eq!(String::from_utf16(&fits.directory).unwrap(), "C:\\a b\0");
}
