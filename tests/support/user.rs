//! Who attacks: an ordinary user, made when root runs the tests, or whoever runs them.

use std::os::unix::fs::lchown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Made when root runs the tests.
const DEFAULT_NAME: &str = "pinfold-test";

/// An account.
#[derive(Debug, Clone)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Number of its group.
    pub gid: u32,
    home: PathBuf,
}

impl User {
    /// The user who attacks.
    pub fn attacker() -> &'static Self {
        static ATTACKER: OnceLock<User> = OnceLock::new();
        ATTACKER.get_or_init(|| {
            if !Self::test_is_root() {
                return Self::current();
            }
            let name = std::env::var("PINFOLD_TEST_AS").unwrap_or_else(|_| DEFAULT_NAME.into());
            Self::named(&name).unwrap_or_else(|| Self::make(&name))
        })
    }

    /// Whether the tests themselves run as root, and so can prepare what an ordinary user cannot.
    pub fn test_is_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    /// Whether the attacks run as root.
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// A command that this user runs, with an empty environment.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        if Self::test_is_root() {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Gives a path to this user.
    pub fn own(&self, path: &Path) {
        if Self::test_is_root() {
            lchown(path, Some(self.uid), Some(self.gid)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }

    /// Where this user's scenes are built.
    pub fn base(&self) -> PathBuf {
        let base = match std::env::var_os("PINFOLD_TEST_BASE") {
            Some(base) => PathBuf::from(base),
            None => self.home.join("pinfold-attacks"),
        };
        if !base.exists() {
            std::fs::create_dir_all(&base).expect("a directory for scenes");
            self.own(&base);
        }
        std::fs::canonicalize(base).expect("the directory for scenes")
    }

    fn current() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        let home = std::env::var_os("HOME").map(PathBuf::from).expect("HOME");
        let name = accounts().into_iter().find(|user| user.uid == uid).map_or_else(|| "user".into(), |user| user.name);
        Self { name, uid, gid, home }
    }

    fn named(name: &str) -> Option<Self> {
        accounts().into_iter().find(|user| user.name == name)
    }

    /// Several test processes may want the user at the same time.
    fn make(name: &str) -> Self {
        let lock = std::fs::File::create(std::env::temp_dir().join("pinfold-test-user.lock")).expect("a lock file");
        lock.lock().expect("the lock");
        if let Some(user) = Self::named(name) {
            return user;
        }
        let status = Command::new("useradd").args(["-m", name]).status().expect("useradd");
        assert!(status.success(), "useradd -m {name}: {status}");
        Self::named(name).expect("the user that was just made")
    }
}

fn accounts() -> Vec<User> {
    let text = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let account = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, ..] = fields[..] else { return None };
        Some(User { name: name.into(), uid: uid.parse().ok()?, gid: gid.parse().ok()?, home: home.into() })
    };
    text.lines().filter_map(account).collect()
}
