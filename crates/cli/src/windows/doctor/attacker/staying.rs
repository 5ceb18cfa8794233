//! Processes that shall outlive the run.

use std::fs::File;
use std::io;
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{ARGUMENT, Words, program, say};
use crate::windows::doctor::attack::catalogue::Verb;

/// How long one stays that nobody ends.
const LINGER: Duration = Duration::from_secs(120);
/// How often it looks whether it shall end.
const INTERVAL: Duration = Duration::from_millis(50);

/// Ways to be started (winbase.h).
const DETACHED_PROCESS: u32 = 0x8;
const CREATE_BREAKAWAY_FROM_JOB: u32 = 0x100_0000;

/// What the interpreter is told, with what is started in variables: nothing has to be quoted.
const BY_MANAGEMENT: &str = "Invoke-CimMethod -ClassName Win32_Process -MethodName Create \
    -Arguments @{CommandLine = '\"' + $env:PINFOLD_PROGRAM + '\" ' + $env:PINFOLD_ARGUMENTS}";
/// The list of the shell's windows (`ShellWindows`) leads to the shell itself, in whose process this is carried out.
const BY_SHELL: &str = "$windows = [Activator]::CreateInstance([Type]::GetTypeFromCLSID(\
    [Guid]'9BA05972-F6A8-11CF-A442-00A0C90A8F39')); \
    $windows.Item().Document.Application.ShellExecute($env:PINFOLD_PROGRAM, $env:PINFOLD_ARGUMENTS, '', 'open', 0)";

pub(super) fn leave_behind(words: Words<'_>) -> io::Result<()> {
    start(words, DETACHED_PROCESS)
}

pub(super) fn break_away(words: Words<'_>) -> io::Result<()> {
    start(words, DETACHED_PROCESS | CREATE_BREAKAWAY_FROM_JOB)
}

fn start(words: Words<'_>, flags: u32) -> io::Result<()> {
    let mut command = program()?;
    command.args(["-", Verb::Linger.word(), words.text(0)?, words.text(1)?]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).creation_flags(flags);
    command.spawn().map(drop)
}

/// A service of the system starts it, in the name of who asks.
pub(super) fn by_management(words: Words<'_>) -> io::Result<()> {
    ask(BY_MANAGEMENT, words)
}

/// The user's desktop starts it.
pub(super) fn by_shell(words: Words<'_>) -> io::Result<()> {
    ask(BY_SHELL, words)
}

fn ask(script: &str, words: Words<'_>) -> io::Result<()> {
    let arguments = format!("{ARGUMENT} - {} \"{}\" \"{}\"", Verb::Linger.word(), words.text(0)?, words.text(1)?);
    let mut interpreter = Command::new("powershell.exe");
    interpreter.args(["-NoProfile", "-NonInteractive", "-Command", script]);
    interpreter.env("PINFOLD_PROGRAM", std::env::current_exe()?).env("PINFOLD_ARGUMENTS", arguments);
    succeed(&mut interpreter)
}

/// One that does nothing, should it ever be carried out.
pub(super) fn plan_task(name: &str) -> io::Result<()> {
    let task = ["/Create", "/TN", name, "/TR", "cmd.exe /c rem", "/SC", "ONCE", "/ST", "23:59", "/F"];
    succeed(Command::new("schtasks.exe").args(task))
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if ended.success() { Ok(()) } else { Err(io::Error::other("it failed")) }
}

pub(super) fn nest(words: Words<'_>) -> io::Result<()> {
    let mut command = program()?;
    command.args(["-", Verb::Linger.word(), words.text(0)?, words.text(1)?]).stdin(Stdio::null());
    command.status().map(drop)
}

/// Its lock on a file is what is seen of it from outside, whoever started it and wherever.
pub(super) fn linger(alive: &Path, end: &Path) -> io::Result<()> {
    let file = File::open(alive)?;
    file.lock()?;
    say("@lingering");
    let begin = Instant::now();
    while !end.exists() && begin.elapsed() < LINGER {
        std::thread::sleep(INTERVAL);
    }
    Ok(())
}
