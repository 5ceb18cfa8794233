//! A command under a plan on Windows, from identifiers to its end. Where nothing confines, as under Wine, the self-check
//! must refuse; a build with the feature `plumbing` starts the command all the same.
//!
//! The program is its own child in several roles, so it has a `main` of its own.

#[cfg(not(windows))]
fn main() {
    println!("skipped, because this is not Windows");
}

#[cfg(windows)]
#[path = "windows/run.rs"]
mod run;

#[cfg(windows)]
fn main() -> std::process::ExitCode {
    run::main()
}
