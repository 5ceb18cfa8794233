//! The other side of the self-test: a program that tries what it is told and says only that it began.
//!
//! Nothing is judged by what it says, but by what became of the things outside; except where a thing has no outside.

mod files;
pub(super) mod greedy;
mod others;
mod staying;
pub(super) mod victim;

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use pinfold_confine::windows::attack;

use super::attack::catalogue::Verb;

/// First argument of the program when it is to attack.
pub(crate) const ARGUMENT: &str = "__attack";
/// Before the name of a file with a row of attacks.
pub(super) const ROW: &str = "row";
/// How long one attack of a row may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often one looks.
const INTERVAL: Duration = Duration::from_millis(5);
/// How long an answer from the network is waited for.
const CONNECT: Duration = Duration::from_secs(3);

/// Attacks: one step, or a row of them each in a process of its own.
pub(crate) fn main(arguments: &[OsString]) -> ExitCode {
    let words: Option<Vec<&str>> = arguments.iter().map(|word| word.to_str()).collect();
    match words.as_deref() {
        Some([ROW, file]) => row(Path::new(file)),
        Some([number, verb, rest @ ..]) => step(number, verb, Words(rest)),
        _ => ExitCode::FAILURE,
    }
}

/// The arguments of a row would be more than a command line has room for, so they are in a file, as lists in JSON.
fn row(file: &Path) -> ExitCode {
    let text = std::fs::read(file).unwrap_or_default();
    let Ok(steps) = serde_json::from_slice::<Vec<Vec<String>>>(&text) else { return ExitCode::FAILURE };
    steps.iter().for_each(|step| take(step));
    ExitCode::SUCCESS
}

/// One step of a row. One that hangs ends.
fn take(step: &[String]) {
    let Ok(mut child) = program().and_then(|mut program| program.args(step).stdin(Stdio::null()).spawn()) else {
        return;
    };
    let begin = Instant::now();
    while let Ok(None) = child.try_wait() {
        if begin.elapsed() > PATIENCE {
            let _ = child.kill();
        }
        std::thread::sleep(INTERVAL);
    }
}

fn step(number: &str, verb: &str, words: Words<'_>) -> ExitCode {
    say(&format!("@began {number}"));
    let done = Verb::of(verb).ok_or(io::ErrorKind::Unsupported.into()).and_then(|verb| carry_out(verb, words));
    match done {
        Ok(()) => {
            say(&format!("@done {number}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("@failed {number} {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Whoever listens may be gone, or the limit on output reached.
fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Prints what was stolen.
fn show(bytes: &[u8]) -> io::Result<()> {
    say(&String::from_utf8_lossy(bytes.get(..4096).unwrap_or(bytes)));
    Ok(())
}

/// This program as an attacker.
fn program() -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(ARGUMENT);
    Ok(command)
}

/// What comes after a verb.
#[derive(Clone, Copy)]
struct Words<'a>(&'a [&'a str]);

impl<'a> Words<'a> {
    fn text(self, at: usize) -> io::Result<&'a str> {
        self.0.get(at).copied().ok_or(io::ErrorKind::InvalidInput.into())
    }

    fn path(self, at: usize) -> io::Result<&'a Path> {
        self.text(at).map(Path::new)
    }

    fn number(self, at: usize) -> io::Result<usize> {
        self.text(at)?.parse().map_err(|_| io::ErrorKind::InvalidInput.into())
    }

    fn process(self) -> io::Result<u32> {
        self.text(0)?.parse().map_err(|_| io::ErrorKind::InvalidInput.into())
    }
}

/// One line for each verb.
fn carry_out(verb: Verb, words: Words<'_>) -> io::Result<()> {
    match verb {
        Verb::Overwrite => files::overwrite(words.path(0)?),
        Verb::Append => files::append(words.path(0)?),
        Verb::Shorten => files::shorten(words.path(0)?),
        Verb::Plant => files::plant(words.path(0)?),
        Verb::MakeDirectory => std::fs::create_dir(words.path(0)?),
        Verb::Repository => files::repository(&words.path(0)?.join(".git")),
        Verb::Remove => std::fs::remove_file(words.path(0)?),
        Verb::RemoveOnClose => files::remove_on_close(words.path(0)?),
        Verb::Rename => std::fs::rename(words.path(0)?, words.path(1)?),
        Verb::Replace => files::replace(words.path(0)?, words.path(1)?),
        Verb::Exchange => files::exchange(words.path(0)?, words.path(1)?, words.path(2)?),
        Verb::Attributes => files::make_read_only(words.path(0)?),
        Verb::Times => files::set_times(words.path(0)?),
        Verb::List => attack::open_to_everybody(words.text(0)?),
        Verb::OpenToOwn => files::open_to_own(words.path(0)?),
        Verb::Label => attack::label_low(words.text(0)?),
        Verb::WriteByLink => files::link(words).and_then(files::overwrite),
        Verb::WriteBySymlink => files::symlink(words).and_then(files::overwrite),
        Verb::WriteByJunction => files::join(words).and_then(|path| files::overwrite_existing(&path)),
        Verb::WriteByDrive => files::by_drive(words.text(0)?, words.text(1)?),
        Verb::WritePipe => files::write_pipe(words.path(0)?),
        Verb::Read => show(&std::fs::read(words.path(0)?)?),
        Verb::ReadByLink => show(&std::fs::read(files::link(words)?)?),
        Verb::ReadByJunction => show(&std::fs::read(files::join(words)?)?),
        Verb::Names => files::names(words.path(0)?),
        Verb::SetValue => attack::set_value(words.text(0)?, words.text(1)?, "rem"),

        Verb::ArgumentsOf => show(attack::command_line(words.process()?)?.as_bytes()),
        Verb::MemoryOf => show(&attack::read_memory(words.process()?, words.number(1)?, victim::SECRET_BYTES)?),
        Verb::WriteMemoryOf => attack::write_memory(words.process()?, words.number(1)?, victim::REWRITTEN.as_bytes()),
        Verb::HandleOf => others::read_file_of(words.process()?, words.number(1)?),
        Verb::Kill => attack::terminate(words.process()?),
        Verb::Suspend => attack::suspend(words.process()?),
        Verb::SlowDown => attack::slow_down(words.process()?),
        Verb::TypeInto => attack::type_into(words.process()?),
        Verb::Impersonate => {
            attack::impersonate(words.process()?).and_then(|()| files::overwrite_existing(words.path(1)?))
        }
        Verb::ChildOf => others::write_as_child_of(words.process()?, words.text(1)?),

        Verb::SetEvent => attack::set_event(words.text(0)?),
        Verb::WriteSection => attack::write_section(words.text(0)?, victim::REWRITTEN),
        Verb::ReadSection => others::show_section(words.text(0)?),
        Verb::AddAtom => attack::add_atom(words.text(0)?),
        Verb::SetTitle => attack::set_title(words.text(0)?, victim::REWRITTEN),

        Verb::Privilege => attack::enable_privilege(words.text(0)?),
        Verb::RaiseIntegrity => attack::raise_integrity().and_then(|()| files::overwrite_existing(words.path(0)?)),

        Verb::LeaveBehind => staying::leave_behind(words),
        Verb::BreakAway => staying::break_away(words),
        Verb::ByManagement => staying::by_management(words),
        Verb::ByShell => staying::by_shell(words),
        Verb::PlanTask => staying::plan_task(words.text(0)?),
        Verb::Nest => staying::nest(words),
        Verb::Linger => staying::linger(words.path(0)?, words.path(1)?),

        Verb::Tcp => TcpStream::connect_timeout(&address(words)?, CONNECT).map(drop),
        Verb::Udp => send_datagram(address(words)?),
        Verb::Resolve => words.text(0)?.to_socket_addrs()?.next().map(drop).ok_or(io::ErrorKind::NotFound.into()),

        Verb::Variable => show(std::env::var(words.text(0)?).map_err(io::Error::other)?.as_bytes()),
        Verb::ReadHandle => show(&attack::read_handle(words.number(0)?)?),

        Verb::ManyProcesses => greedy::many_processes(words.number(0)?, words.path(1)?, words.text(2)?),
        Verb::ManyFiles => greedy::many_files(words.number(0)?, words.path(1)?),
        Verb::MuchMemory => greedy::much_memory(words.number(0)?),
        Verb::Fill => greedy::fill(words.number(0)?, words.path(1)?),
        Verb::Shout => greedy::shout(words.number(0)?),
        Verb::Burn => greedy::burn(words.path(0)?, words.path(1)?),

        Verb::Say => words.text(0).map(say),
        Verb::Victim => victim::live(),
    }
}

fn address(words: Words<'_>) -> io::Result<SocketAddr> {
    words.text(0)?.parse().map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn send_datagram(to: SocketAddr) -> io::Result<()> {
    let from = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    UdpSocket::bind(from)?.send_to(b"attacked", to).map(drop)
}

/// Waits until whoever started all this lets go.
fn wait() {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
}

/// Says that it has what it wanted, and keeps it.
fn hold() {
    say("@holding");
    wait();
}
