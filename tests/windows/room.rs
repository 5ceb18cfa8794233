//! A home with a project in it, as a program for Windows sees it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pinfold_tests::{TypedTerminal, User, marked, skip};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Value, json};

/// How long anything may take, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// Where the marker of a setup lies.
const SETUP: &str = "setup.json";

/// Which build of the program is called.
#[derive(Debug, Clone, Copy)]
enum Build {
    Released,
    Plumbing,
}

impl Build {
    fn path(self) -> Option<PathBuf> {
        let variable = match self {
            Self::Released => "PINFOLD_WINDOWS_BIN",
            Self::Plumbing => "PINFOLD_WINDOWS_PLUMBING_BIN",
        };
        std::env::var_os(variable).map(PathBuf::from)
    }
}

/// A place of its own for one test; it goes when the test ends.
///
/// ```text
/// ROOT/home/            %USERPROFILE%
/// ROOT/home/project/    the workspace
/// ROOT/local/           %LOCALAPPDATA%
/// ROOT/roaming/         %APPDATA%
/// ROOT/code             the whole exit code of the last call
/// ROOT/setup.json       the accounts, where there are some
/// ```
#[derive(Debug)]
pub(crate) struct Room {
    user: &'static User,
    root: PathBuf,
    wine: PathBuf,
    builds: [PathBuf; 2],
}

impl Room {
    /// A room, or nothing where there is no Wine or no program, which is said.
    pub(crate) fn new() -> Option<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let wine = std::env::var_os("PINFOLD_WINE").map(PathBuf::from);
        let (Some(wine), Some(released), Some(plumbing)) = (wine, Build::Released.path(), Build::Plumbing.path())
        else {
            skip("`cargo xtask wine` has not built the program for Windows");
            return None;
        };
        let user = User::attacker();
        let name = format!("room-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let room = Self { user, root: user.base().join(name), wine, builds: [released, plumbing] };
        room.make(&room.path("home/project"));
        Some(room)
    }

    /// One in which accounts pass for set up, though nobody can log on: their runners are the caller's.
    pub(crate) fn with_accounts() -> Option<Self> {
        let room = Self::new()?;
        room.write(SETUP, marker(&room, free_port()));
        Some(room)
    }

    /// A path of this room.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The same as Windows has it.
    pub(crate) fn native(&self, relative: impl AsRef<Path>) -> String {
        native(&self.path(relative))
    }

    /// Writes a file of the user's, with the directories above it.
    pub(crate) fn write(&self, relative: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        self.make(path.parent().expect("a file is in a directory"));
        std::fs::write(&path, content).expect("a file of the test");
        self.user.own(&path);
    }

    /// What a file holds.
    pub(crate) fn read(&self, relative: impl AsRef<Path>) -> String {
        let path = self.path(relative);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn has(&self, relative: impl AsRef<Path>) -> bool {
        self.path(relative).symlink_metadata().is_ok()
    }

    /// Makes directories of the user's.
    fn make(&self, directory: &Path) {
        if !directory.exists() {
            self.make(directory.parent().expect("a parent"));
            std::fs::create_dir(directory).expect("a directory of the test");
            self.user.own(directory);
        }
    }

    /// The program as it is released.
    pub(crate) fn released<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Call<'_> {
        self.call(&native(&self.builds[Build::Released as usize])).words(words)
    }

    /// The program that starts commands under Wine.
    pub(crate) fn pinfold<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Call<'_> {
        self.call(&native(&self.builds[Build::Plumbing as usize])).words(words)
    }

    /// The bytes of both: as released, and for tests.
    pub(crate) fn programs(&self) -> [Vec<u8>; 2] {
        self.builds.each_ref().map(|path| std::fs::read(path).expect("the program"))
    }

    /// A run with flags, in which the tests' own program plays a part.
    pub(crate) fn run_with(&self, flags: &[&str], part: &[&str]) -> Call<'_> {
        self.pinfold(["run", "--best-effort"]).words(flags).words(["--", &native(helper())]).words(part)
    }

    /// A run in which the tests' own program plays a part.
    pub(crate) fn run(&self, part: &[&str]) -> Call<'_> {
        self.run_with(&[], part)
    }

    /// The tests' own program, without pinfold.
    pub(crate) fn bare(&self, part: &[&str]) -> Call<'_> {
        self.call(&native(helper())).words(part)
    }

    /// Where the tests' own program is.
    pub(crate) fn helper(&self) -> String {
        native(helper())
    }

    /// The program that starts commands under Wine, as Windows names it.
    pub(crate) fn plumbing(&self) -> String {
        native(&self.builds[Build::Plumbing as usize])
    }

    /// A program for Windows in the project.
    pub(crate) fn call(&self, program: &str) -> Call<'_> {
        let mut command = Command::new(&self.wine);
        command.arg("wine").arg(helper()).args(["at", &native(&self.root), program]);
        command.current_dir(self.path("home/project"));
        if self.has(SETUP) {
            command.env("PINFOLD_PLUMBING_SETUP", self.native(SETUP));
        }
        Call { command, stdin: None, terminal: None, room: self }
    }

    /// What the ledger has of the last run.
    pub(crate) fn events(&self) -> Vec<Value> {
        let log = self.pinfold(["log", "last", "--json"]).go().ok();
        log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Processes of this room that have a word among their arguments.
    pub(crate) fn processes(&self, word: &str) -> Vec<u32> {
        let of_room = marked(&native(&self.root));
        let with_word = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|part| part == word.as_bytes())
        };
        of_room.into_iter().filter(with_word).collect()
    }

    /// The process of Wine that is pinfold.
    pub(crate) fn supervisor(&self) -> Option<Pid> {
        let program = native(&self.builds[Build::Plumbing as usize]);
        let is_pinfold = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.starts_with(program.as_bytes())
        };
        let pid = marked(&native(&self.root)).into_iter().find(is_pinfold)?;
        Pid::from_raw(pid.cast_signed())
    }

    /// The process of Wine that is the runner of a run with accounts: its arguments tell nobody whose it is.
    pub(crate) fn runner(&self) -> Option<Pid> {
        let setup = format!("PINFOLD_PLUMBING_SETUP={}", self.native(SETUP));
        let is_ours = |pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == setup.as_bytes())
        };
        Pid::from_raw(marked("__runner").into_iter().find(is_ours)?.cast_signed())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        for pid in marked(&native(&self.root)).into_iter().filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
            let _ = kill_process(pid, Signal::KILL);
        }
        if let Err(error) = std::fs::remove_dir_all(&self.root) {
            eprintln!("{} stays: {error}", self.root.display());
        }
    }
}

/// What `pinfold setup` leaves behind, with the accounts being the caller.
fn marker(room: &Room, gate_port: u16) -> String {
    static SEALED: OnceLock<String> = OnceLock::new();
    let sealed = SEALED.get_or_init(|| room.bare(&["seal", "PinfoldOffline", "PinfoldOnline"]).go().ok());
    let mut lines = sealed.lines();
    let [user, offline, online] = [(); 3].map(|()| lines.next().expect("a line of the helper's"));
    let marker = json!({
        "format": 1, "finished": true, "program": "0.1.0", "time": 1, "owner": user, "gate-port": gate_port,
        "group": {"name": "PinfoldSandbox", "sid": "S-1-5-21-1-2-3-1004"},
        "accounts": [
            {"name": "PinfoldOffline", "sid": user, "sealed": offline},
            {"name": "PinfoldOnline", "sid": user, "sealed": online},
        ],
        "former": [],
    });
    marker.to_string()
}

/// A port that nobody has at the moment.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Wine has the whole file system as drive Z.
fn native(path: &Path) -> String {
    format!("Z:{}", path.to_str().expect("a plain path").replace('/', r"\"))
}

/// The tests' own program, built once.
fn helper() -> &'static Path {
    static HELPER: OnceLock<PathBuf> = OnceLock::new();
    HELPER.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("helper.exe");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("windows/helper.c");
        let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
        compiler.args(["-municode", "-Os", "-s", "-Wall", "-Werror"]).arg(source).arg("-o").arg(&program);
        compiler.args(["-lcrypt32", "-lws2_32"]);
        assert!(compiler.status().expect("a compiler for Windows").success());
        program
    })
}

/// A command that is about to be run.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    command: Command,
    stdin: Option<Vec<u8>>,
    /// Input and output, when it is at a terminal.
    terminal: Option<[Stdio; 2]>,
    room: &'a Room,
}

impl<'a> Call<'a> {
    pub(crate) fn words<S: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.command.args(words);
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// What it reads; nothing, when this is not called.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// At a terminal, but for its complaints.
    pub(crate) fn at(mut self, terminal: &TypedTerminal) -> Self {
        self.terminal = Some([terminal.stdio(), terminal.stdio()]);
        self
    }

    /// What it writes goes to files, so that nothing that outlives it keeps anybody waiting: services of Wine are started by the
    /// first program that needs them, with its streams.
    pub(crate) fn start(mut self) -> Running<'a> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let output = ["stdout", "stderr"].map(|name| self.room.path(format!("{name}-{number}")));
        let [stdout, stderr] = output.each_ref().map(|path| File::create(path).expect("a file for output"));
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        let [stdin, stdout] = self.terminal.unwrap_or([stdin, stdout.into()]);
        self.command.stdin(stdin).stdout(stdout).stderr(stderr).process_group(0);
        let described = format!("{:?}", self.command);
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{described}: {error}"));
        if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), self.stdin) {
            std::thread::spawn(move || pipe.write_all(&bytes));
        }
        Running { child, output, begin: Instant::now(), described, room: self.room }
    }

    pub(crate) fn go(self) -> Ended {
        self.start().wait()
    }
}

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    child: Child,
    output: [PathBuf; 2],
    begin: Instant,
    described: String,
    room: &'a Room,
}

impl Running<'_> {
    /// What it has written so far.
    pub(crate) fn so_far(&self) -> String {
        let [stdout, _] = &self.output;
        lossy(&std::fs::read(stdout).unwrap_or_default()).replace("\r\n", "\n")
    }

    pub(crate) fn wait(mut self) -> Ended {
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the status of a child") {
                break Some(status);
            }
            if self.begin.elapsed() > DEADLINE {
                let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
                let _ = self.child.wait();
                break None;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let [stdout, stderr] = self.output.each_ref().map(|path| std::fs::read(path).unwrap_or_default());
        let code = std::fs::read_to_string(self.room.path("code")).ok().and_then(|code| code.parse().ok());
        let ended =
            Ended { status, code, stdout, stderr: lossy(&stderr), described: std::mem::take(&mut self.described) };
        assert!(!ended.to_string().contains("panicked"), "{ended}");
        ended
    }
}

/// What nobody waits for any more ends, with what it has started.
impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// As Wine gives it, which is the last eight bits.
    status: Option<ExitStatus>,
    /// As Windows has it.
    code: Option<u32>,
    /// What it wrote.
    pub(crate) stdout: Vec<u8>,
    /// What it complained about.
    pub(crate) stderr: String,
    described: String,
}

impl Ended {
    /// What it wrote, when it succeeded.
    pub(crate) fn ok(self) -> String {
        self.ends_with(0).text()
    }

    /// What it wrote.
    pub(crate) fn text(&self) -> String {
        lossy(&self.stdout).replace("\r\n", "\n").trim_end().to_owned()
    }

    /// Checks how it ended.
    pub(crate) fn ends_with(self, code: u32) -> Self {
        assert!(self.status.is_some(), "too slow: {self}");
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Checks that it says something on standard error.
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "should say {words:?}: {self}");
        self
    }

    /// Checks that it writes something to standard output.
    pub(crate) fn tells(self, words: &str) -> Self {
        assert!(self.text().contains(words), "should tell {words:?}: {self}");
        self
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stdout = lossy(&self.stdout[..self.stdout.len().min(10_000)]);
        write!(f, "{}\n{:?} {:?}\n{stdout}\n{}", self.described, self.status, self.code, self.stderr)
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
