//! What must be absent where: `unsafe` outside of `sys`, platforms and system calls in the pure crates.

use std::path::{Path, PathBuf};

use crate::shell::{Result, root};
use crate::source;

/// Crates that are the same on every platform and touch nothing of the machine they run on.
const PURE: [&str; 4] = ["acl", "policy", "plan", "mask"];
/// Modules of the standard library that a pure crate does without.
const IMPURE_STD: [&str; 8] = ["env", "fs", "net", "os", "process", "thread", "time::Instant", "time::SystemTime"];
/// What asks for the platform.
const PLATFORM: [&str; 6] = ["cfg(target", "cfg(unix", "cfg(windows", "cfg!(target", "cfg!(unix", "cfg!(windows"];
/// Crates in which `sys` modules may allow `unsafe`.
const WITH_SYS: [&str; 6] = ["confine", "gate", "query", "runner", "setup", "survey"];

/// Fails with one line for each place where something is that must not be.
pub(crate) fn check() -> Result<()> {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("crates"))? {
        let text = std::fs::read_to_string(&file)?;
        let name = file.strip_prefix(root())?.to_string_lossy().into_owned();
        wrong.extend(violations(&name, &text));
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("\n  {}", wrong.join("\n  ")).into()) }
}

fn violations(name: &str, text: &str) -> Vec<String> {
    let code = source::code(text);
    let mut wrong = Vec::new();
    let mut say =
        |lines: Vec<usize>, what: &str| wrong.extend(lines.iter().map(|line| format!("{name}:{line}: {what}")));
    if !is_sys(name) {
        say(source::lines_with(&code, "unsafe"), "`unsafe` outside of a `sys` module");
    }
    let in_crate = |names: &[&str]| names.iter().any(|krate| name.starts_with(&format!("crates/{krate}/src/")));
    if ["/src/lib.rs", "/src/main.rs"].iter().any(|end| name.ends_with(end)) {
        let lint = if in_crate(&WITH_SYS) { "deny(unsafe_code)" } else { "forbid(unsafe_code)" };
        // A program of a few lines stands on the lints of its library.
        if !code.contains(&format!("#![{lint}]")) && !name.ends_with("main.rs") {
            say(vec![1], &format!("`#![{lint}]` is missing"));
        }
    }
    if in_crate(&PURE) {
        for module in IMPURE_STD {
            say(source::lines_with_std(&code, module), &format!("`std::{module}` in a crate that is pure"));
        }
        for question in PLATFORM {
            let lines = code.lines().enumerate().filter(|(_, line)| line.contains(question));
            say(lines.map(|(index, _)| index + 1).collect(), &format!("`{question}…` in a crate that is pure"));
        }
    }
    wrong
}

/// `sys.rs` or below a folder `sys`.
fn is_sys(name: &str) -> bool {
    let path = Path::new(name);
    path.file_name().is_some_and(|file| file == "sys.rs") || path.iter().any(|part| part == "sys")
}

fn rust_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_belongs_into_sys() {
        assert_eq!(violations("crates/confine/src/linux/sys.rs", "unsafe {}").len(), 0);
        assert_eq!(violations("crates/survey/src/sys/linux.rs", "unsafe {}").len(), 0);
        assert_eq!(violations("crates/run/src/terminal.rs", "unsafe {}").len(), 1);
    }

    #[test]
    fn pure_crates_stay_pure() {
        assert_eq!(violations("crates/plan/src/a.rs", "use std::{fs, io};\n#[cfg(target_os = \"linux\")]").len(), 2);
        assert_eq!(violations("crates/run/src/a.rs", "use std::fs;\n#[cfg(target_os = \"linux\")]").len(), 0);
    }

    #[test]
    fn a_library_forbids_unsafe() {
        assert_eq!(violations("crates/policy/src/lib.rs", "//! x").len(), 1);
        assert_eq!(violations("crates/policy/src/lib.rs", "#![forbid(unsafe_code)]").len(), 0);
    }
}
