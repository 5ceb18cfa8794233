//! The other side of the self-test: a program that tries what it is told and says only that it began.
//!
//! Nothing is judged by what it says, but by what became of the things outside; except where a thing has no outside.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use pinfold_confine::hex;
use rustix::fs::{AtFlags, CWD, FileType, Timespec, Timestamps, XattrFlags};
use rustix::process::{Pid, Resource, Rlimit, Signal};
use rustix::thread::UnshareFlags;
use sha2::{Digest, Sha256};

/// First argument of the program when it is to attack.
pub(crate) const ARGUMENT: &str = "__attack";
/// Stands between the steps of a row of attacks.
pub(super) const NEXT: &str = ";;";
/// How long a process stays that shall outlive the run.
const LINGER: Duration = Duration::from_secs(20);
/// How long an answer of a socket is waited for.
const CONNECT: Duration = Duration::from_millis(300);

/// Attacks: one step, or a row of them each in a process of its own.
pub(crate) fn main(arguments: &[OsString]) -> ExitCode {
    match arguments {
        [row, steps @ ..] if row == "row" => {
            steps.split(|word| word == NEXT).for_each(|step| drop(program().args(step).status()));
            ExitCode::SUCCESS
        }
        [number, verb, rest @ ..] => step(number, verb, rest),
        _ => ExitCode::FAILURE,
    }
}

fn step(number: &OsStr, verb: &OsStr, rest: &[OsString]) -> ExitCode {
    say(&format!("@began {}", number.display()));
    match try_it(&verb.to_string_lossy(), rest) {
        Ok(()) => {
            say(&format!("@done {}", number.display()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("@failed {} {error}", number.display()));
            ExitCode::FAILURE
        }
    }
}

/// Whoever listens may be gone, or the limit on output reached.
fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// This program as an attacker.
fn program() -> Command {
    let own = std::env::args_os().next().unwrap_or_default();
    let mut command = Command::new(own);
    command.arg(ARGUMENT);
    command
}

fn try_it(verb: &str, rest: &[OsString]) -> io::Result<()> {
    let word = |index: usize| rest.get(index).map(OsString::as_os_str).ok_or(io::ErrorKind::InvalidInput);
    let path = |index: usize| word(index).map(Path::new);
    let number = |index: usize| -> io::Result<i32> {
        word(index)?.to_str().and_then(|text| text.parse().ok()).ok_or(io::ErrorKind::InvalidInput.into())
    };
    match verb {
        "say" => say(&word(0)?.to_string_lossy()),
        // Files.
        "overwrite" => return any(rest, |path| std::fs::write(path, "attacked")),
        "append" => OpenOptions::new().append(true).open(path(0)?)?.write_all(b"attacked")?,
        "shorten" => OpenOptions::new().write(true).open(path(0)?)?.set_len(1)?,
        "make-directory" => std::fs::create_dir_all(path(0)?)?,
        "plant" => plant(path(0)?)?,
        "repository" => repository(&path(0)?.join(".git"))?,
        "remove" => std::fs::remove_file(path(0)?)?,
        "rename" => std::fs::rename(path(0)?, path(1)?)?,
        "replace" => std::fs::write(path(1)?, "attacked").and_then(|()| std::fs::rename(path(1)?, path(0)?))?,
        "mode" => std::fs::set_permissions(path(0)?, Permissions::from_mode(0o777))?,
        "times" => set_times(path(0)?)?,
        "attribute" => rustix::fs::setxattr(path(0)?, "user.attacked", b"1", XattrFlags::empty())?,
        "symlink" => std::os::unix::fs::symlink(path(0)?, path(1)?)?,
        "write-by-symlink" => {
            std::os::unix::fs::symlink(path(0)?, path(1)?)?;
            std::fs::write(path(1)?, "attacked")?;
        }
        "write-by-link" => {
            std::fs::hard_link(path(0)?, path(1)?)?;
            std::fs::write(path(1)?, "attacked")?;
        }
        "read" => return any(rest, |path| show(&std::fs::read(path)?)),
        "read-by-symlink" => {
            std::os::unix::fs::symlink(path(0)?, path(1)?)?;
            show(&std::fs::read(path(1)?)?)?;
        }
        "read-by-link" => {
            std::fs::hard_link(path(0)?, path(1)?)?;
            show(&std::fs::read(path(1)?)?)?;
        }
        "list" => list(path(0)?)?,
        "digest" => say(&digest(path(0)?)?),
        "node" => {
            rustix::fs::mknodat(CWD, path(0)?, FileType::CharacterDevice, 0o666.into(), rustix::fs::makedev(1, 3))?
        }
        "own" => std::os::unix::fs::chown(path(0)?, Some(65534), Some(65534))?,
        "become" => return succeed(Command::new(path(0)?).args([ARGUMENT, "-", "plant"]).arg(path(1)?)),
        "mount" => rustix::mount::mount("none", path(0)?, "tmpfs", rustix::mount::MountFlags::empty(), None)?,
        // Sockets.
        "tcp" => drop(TcpStream::connect_timeout(&address(word(0)?)?, CONNECT)?),
        "udp" => send_datagram(address(word(0)?)?)?,
        "unix" => drop(UnixStream::connect(path(0)?)?),
        "unix-datagram" => drop(UnixDatagram::unbound()?.send_to(b"attacked", path(0)?)?),
        "abstract" => drop(UnixStream::connect_addr(&UnixAddr::from_abstract_name(word(0)?.as_bytes())?)?),
        "abstract-datagram" => {
            let address = UnixAddr::from_abstract_name(word(0)?.as_bytes())?;
            UnixDatagram::unbound()?.send_to_addr(b"attacked", &address)?;
        }
        // Processes.
        "kill" => rustix::process::kill_process(pid(number(0)?)?, Signal::KILL)?,
        "slow-down" => rustix::process::setpriority_process(Some(pid(number(0)?)?), 19)?,
        "restrict" => {
            let least = Rlimit { current: Some(16), maximum: Some(16) };
            rustix::process::prlimit(Some(pid(number(0)?)?), Resource::Nofile, least)?;
        }
        "memory-of" => peek(number(0)?, word(1)?)?,
        "environment-of" => return any(&rest[1..], |path| show_variable(&std::fs::read(path)?, word(0)?)),
        "environment-above" => {
            let above = rustix::process::getppid().ok_or(io::ErrorKind::NotFound)?;
            let files = [format!("/proc/{above}/environ").into(), "/proc/1/environ".into()];
            return any(&files, |path| show_variable(&std::fs::read(path)?, word(0)?));
        }
        "variable" => say(&std::env::var_os(word(0)?).ok_or(io::ErrorKind::NotFound)?.to_string_lossy()),
        "descriptors" => return any(rest, read_descriptor),
        "user-namespace" => new_user_namespace()?,
        "leave-behind" => leave_behind(word(0)?)?,
        "linger" => linger(),
        // What is seen while it waits.
        "wait" => wait(),
        "nest" => drop(program().args(["-", "wait"]).arg(word(0)?).status()?),
        "serve" => serve(word(0)?)?,
        "at-terminal" => at_terminal(word(0)?, &rest[1..])?,
        "terminal" => silence_terminal()?,
        "processes" => many_processes(number(0)?, word(1)?)?,
        "burn" => burn(),
        "files" => many_files(number(0)?)?,
        "memory" => much_memory(number(0)?),
        "fill" => fill(path(0)?, number(1)?)?,
        "shout" => shout(number(0)?)?,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    }
    Ok(())
}

/// Tries every path; one success is enough.
fn any(paths: &[OsString], attempt: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let mut last = Err(io::ErrorKind::InvalidInput.into());
    for path in paths {
        last = attempt(Path::new(path));
        if last.is_ok() {
            break;
        }
    }
    last
}

/// Prints what was stolen.
fn show(bytes: &[u8]) -> io::Result<()> {
    say(&String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]));
    Ok(())
}

/// Prints the value of one variable and nothing else of a block of them.
fn show_variable(block: &[u8], name: &OsStr) -> io::Result<()> {
    let wanted = [name.as_bytes(), b"="].concat();
    let at = block.windows(wanted.len()).position(|window| window == wanted).ok_or(io::ErrorKind::NotFound)?;
    let value = &block[at..];
    show(&value[..value.iter().position(|byte| *byte == 0).unwrap_or(value.len())])
}

fn plant(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    OpenOptions::new().create_new(true).write(true).mode(0o755).open(path)?.write_all(b"#!/bin/sh\n")
}

/// What makes a directory a repository, with a hook in it.
fn repository(git: &Path) -> io::Result<()> {
    for directory in ["objects", "refs/heads"] {
        std::fs::create_dir_all(git.join(directory))?;
    }
    std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n")?;
    std::fs::write(git.join("config"), "[core]\n\trepositoryformatversion = 0\n")?;
    plant(&git.join("hooks/post-checkout"))
}

fn set_times(path: &Path) -> io::Result<()> {
    let long_ago = Timespec { tv_sec: 1, tv_nsec: 0 };
    let times = Timestamps { last_access: long_ago, last_modification: long_ago };
    Ok(rustix::fs::utimensat(CWD, path, &times, AtFlags::empty())?)
}

fn list(directory: &Path) -> io::Result<()> {
    let names: Vec<_> = std::fs::read_dir(directory)?.flatten().map(|entry| entry.file_name()).collect();
    names.iter().for_each(|name| say(&format!("@entry {}", name.display())));
    Ok(())
}

fn digest(path: &Path) -> io::Result<String> {
    Ok(hex(Sha256::digest(std::fs::read(path)?)))
}

fn succeed(command: &mut Command) -> io::Result<()> {
    if command.stdout(Stdio::null()).status()?.success() { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

fn address(word: &OsStr) -> io::Result<SocketAddr> {
    word.to_str().and_then(|text| text.parse().ok()).ok_or(io::ErrorKind::InvalidInput.into())
}

fn send_datagram(to: SocketAddr) -> io::Result<()> {
    let from = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    UdpSocket::bind(from)?.send_to(b"attacked", to)?;
    Ok(())
}

fn pid(number: i32) -> io::Result<Pid> {
    Pid::from_raw(number).ok_or(io::ErrorKind::InvalidInput.into())
}

/// Looks for a variable in the stack of another process.
fn peek(process: i32, name: &OsStr) -> io::Result<()> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps"))?;
    let stack = maps.lines().find(|line| line.ends_with("[stack]")).ok_or(io::ErrorKind::NotFound)?;
    let range = stack.split(' ').next().and_then(|range| range.split_once('-')).ok_or(io::ErrorKind::InvalidData)?;
    let end = u64::from_str_radix(range.1, 16).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut top = vec![0; 32 * 1024];
    let memory = File::open(format!("/proc/{process}/mem"))?;
    memory.read_exact_at(&mut top, end.saturating_sub(32 * 1024))?;
    show_variable(&top, name)
}

/// A descriptor of the caller's, by its number.
fn read_descriptor(number: &Path) -> io::Result<()> {
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let path = Path::new("/proc/self/fd").join(number);
    let mut bytes = [0; 256];
    let length = OpenOptions::new().read(true).custom_flags(nonblocking).open(path)?.read(&mut bytes)?;
    show(&bytes[..length])
}

fn new_user_namespace() -> io::Result<()> {
    // It shares no table of descriptors, which is what makes other uses of this call unsound.
    #[expect(deprecated, reason = "its successor is unsafe for the sake of CLONE_FILES, which is not used")]
    Ok(rustix::thread::unshare(UnshareFlags::NEWUSER)?)
}

/// A grandchild in a session of its own.
fn leave_behind(mark: &OsStr) -> io::Result<()> {
    let mut command = program();
    command.args(["-", "linger"]).arg(mark).stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
    command.spawn()?;
    Ok(())
}

fn linger() {
    let _ = rustix::process::setsid();
    std::thread::sleep(LINGER);
}

/// Waits until whoever started all this lets go.
fn wait() {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
}

fn hold() {
    say("@holding");
    wait();
}

/// Greets whoever connects.
fn serve(greeting: &OsStr) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    say(&format!("@port {}", listener.local_addr()?.port()));
    let greeting = greeting.as_bytes().to_owned();
    std::thread::spawn(move || {
        listener.incoming().flatten().for_each(|mut caller| drop(caller.write_all(&greeting)));
    });
    wait();
    Ok(())
}

/// Runs a command in a session whose terminal is this process's standard output, and stays until nobody looks.
fn at_terminal(command: &OsStr, arguments: &[OsString]) -> io::Result<()> {
    rustix::process::setsid()?;
    rustix::process::ioctl_tiocsctty(rustix::stdio::stdout())?;
    let terminal = rustix::io::dup(rustix::stdio::stdout())?;
    let ended = Command::new(command).args(arguments).stdin(terminal).status();
    say("@over");
    // The end of a session resets its terminal.
    wait();
    ended.map(drop)
}

/// Changes the mode of the terminal it was given.
fn silence_terminal() -> io::Result<()> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let terminal = rustix::stdio::stdin();
    let mut modes = tcgetattr(terminal)?;
    modes.local_modes.remove(LocalModes::ECHO);
    Ok(tcsetattr(terminal, OptionalActions::Now, &modes)?)
}

fn many_processes(count: i32, mark: &OsStr) -> io::Result<()> {
    let start = |_| program().args(["-", "wait"]).arg(mark).stdout(Stdio::null()).spawn().ok();
    let mut children: Vec<Child> = (0..count).map_while(start).collect();
    hold();
    for child in &mut children {
        child.wait()?;
    }
    Ok(())
}

/// Uses as much processor time as two threads can.
fn burn() {
    for _ in 0..2 {
        std::thread::spawn(|| {
            loop {
                std::hint::black_box(0);
            }
        });
    }
    wait();
}

fn many_files(count: i32) -> io::Result<()> {
    let files: Vec<File> = (0..count).map_while(|_| File::open("/dev/null").ok()).collect();
    hold();
    drop(files);
    Ok(())
}

fn much_memory(mebibytes: i32) {
    let bytes = usize::try_from(mebibytes).unwrap_or(0) << 20;
    let memory = std::hint::black_box(vec![1_u8; bytes]);
    hold();
    drop(memory);
}

/// Writes to a file in the home that it is given.
fn fill(name: &Path, mebibytes: i32) -> io::Result<()> {
    let home = std::env::var_os("HOME").ok_or(io::ErrorKind::NotFound)?;
    let mut file = File::create(Path::new(&home).join(name))?;
    for block in 0..mebibytes {
        // Not zeros, which some file systems leave out.
        let content: Vec<u8> =
            (0..1_u32 << 20).map(|byte| (byte.wrapping_mul(2_654_435_761) >> 13) as u8 ^ block as u8).collect();
        file.write_all(&content)?;
    }
    file.sync_data()?;
    hold();
    Ok(())
}

fn shout(kibibytes: i32) -> io::Result<()> {
    (0..kibibytes).try_for_each(|_| io::stdout().write_all(&[b'x'; 1024]))?;
    io::stdout().flush()
}
