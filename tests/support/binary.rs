//! The program under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::User;

/// A copy of the program under test that the attacker may execute.
pub fn pinfold() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| copied(&original()))
}

fn original() -> PathBuf {
    if let Some(program) = std::env::var_os("PINFOLD_BIN") {
        return PathBuf::from(program);
    }
    let test = std::env::current_exe().expect("the path of this test");
    let beside = test.ancestors().nth(2).expect("the directory of the build").join("pinfold");
    if !beside.exists() {
        build(beside.parent().and_then(Path::parent).expect("the target directory"));
    }
    beside
}

fn build(target: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "pinfold-cli", "--target-dir"]).arg(target);
    let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo");
    assert!(status.success(), "building pinfold: {status}");
}

/// The build directory may be closed to other users.
fn copied(program: &Path) -> PathBuf {
    let metadata = std::fs::metadata(program).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let stamp = format!("pinfold-{}-{}", changed.unwrap_or_default().as_nanos(), metadata.len());
    let directory = User::attacker().base().join("bin");
    std::fs::create_dir_all(&directory).expect("a directory for the program");
    let copy = directory.join(stamp);
    if !copy.exists() {
        let fresh = directory.join(format!("fresh-{}", std::process::id()));
        // By another program: a child that is forked meanwhile would keep the copy open for writing, and nobody executes that.
        let status = Command::new("cp").args([program, &fresh]).status().expect("cp");
        assert!(status.success(), "copying the program: {status}");
        std::fs::rename(&fresh, &copy).expect("the copy in its place");
    }
    copy
}
