//! A home with a project in it, and somebody who works there.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pinfold_tests::{User, pinfold, skip};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

/// Programs of the host.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
/// How long anything but a build may take.
const DEADLINE: Duration = Duration::from_secs(120);
/// What git asks of everybody.
const GIT_CONFIG: &str = "[user]\nname = Test\nemail = test@example.invalid\n[init]\ndefaultBranch = main\n";

/// A place of its own for one story; it goes when the story ends.
///
/// ```text
/// ROOT/home/            $HOME
/// ROOT/home/project/    a git repository with one commit
/// ```
#[derive(Debug)]
pub(crate) struct Desk {
    /// Who works here.
    pub(crate) user: &'static User,
    root: PathBuf,
}

impl Desk {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let user = User::attacker();
        let name = format!("desk-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let desk = Self { user, root: base(user).join(name) };
        desk.write("home/.gitconfig", GIT_CONFIG);
        desk.write("home/project/README", "a project\n");
        desk.outside("git init --quiet && git add README && git commit --quiet --message first").ok();
        desk
    }

    /// A path of this desk.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The project.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.path("home/project")
    }

    /// Writes a file of the user's, with the directories above it.
    pub(crate) fn write(&self, relative: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        self.make(path.parent().expect("a file is in a directory"));
        std::fs::write(&path, content).expect("a file of the story");
        self.user.own(&path);
    }

    /// Writes a script.
    pub(crate) fn script(&self, relative: impl AsRef<Path>, content: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.write(&relative, content);
        std::fs::set_permissions(self.path(relative), std::fs::Permissions::from_mode(0o755)).expect("an executable");
    }

    /// Makes directories of the user's.
    pub(crate) fn make(&self, directory: &Path) {
        if !directory.exists() {
            self.make(directory.parent().expect("a parent"));
            std::fs::create_dir(directory).expect("a directory of the story");
            self.user.own(directory);
        }
    }

    /// Gives all that is below a directory to the user.
    pub(crate) fn own_all(&self, relative: impl AsRef<Path>) {
        let owner = format!("{}:{}", self.user.uid, self.user.gid);
        let given = Command::new("chown").args(["-hR", &owner]).arg(self.path(relative)).status();
        assert!(given.expect("chown").success());
    }

    /// What a file holds.
    pub(crate) fn read(&self, relative: impl AsRef<Path>) -> String {
        let path = self.path(relative);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A script without the sandbox, in the project.
    pub(crate) fn outside(&self, script: &str) -> Ended {
        self.call("/bin/bash").arguments(["-c", script]).run()
    }

    /// A script in the sandbox, in the project.
    pub(crate) fn inside(&self, script: &str) -> Ended {
        self.inside_with(&[], script)
    }

    /// A script in the sandbox, with flags of `pinfold run`.
    pub(crate) fn inside_with(&self, flags: &[&str], script: &str) -> Ended {
        self.pinfold(["run"]).arguments(flags).arguments(["--", "/bin/bash", "-c", script]).run()
    }

    /// The program under test.
    pub(crate) fn pinfold<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Call<'_> {
        self.call(pinfold()).arguments(arguments)
    }

    /// What the ledger has of the last run.
    pub(crate) fn events(&self, filter: &[&str]) -> Vec<Value> {
        let log = self.pinfold(["log", "last", "--json"]).arguments(filter).run().ok();
        log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// A command of the user's.
    pub(crate) fn call(&self, program: impl AsRef<OsStr>) -> Call<'_> {
        let mut command = self.user.command(program);
        command.env("HOME", self.path("home")).env("PATH", self.search_path()).env("LANG", "C.UTF-8");
        command.env("USER", &self.user.name).env("LOGNAME", &self.user.name).env("SHELL", "/bin/bash");
        command.current_dir(self.workspace());
        Call { command, stdin: None, deadline: DEADLINE, desk: self }
    }

    /// A program that prepares the host first, as root, in namespaces of the story's own, and then becomes the user:
    /// `$AS_USER` begins a line that the user runs.
    pub(crate) fn on_host(&self, script: &str) -> Ended {
        let ids = [self.user.uid, self.user.gid].map(|id| id.to_string());
        let as_user = format!("setpriv --reuid={} --regid={} --clear-groups --", ids[0], ids[1]);
        let mut command = Command::new("/usr/bin/unshare");
        command.args(["--mount", "--propagation", "private", "/bin/bash", "-c", script]);
        command.env_clear().env("HOME", self.path("home")).env("PATH", self.search_path()).env("LANG", "C.UTF-8");
        command.env("AS_USER", as_user).env("DESK", &self.root).current_dir(self.workspace());
        Call { command, stdin: None, deadline: DEADLINE, desk: self }.run()
    }

    /// With the program under test before the host's.
    fn search_path(&self) -> OsString {
        let directory = self.path("home/.local/bin");
        if !directory.exists() {
            self.make(&directory);
            std::os::unix::fs::symlink(pinfold(), directory.join("pinfold")).expect("a link to the program");
        }
        let mut path = directory.into_os_string();
        path.push(":");
        path.push(PATH);
        path
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::fs::remove_dir_all(&self.root).is_err() {
            let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(&self.root).stderr(Stdio::null()).status();
            if let Err(error) = std::fs::remove_dir_all(&self.root) {
                eprintln!("{} stays: {error}", self.root.display());
            }
        }
    }
}

/// A command that is about to be run.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    command: Command,
    stdin: Option<Vec<u8>>,
    deadline: Duration,
    desk: &'a Desk,
}

impl<'a> Call<'a> {
    pub(crate) fn arguments<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Where, from the desk.
    pub(crate) fn directory(mut self, relative: impl AsRef<Path>) -> Self {
        self.command.current_dir(self.desk.path(relative));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// What it reads; nothing, when this is not called.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub(crate) fn start(mut self) -> Running {
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let described = format!("{:?}", self.command);
        let started = Instant::now();
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{described}: {error}"));
        if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), self.stdin) {
            std::thread::spawn(move || pipe.write_all(&bytes));
        }
        let stdout = gather(child.stdout.take().expect("a pipe"));
        let stderr = gather(child.stderr.take().expect("a pipe"));
        Running { child, stdout, stderr, started, deadline: self.deadline, described }
    }

    pub(crate) fn run(self) -> Ended {
        self.start().wait()
    }
}

type Gathered = std::thread::JoinHandle<Vec<u8>>;

fn gather(mut pipe: impl Read + Send + 'static) -> Gathered {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: Gathered,
    stderr: Gathered,
    started: Instant,
    deadline: Duration,
    described: String,
}

impl Running {
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("a signal to a command of the story");
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the status of a child").is_some()
    }

    pub(crate) fn wait(mut self) -> Ended {
        let waiting = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the status of a child") {
                break Some(status);
            }
            if waiting.elapsed() > self.deadline {
                let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
                let _ = self.child.wait();
                break None;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let took = self.started.elapsed();
        let [stdout, stderr] = [self.stdout, self.stderr].map(|gathered| gathered.join().expect("a reader"));
        Ended { status, stdout, stderr: lossy(&stderr), took, described: self.described }
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    status: Option<ExitStatus>,
    /// What it wrote.
    pub(crate) stdout: Vec<u8>,
    /// What it complained about.
    pub(crate) stderr: String,
    /// How long it took.
    pub(crate) took: Duration,
    described: String,
}

impl Ended {
    /// What it wrote, when it succeeded.
    pub(crate) fn ok(self) -> String {
        assert!(self.status.is_some_and(|status| status.success()), "{self}");
        self.text()
    }

    /// What it wrote.
    pub(crate) fn text(&self) -> String {
        lossy(&self.stdout).trim_end().to_owned()
    }

    /// What the program under test says of the run with `--json`.
    pub(crate) fn summary(&self) -> Value {
        let line = self.stderr.lines().last().unwrap_or_else(|| panic!("no summary: {self}"));
        serde_json::from_str(line).expect("JSON")
    }

    /// As a shell would give it in `$?`.
    pub(crate) fn code(&self) -> i32 {
        let status = self.status.unwrap_or_else(|| panic!("too slow: {self}"));
        status.code().or_else(|| status.signal().map(|signal| 128 + signal)).expect("an end")
    }

    /// Checks how it ended.
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{self}");
        self
    }

    /// Checks that it says nothing on standard error.
    pub(crate) fn says_nothing(self) -> Self {
        assert_eq!(self.stderr, "", "{self}");
        self
    }

    /// Checks that it says something on standard error.
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "should say {words:?}: {self}");
        self
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let status = self.status.map_or_else(|| "did not end".into(), |status| status.to_string());
        let stdout = lossy(&self.stdout[..self.stdout.len().min(10_000)]);
        write!(f, "{}\n{status}\n{stdout}\n{}", self.described, self.stderr)
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a program is there; says so when it is not.
pub(crate) fn lacks(program: &str) -> bool {
    let there = PATH.split(':').any(|directory| Path::new(directory).join(program).exists());
    if !there {
        skip(&format!("there is no {program} here"));
    }
    !there
}

/// Whether the host cannot be prepared; says so.
pub(crate) fn cannot_prepare_hosts() -> bool {
    let root = User::test_is_root();
    if !root {
        skip("only root can prepare such a host");
    }
    !root
}

/// Where this user's desks are.
fn base(user: &User) -> PathBuf {
    let base = match std::env::var_os("PINFOLD_TEST_BASE") {
        Some(base) => PathBuf::from(base),
        None => home(user).join("pinfold-stories"),
    };
    std::fs::create_dir_all(&base).expect("a directory for desks");
    user.own(&base);
    std::fs::canonicalize(base).expect("the directory for desks")
}

/// The real home of an account.
fn home(user: &User) -> PathBuf {
    let accounts = std::fs::read("/etc/passwd").expect("/etc/passwd");
    let found = accounts.split(|byte| *byte == b'\n').find_map(|line| {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        (fields.first() == Some(&user.name.as_bytes())).then(|| PathBuf::from(OsStr::from_bytes(fields[5])))
    });
    found.or_else(|| std::env::var_os("HOME").map(PathBuf::from)).expect("a home")
}
