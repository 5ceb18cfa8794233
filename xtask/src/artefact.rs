//! The static program, built in one way for tests, benchmarks and releases.

use std::path::PathBuf;

use crate::elf;
use crate::shell::{Result, cargo, command, root, run, target_directory, which};
use crate::standard_library::installed;

/// The target of the static program: musl where its standard library is installed or can be, else glibc.
pub(crate) fn target() -> Result<String> {
    let machine = std::env::consts::ARCH;
    let musl = format!("{machine}-unknown-linux-musl");
    // Without rustup, or without its server, it may be there all the same.
    let _ = command("rustup", ["target", "add", &musl]).output();
    if installed(&musl)? {
        return Ok(musl);
    }
    eprintln!("   no standard library for {musl} (`rustup target add {musl}`): linking glibc statically instead");
    Ok(format!("{machine}-unknown-linux-gnu"))
}

/// Builds the program and makes sure that it is static.
pub(crate) fn build() -> Result<PathBuf> {
    let target = target()?;
    let words = format!("build --package pinfold-cli --bin pinfold --release --target {target}");
    let mut build = cargo(&words);
    build.env("CARGO_ENCODED_RUSTFLAGS", rustflags().join("\x1f")).env_remove("RUSTFLAGS");
    run(build.envs(c_compiler(&target)))?;
    let program = target_directory().join(target).join("release/pinfold");
    elf::require_static(&program)?;
    Ok(program)
}

/// The compiler for the little C of `ring`. It asks nothing of a C library that glibc and musl do differently, so the
/// ordinary compiler does where there is none for musl.
fn c_compiler(target: &str) -> Option<(String, &'static str)> {
    let variable = format!("CC_{}", target.replace('-', "_"));
    let given = std::env::var_os(&variable).is_some() || which("musl-gcc").is_some();
    (target.ends_with("musl") && !given).then_some((variable, "gcc"))
}

/// Static linking, and no path of the building machine in messages. The processor is asked how it would like to compute SHA-256,
/// of which there can be much, and not SHA-1: in a virtual machine a question takes longer than the hash of a name.
fn rustflags() -> Vec<String> {
    let mut flags = vec![
        "-Ctarget-feature=+crt-static".to_owned(),
        "--cfg=sha1_backend=\"soft\"".to_owned(),
        format!("--remap-path-prefix={}=.", root().display()),
    ];
    let home = std::env::var("HOME").unwrap_or_default();
    let cargo_home = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    flags.push(format!("--remap-path-prefix={cargo_home}=cargo"));
    flags
}
