//! Building the library: as a dependency of nothing.

use std::path::{Path, PathBuf};

use crate::shell::{Result, command, read, root, run, target_directory};
use crate::standard_library::{debian, libraries};

/// How it is built.
pub(super) const RECIPE: &str = "build --quiet --release -Zbuild-std=std,panic_unwind,panic_abort,proc_macro,test";
/// With bitcode, as programs are optimised together with it.
pub(super) const RUSTFLAGS: &str = "-Cembed-bitcode=yes";
/// What is called instead of the compiler, and its text.
const COMPILER_FILE: &str = "xtask/src/standard_library/rustc.sh";
pub(super) const COMPILER: &str = include_str!("rustc.sh");

/// Where a sysroot has the library of a target.
pub(super) fn library(sysroot: &Path, target: &str) -> PathBuf {
    sysroot.join("lib/rustlib").join(target).join("lib")
}

/// Builds it for these targets.
pub(super) fn build(targets: &[&str], sysroot: &Path) -> Result<()> {
    let work = target_directory().join("std-work");
    let _ = std::fs::remove_dir_all(&work);
    let version = read(&mut command("rustc", ["--version"]))?;
    let built = debian::sources(libraries::version(&version)?, &work)
        .and_then(|sources| compile(&sources, targets, &work))
        .and_then(|()| targets.iter().try_for_each(|target| keep(target, &work, sysroot)));
    let _ = std::fs::remove_dir_all(&work);
    built
}

fn compile(sources: &Path, targets: &[&str], work: &Path) -> Result<()> {
    let seed = work.join("seed");
    std::fs::create_dir_all(seed.join("src"))?;
    std::fs::create_dir_all(seed.join(".cargo"))?;
    std::fs::write(seed.join("src/lib.rs"), "")?;
    let manifest = "[package]\nname = \"seed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
    std::fs::write(seed.join("Cargo.toml"), manifest)?;
    // What std depends on comes along with it.
    let vendored = format!(
        "[source.crates-io]\nreplace-with = \"std\"\n[source.std]\ndirectory = \"{}\"\n",
        sources.join("vendor").display()
    );
    std::fs::write(seed.join(".cargo/config.toml"), vendored)?;
    let mut cargo = command("cargo", RECIPE.split(' '));
    cargo.args(targets.iter().flat_map(|target| ["--target", target]));
    cargo.current_dir(&seed).env("CARGO_TARGET_DIR", work.join("target"));
    cargo.env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS).env("RUSTC_WRAPPER", root().join(COMPILER_FILE));
    // A stable compiler builds its own library only when told that it does so, and cargo where that lies.
    run(cargo.env("RUSTC_BOOTSTRAP", "1").env("__CARGO_TESTS_ONLY_SRC_ROOT", sources))
}

/// Copies it to where it stays, and gives it its name only when it is whole.
fn keep(target: &str, work: &Path, sysroot: &Path) -> Result<()> {
    let library = library(sysroot, target);
    let unfinished = library.with_extension(format!("{}", std::process::id()));
    std::fs::create_dir_all(&unfinished)?;
    for entry in std::fs::read_dir(work.join("target").join(target).join("release/deps"))? {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        let seed = name.to_string_lossy().starts_with("libseed-");
        if !seed && path.extension().is_some_and(|ending| ending == "rlib") {
            std::fs::copy(&path, unfinished.join(name))?;
        }
    }
    let named = std::fs::rename(&unfinished, &library);
    // Another run may have been faster.
    if named.is_err() && library.is_dir() {
        return Ok(std::fs::remove_dir_all(&unfinished)?);
    }
    Ok(named?)
}
