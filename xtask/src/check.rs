//! Everything that needs no test run.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::portable::{on_apple, on_windows};
use crate::shell::{
    Result, cargo, command, read, root, run as carry_out, shown, skip, step, target_directory, tools_directory, which,
};
use crate::standard_library::{APPLE, Libraries, WINDOWS, WINDOWS_MSVC};
use crate::{boundaries, generate, machine};

/// The version that is installed where cargo-deny is missing.
const CARGO_DENY: &str = "0.20.2";
/// Named by the fuzz workspace only.
const ONLY_FUZZING: [&str; 1] = ["libfuzzer-sys"];

/// Checks one thing after the other, the quick ones first, and tells all that failed at the end.
pub(crate) fn run(advisories: bool) -> Result<()> {
    let steps: [(&str, &dyn Fn() -> Result<()>); 8] = [
        ("format", &format),
        ("boundaries", &boundaries::check),
        ("generated files", &generate::check),
        ("clippy", &clippy),
        ("clippy of the fuzz targets", &clippy_of_fuzz_targets),
        ("documentation", &|| carry_out(cargo("doc --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings"))),
        ("other platforms", &other_platforms),
        ("dependencies", &|| dependencies(advisories)),
    ];
    let mut failed = Vec::new();
    for (name, check) in steps {
        if let Err(error) = step(name, check) {
            eprintln!("   failed: {error}");
            failed.push(name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", ")).into()) }
}

fn format() -> Result<()> {
    carry_out(&mut cargo("fmt --all --check"))?;
    carry_out(&mut cargo("fmt --manifest-path fuzz/Cargo.toml --all --check"))
}

/// Of everything; what is only run when it is named is no part of "all targets".
fn clippy() -> Result<()> {
    carry_out(&mut cargo("clippy --workspace --all-targets -- -D warnings"))?;
    carry_out(&mut cargo("clippy --workspace --test windows -- -D warnings"))
}

/// What they depend on is looked at once, in one place for both workspaces.
fn clippy_of_fuzz_targets() -> Result<()> {
    let mut clippy = cargo("clippy --manifest-path fuzz/Cargo.toml -- -D warnings");
    carry_out(clippy.env("CARGO_TARGET_DIR", target_directory()))
}

/// Clippy for the Windows that can be linked for, and what the compiler says for the two that cannot.
fn other_platforms() -> Result<()> {
    machine::install(&machine::FOR_WINDOWS)?;
    let libraries = Libraries::get()?;
    let (on_windows, on_apple) = (on_windows(), on_apple());
    // Benchmarks may be for one platform, and tests for Windows need not be looked at twice.
    let commands = [
        libraries.cargo("clippy", WINDOWS, &format!("--lib --bins --tests{on_windows} -- -D warnings")),
        libraries.cargo_without_c("check", WINDOWS_MSVC, &format!("--lib --bins{on_windows}")),
        libraries.cargo_without_c("check", APPLE, &format!("--lib --bins --tests{on_apple}")),
    ];
    for command in commands {
        match command {
            Ok(mut command) => carry_out(&mut command)?,
            Err(why) => skip("another platform", why)?,
        }
    }
    Ok(())
}

/// Every crate that our packages name is explained in `deny.toml`, and no other.
fn reasons() -> Result<()> {
    let text = read(&mut cargo("metadata --format-version 1 --no-deps"))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let named = packages.flat_map(|package| package["dependencies"].as_array().into_iter().flatten());
    let foreign = named.filter(|dependency| dependency["path"].is_null());
    let mut named: BTreeSet<&str> = foreign.filter_map(|dependency| dependency["name"].as_str()).collect();
    named.extend(ONLY_FUZZING);
    let table = std::fs::read_to_string(root().join("deny.toml"))?;
    let explained = table.lines().filter_map(|line| line.strip_prefix("#   ")?.split_whitespace().next()).collect();
    let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    match (list(&named - &explained), list(&explained - &named)) {
        (without, _) if !without.is_empty() => Err(format!("deny.toml does not say why there is {without}").into()),
        (_, unused) if !unused.is_empty() => Err(format!("deny.toml explains {unused}, which nobody uses").into()),
        _ => Ok(()),
    }
}

/// Licences, duplicates and sources; known vulnerabilities only when asked, as their list comes over the network.
fn dependencies(advisories: bool) -> Result<()> {
    reasons()?;
    let checks = if advisories { "advisories bans licenses sources" } else { "bans licenses sources" };
    let program = cargo_deny()?;
    let words = format!("--all-features check --hide-inclusion-graph {checks}");
    carry_out(&mut command(&program.to_string_lossy(), words.split(' ')))
}

fn cargo_deny() -> Result<PathBuf> {
    if let Some(program) = which("cargo-deny") {
        return Ok(program);
    }
    let program = tools_directory().join(format!("cargo-deny-{CARGO_DENY}")).join("bin/cargo-deny");
    if !program.exists() {
        let words = format!("install --locked --quiet cargo-deny --version {CARGO_DENY} --root");
        let mut install = cargo(&words);
        install.arg(program.ancestors().nth(2).ok_or("a folder for tools")?);
        // Built apart, so that nothing of it stays.
        install.env_remove("CARGO_TARGET_DIR");
        eprintln!("   {} (once, some minutes)", shown(&install));
        carry_out(&mut install)?;
    }
    Ok(program)
}
