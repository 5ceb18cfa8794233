//! A Windows of the tests' own: a directory in which Wine keeps drives and registry, made once and owned by the ordinary user.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use crate::machine::{TEST_USER, is_root};
use crate::shell::{Result, command, run as carry_out, succeeds, target_directory, which};

/// Where Debian has it without the package that only puts it into PATH.
const DEBIAN: [(&str, &str); 2] = [("wine64", "/usr/lib/wine/wine64"), ("wineserver", "/usr/lib/wine/wineserver64")];
/// How a test program ends of which a test has failed.
const TESTS_FAILED: i32 = 101;
const STUB: &str = "xtask/src/wine/bcryptprimitives.c";
/// How long Wine's server waits for the next program after the last has ended, in seconds. By itself it waits three, and
/// the next program may come while it goes.
const SERVER_WAITS: &str = "--persistent=600";

/// The directory, and the programs of Wine.
pub(super) struct Prefix {
    directory: PathBuf,
    wine: PathBuf,
    server: PathBuf,
}

impl Prefix {
    /// Finds it or makes it, which takes some seconds.
    pub(super) fn get() -> Result<Self> {
        let [wine, server] = DEBIAN.map(|(name, path)| {
            let debian = Some(PathBuf::from(path)).filter(|path| path.is_file());
            which(name).or(debian).ok_or_else(|| format!("{name} is missing (package wine64)"))
        });
        let prefix = Self { directory: target_directory().join("wine"), wine: wine?, server: server? };
        if !prefix.random_numbers().exists() {
            prefix.make()?;
        }
        Ok(prefix)
    }

    /// Runs a program for Windows, or one of Wine's own.
    fn command(&self, program: &OsStr) -> Command {
        let mut command = self.as_user(&self.wine);
        command.arg(program);
        command
    }

    /// Has its server up until [`Self::end`], or until nobody has needed it for long.
    pub(super) fn begin(&self) -> Result<()> {
        carry_out(self.as_user(&self.server).arg(SERVER_WAITS))
    }

    /// Ends what still runs there, so that nothing is left.
    pub(super) fn end(&self) -> Result<()> {
        // It fails where nothing runs.
        succeeds(self.as_user(&self.server).arg("--kill"));
        carry_out(self.as_user(&self.server).arg("--wait"))
    }

    /// A program that the ordinary user runs when this is root, as root could do what no mode of a file allows. Without a
    /// display, without a word of Wine's about what it lacks, and no longer than whoever asks for it.
    fn as_user(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if is_root() {
            command.args(["--reuid", TEST_USER, "--regid", TEST_USER, "--init-groups"]);
        }
        command.arg(program).env("HOME", &self.directory).env("WINEPREFIX", &self.directory);
        command.env("WINEDEBUG", "-all").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        // Neither .NET nor a browser, which it would offer to fetch.
        command.env("WINEDLLOVERRIDES", "mscoree=;mshtml=");
        command
    }

    /// What programs of Rust do not start without; Wine has it from version 9 on.
    fn random_numbers(&self) -> PathBuf {
        self.directory.join("drive_c/windows/system32/bcryptprimitives.dll")
    }

    /// Otherwise it says that it is Windows 7.
    fn be_recent(&self) -> Result<()> {
        let words = ["add", r"HKEY_CURRENT_USER\Software\Wine", "/v", "Version", "/d", "win10", "/f"];
        carry_out(self.command("reg".as_ref()).args(words).stdout(Stdio::null()))
    }

    fn make(&self) -> Result<()> {
        std::fs::create_dir_all(&self.directory)?;
        if is_root() {
            carry_out(command("chown", [TEST_USER]).arg(&self.directory))?;
        }
        if !succeeds(self.as_user(Path::new("test")).arg("-w").arg(&self.directory)) {
            let directory = self.directory.display();
            return Err(format!("{TEST_USER} cannot reach {directory}; another CARGO_TARGET_DIR may do").into());
        }
        let mut boot = self.command("wineboot".as_ref());
        // It misses its half for programs of 32 bits, which nobody needs.
        carry_out(boot.arg("--init").current_dir(&self.directory).stderr(Stdio::null()))?;
        self.be_recent()?;
        carry_out(self.as_user(&self.server).arg("--wait"))?;
        if self.random_numbers().exists() {
            return Ok(());
        }
        let mut compiler = command("x86_64-w64-mingw32-gcc", ["-shared", "-s", "-Os", STUB, "-o"]);
        carry_out(compiler.arg(self.random_numbers()))
    }
}

/// Runs a program for Windows, with this program's input and output and in its directory; ends as it does.
pub(crate) fn run(program: &OsStr, arguments: &[OsString]) -> Result<ExitCode> {
    Ok(exit_code(Prefix::get()?.command(program).args(arguments).status()?))
}

/// The same for a test program. It ends well or with failed tests; where it ends otherwise, that is told and it runs once
/// more, as by then Wine has failed, or what fails twice.
pub(crate) fn run_test_program(program: &OsStr, arguments: &[OsString]) -> Result<ExitCode> {
    let prefix = Prefix::get()?;
    let mut status = prefix.command(program).args(arguments).status()?;
    if !status.success() && status.code() != Some(TESTS_FAILED) {
        eprintln!("{} ended with {status}, as no test does; once more", program.display());
        status = prefix.command(program).args(arguments).status()?;
    }
    Ok(exit_code(status))
}

fn exit_code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}
