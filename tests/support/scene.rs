//! A home with a project in it, and things around that nobody inside should touch.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::processes::{eventually, is_alive, marked};
use crate::runner::{Ended, Runner, Running, Terminals};
use crate::{Listener, TypedTerminal, User, pinfold};

/// Programs of the host.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(120);
/// Begins every Python program of the tests.
const PYTHON_PRELUDE: &str = include_str!("prelude.py");
/// Begins every shell script of the tests.
const SHELL_PRELUDE: &str = include_str!("prelude.sh");
/// An hour that nothing in a test happens at.
const LONG_AGO_S: i64 = 1_000_000_000;

/// A place of its own for one run. All in it belongs to the attacker's user, and goes when the scene does.
///
/// ```text
/// ROOT/home/            $HOME
/// ROOT/home/project/    $WORKSPACE, a git repository with one commit
/// ROOT/home/other/      another project
/// ROOT/elsewhere/       $OUTSIDE, not in the home
/// ```
#[derive(Debug)]
pub struct Scene {
    /// Who works here.
    pub user: &'static User,
    root: PathBuf,
    runner: Runner,
    secret: String,
    mark: String,
    variables: RefCell<BTreeMap<String, OsString>>,
    caller_variables: RefCell<BTreeMap<String, OsString>>,
    companions: RefCell<Vec<Child>>,
    listeners: RefCell<Vec<Listener>>,
    terminal: RefCell<Option<TypedTerminal>>,
    runs: AtomicUsize,
}

impl Scene {
    /// A fresh scene, for runs without or with the sandbox.
    pub fn new(runner: Runner) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let user = User::attacker();
        let name = format!("{}-{number}", std::process::id());
        let root = user.base().join(format!("scene-{name}"));
        let scene = Self {
            user,
            runner,
            // Different bytes, so that finding the mark is never finding the secret.
            secret: format!("secret-{}", random()),
            mark: format!("mark-{name}-{}", random()),
            root,
            variables: RefCell::default(),
            caller_variables: RefCell::default(),
            companions: RefCell::default(),
            listeners: RefCell::default(),
            terminal: RefCell::default(),
            runs: AtomicUsize::new(0),
        };
        scene.set_up();
        scene
    }

    fn set_up(&self) {
        std::fs::create_dir(&self.root).expect("the scene's directory");
        self.user.own(&self.root);
        let email = "[user]\nname = Test\nemail = test@example.invalid\n[init]\ndefaultBranch = main\n[protocol \"file\"]\nallow = always\n";
        self.write("home/.gitconfig", email);
        self.write("home/project/README", "a project\n");
        self.write("home/other/README", "another project\n");
        self.write("elsewhere/README", "not in the home\n");
        for (name, path) in [
            ("WORKSPACE", "home/project"),
            ("OTHER", "home/other"),
            ("OUTSIDE", "elsewhere"),
            ("LOOT", "home/project/loot"),
            ("RAN", "home/project/ran"),
            ("TRAP", "elsewhere/trap-went-off"),
        ] {
            self.set(name, self.path(path));
        }
        self.set("MARK", &self.mark);
        self.git("home/project", &["init", "--quiet"]);
        self.git("home/project", &["add", "README"]);
        self.git("home/project", &["commit", "--quiet", "--message", "first"]);
    }

    /// Whether runs here are without or with the sandbox.
    pub fn runner(&self) -> Runner {
        self.runner
    }

    /// A path in the scene.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// Words that are written nowhere but where the test puts them.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Words for the arguments of processes that shall be found again.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// Gives the attacker a variable, inside too.
    pub fn set(&self, name: &str, value: impl Into<OsString>) {
        self.variables.borrow_mut().insert(name.into(), value.into());
    }

    /// Gives the caller of the sandbox a variable; whether it comes in is the sandbox's business.
    pub fn set_for_caller(&self, name: &str, value: impl Into<OsString>) {
        self.caller_variables.borrow_mut().insert(name.into(), value.into());
    }

    /// Replaces `$NAME` of the attacker's variables in a flag.
    fn expand(&self, text: &str) -> String {
        let variables = self.variables.borrow();
        let mut names: Vec<&String> = variables.keys().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let home = self.path("home");
        names.iter().fold(text.replace("$HOME", &home.to_string_lossy()), |text, name| {
            text.replace(&format!("${name}"), &variables[*name].to_string_lossy())
        })
    }

    // ---- files ----

    /// Makes a directory of the user's, with those above it.
    pub fn directory(&self, relative: impl AsRef<Path>) {
        let path = self.path(relative);
        let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev() {
            std::fs::create_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            self.user.own(path);
        }
    }

    /// Writes a file of the user's that looks old.
    pub fn write(&self, relative: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(&relative);
        if let Some(parent) = relative.as_ref().parent() {
            self.directory(parent);
        }
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.user.own(&path);
        let then = std::time::UNIX_EPOCH + Duration::from_secs(LONG_AGO_S.unsigned_abs());
        let _ = std::fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(then));
    }

    /// Writes an executable file of the user's.
    pub fn write_program(&self, relative: impl AsRef<Path>, content: &str) {
        self.write(&relative, content);
        self.mode(relative, 0o755);
    }

    /// Sets a mode.
    pub fn mode(&self, relative: impl AsRef<Path>, mode: u32) {
        let path = self.path(relative);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("the mode of a file");
    }

    /// Makes a link of the user's.
    pub fn link(&self, target: impl AsRef<Path>, relative: impl AsRef<Path>) {
        let path = self.path(&relative);
        if let Some(parent) = relative.as_ref().parent() {
            self.directory(parent);
        }
        std::os::unix::fs::symlink(target, &path).expect("a symbolic link");
        self.user.own(&path);
    }

    /// What a file holds; nothing when it is missing.
    pub fn read(&self, relative: impl AsRef<Path>) -> String {
        String::from_utf8_lossy(&std::fs::read(self.path(relative)).unwrap_or_default()).into_owned()
    }

    /// Whether something is there, were it a broken link.
    pub fn has(&self, relative: impl AsRef<Path>) -> bool {
        self.path(relative).symlink_metadata().is_ok()
    }

    /// Whether what the attacker brought home contains the secret.
    pub fn was_robbed(&self) -> bool {
        let loot = std::fs::read(self.path("home/project/loot")).unwrap_or_default();
        loot.windows(self.secret.len()).any(|window| window == self.secret.as_bytes())
    }

    /// Whether a program that the attacker left was executed outside.
    pub fn trap_went_off(&self) -> bool {
        self.has("elsewhere/trap-went-off")
    }

    /// What everything that ran here has written to its standard output.
    pub fn printed(&self) -> String {
        (0..self.runs.load(Ordering::SeqCst)).map(|number| self.read(format!("out-{number}"))).collect()
    }

    // ---- what goes on outside ----

    /// Runs real git outside, as the user does. Its success is not asked for: traps may break it.
    pub fn git(&self, directory: &str, arguments: &[&str]) -> Ended {
        let mut command = self.command("git");
        command.args(arguments).current_dir(self.path(directory));
        self.start(command, None).wait()
    }

    /// What a user does all day in a repository.
    pub fn everyday_git(&self, directory: &str) {
        for arguments in [
            &["status"][..],
            &["add", "--all"],
            &["diff", "--cached"],
            &["commit", "--quiet", "--allow-empty", "--message", "work"],
            &["checkout", "--quiet", "-B", "topic"],
            &["log", "--oneline"],
        ] {
            self.git(directory, arguments);
        }
    }

    /// Starts a Python program of the user's that lives beside the attack; waits until it says `ready`.
    pub fn companion(&self, program: &str) -> u32 {
        let program = format!("{PYTHON_PRELUDE}\n{program}");
        let mut command = self.command("/usr/bin/python3");
        command.args(["-c", &program]).current_dir(self.path("elsewhere")).stdout(Stdio::piped()).stdin(Stdio::null());
        for (name, value) in &*self.caller_variables.borrow() {
            command.env(name, value);
        }
        command.env("SECRET", &self.secret);
        let mut child = command.spawn().expect("a companion");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("the companion's output");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a word of the companion");
        let pid = child.id();
        self.companions.borrow_mut().push(child);
        assert!(line.starts_with("ready"), "the companion said {line:?}");
        if let Some(word) = line.split_whitespace().nth(1) {
            self.set("COMPANION_SAYS", word);
        }
        pid
    }

    /// Starts an innocent process of the user's; `$VICTIM` is its number.
    pub fn victim(&self) {
        let pid = self.companion("print('ready', flush=True)\ntime.sleep(120)");
        self.set("VICTIM", pid.to_string());
    }

    /// The number in `$VICTIM`.
    pub fn victim_pid(&self) -> u32 {
        self.variables.borrow()["VICTIM"].to_string_lossy().parse().expect("a number")
    }

    /// Keeps a service as long as the scene; `$PORT` is its port.
    pub fn serve(&self, listener: Listener) {
        self.set("PORT", listener.port.to_string());
        self.listeners.borrow_mut().push(listener);
    }

    /// How often the scene's services were called.
    pub fn calls(&self) -> usize {
        // What was sent just before the end may still be under way.
        std::thread::sleep(Duration::from_millis(50));
        self.listeners.borrow().iter().map(Listener::calls).sum()
    }

    /// Puts runs on a terminal: its standard input, and output and errors where asked.
    pub fn sit_at(&self, terminal: TypedTerminal) {
        *self.terminal.borrow_mut() = Some(terminal);
    }

    /// The terminal of [`Scene::sit_at`].
    pub fn terminal(&self) -> std::cell::Ref<'_, TypedTerminal> {
        std::cell::Ref::map(self.terminal.borrow(), |terminal| terminal.as_ref().expect("a terminal"))
    }

    // ---- runs ----

    /// A shell script as a command line.
    pub fn sh(&self, script: &str) -> Vec<String> {
        vec!["/bin/sh".into(), "-c".into(), format!("{SHELL_PRELUDE}\n{script}"), "attack".into()]
    }

    /// A Python program as a command line.
    pub fn python(&self, program: &str) -> Vec<String> {
        vec!["/usr/bin/python3".into(), "-c".into(), format!("{PYTHON_PRELUDE}\n{program}")]
    }

    /// Starts a command line, without or with the sandbox. `flags` go to the sandbox; `launcher` is a shell script
    /// that prepares what the caller of the sandbox hands on, and ends in `exec "$@"`.
    pub fn launch(&self, line: &[String], flags: &[String], launcher: Option<&str>, on: [bool; 3]) -> Running {
        let mut words: Vec<OsString> = Vec::new();
        if let Some(launcher) = launcher {
            words.extend(["/bin/bash", "-c", launcher, "launcher"].map(OsString::from));
        }
        if self.runner == Runner::Sandbox {
            words.extend([pinfold().as_os_str().to_owned(), "run".into()]);
            for (name, value) in &*self.variables.borrow() {
                let mut variable = OsString::from(format!("--env={name}="));
                variable.push(value);
                words.push(variable);
            }
            words.extend(flags.iter().flat_map(|flag| flag.split(' ')).map(|word| self.expand(word).into()));
            words.push("--".into());
        }
        words.extend(line.iter().map(OsString::from));
        let mut command = self.command(&words[0]);
        command.args(&words[1..]).current_dir(self.path("home/project"));
        for (name, value) in &*self.caller_variables.borrow() {
            command.env(name, value);
        }
        let terminal = self.terminal.borrow();
        let terminals = terminal.as_ref().map(|terminal| Terminals {
            stdin: if on[0] { terminal.stdio() } else { Stdio::null() },
            stdout: on[1].then(|| terminal.stdio()),
            stderr: on[2].then(|| terminal.stdio()),
        });
        self.start(command, terminals)
    }

    /// Another run of the same kind, from start to end.
    pub fn run(&self, line: &[String], flags: &[String]) -> Ended {
        self.launch(line, flags, None, [false; 3]).wait()
    }

    /// A command of the user's, with the attacker's variables.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.user.command(program);
        command.env("HOME", self.path("home")).env("PATH", PATH).env("LANG", "C.UTF-8");
        command.env("USER", &self.user.name).env("LOGNAME", &self.user.name);
        command.envs(&*self.variables.borrow());
        command
    }

    fn start(&self, command: Command, terminal: Option<Terminals>) -> Running {
        let number = self.runs.fetch_add(1, Ordering::SeqCst);
        let output = ["out", "err"].map(|name| self.path(format!("{name}-{number}")));
        Running::start(command, output, DEADLINE, terminal)
    }
}

impl Drop for Scene {
    /// Ends what the test and its attack started, by its number, and takes the scene away.
    fn drop(&mut self) {
        for companion in self.companions.get_mut() {
            let _ = companion.kill();
            let _ = companion.wait();
        }
        for pid in marked(&self.mark) {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        let mark = self.mark.clone();
        eventually(|| marked(&mark).into_iter().all(|pid| !is_alive(pid)));
        remove(&self.root);
    }
}

/// Removes a tree, also what its owner closed against himself.
fn remove(root: &Path) {
    if std::fs::remove_dir_all(root).is_ok() {
        return;
    }
    let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(root).stderr(Stdio::null()).status();
    if let Err(error) = std::fs::remove_dir_all(root) {
        eprintln!("{} stays: {error}", root.display());
    }
}

/// Letters that nobody guesses.
fn random() -> String {
    let mut bytes = [0_u8; 12];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).expect("randomness");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
