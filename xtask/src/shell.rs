//! Running other programs, and saying what is going on.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// What goes wrong here is only ever told to a person.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the checkout").to_owned()
}

/// Where cargo builds.
pub(crate) fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |target| root().join(target))
}

/// Where tools are kept that take long to build: `PINFOLD_TOOLS`, which may outlive the checkout, or with what cargo builds.
pub(crate) fn tools_directory() -> PathBuf {
    std::env::var_os("PINFOLD_TOOLS").map_or_else(|| target_directory().join("tools"), |tools| root().join(tools))
}

/// Is this the continuous integration?
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// A command in the root of the checkout, without standard input and without what `cargo run` adds to the environment.
pub(crate) fn command<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let added = name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_"));
        if added
            || ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "LD_LIBRARY_PATH"]
                .map(OsStr::new)
                .contains(&name.as_ref())
        {
            command.env_remove(name);
        }
    }
    command
}

/// `cargo` with words separated by spaces; with `--locked` where dependencies must not move.
pub(crate) fn cargo(words: &str) -> Command {
    let mut command = command("cargo", words.split_whitespace());
    let resolves = !words.starts_with('+') && !words.starts_with("fmt") && !words.starts_with("install");
    if is_ci() && resolves && !words.starts_with("deny") && !words.contains(" -- ") {
        command.arg("--locked");
    }
    command
}

/// Runs a command and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().map_err(|error| format!("`{shown}` did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status})").into()) }
}

/// What a command prints, or why there is nothing to read.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let Output { status, stdout, stderr } =
        command.output().map_err(|error| format!("`{shown}` did not start: {error}"))?;
    if !status.success() {
        return Err(format!("`{shown}` failed ({status}): {}", String::from_utf8_lossy(&stderr).trim()).into());
    }
    Ok(String::from_utf8(stdout)?)
}

/// Does a command end well? Its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Where a program is found.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let more = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// Goes on without something, loudly; in continuous integration, where everything is to be had, that is a failure.
pub(crate) fn skip<T: Default>(what: &str, why: impl std::fmt::Display) -> Result<T> {
    if is_ci() {
        return Err(format!("{what}: {why}").into());
    }
    eprintln!("   skipped: {what}: {why}");
    Ok(T::default())
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// A named step whose time is told when it ends.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("── {name}");
    let start = Instant::now();
    let done = work().map_err(|error| format!("{name}: {error}"))?;
    eprintln!("   {name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(done)
}
