//! Which platforms have their library by now, and cargo told where it lies.

use std::path::PathBuf;
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::shell::{Result, cargo, command, read, root, tools_directory};
use crate::standard_library::build;

/// Windows with what is free software: `MinGW` links for it, Wine runs it.
pub(crate) const WINDOWS: &str = "x86_64-pc-windows-gnu";
/// Windows as most programs are built for it. Can be checked for only: linking takes Microsoft's own libraries.
pub(crate) const WINDOWS_MSVC: &str = "x86_64-pc-windows-msvc";
/// Can be checked for only, too: linking takes Apple's SDK. The standard library itself is built without it.
pub(crate) const APPLE: &str = "aarch64-apple-darwin";

const ALL: [&str; 3] = [WINDOWS, WINDOWS_MSVC, APPLE];
/// Does as if it compiled C.
const NO_COMPILER: &str = "xtask/src/standard_library/no-compiler.sh";

/// The libraries of all these platforms, or why some are missing.
pub(crate) struct Libraries {
    sysroot: PathBuf,
    failure: Option<String>,
}

impl Libraries {
    /// Finds them, or builds those that are missing.
    pub(crate) fn get() -> Result<Self> {
        let sysroot = tools_directory().join(format!("std-{}", key()?));
        let mut libraries = Self { sysroot, failure: None };
        let mut missing = Vec::new();
        for target in ALL {
            if !installed(target)? && !libraries.is_built(target) {
                missing.push(target);
            }
        }
        if !missing.is_empty() {
            eprintln!("   standard library for {} (once for each compiler, a minute or two)", missing.join(", "));
            libraries.failure = build::build(&missing, &libraries.sysroot).err().map(|error| error.to_string());
        }
        Ok(libraries)
    }

    /// `cargo VERB --target TARGET WORDS`, and where the library of this target lies; fails where there is none.
    pub(crate) fn cargo(&self, verb: &str, target: &str, words: &str) -> Result<Command> {
        let mut cargo = cargo(&format!("{verb} --target {target} {words}"));
        if self.is_built(target) {
            cargo.env_remove("RUSTFLAGS");
            cargo.env("CARGO_ENCODED_RUSTFLAGS", format!("--sysroot\u{1f}{}", self.sysroot.display()));
        } else if !installed(target)? {
            let failure = self.failure.as_deref().unwrap_or("it was not built");
            return Err(format!("no standard library for {target} (`rustup target add {target}`): {failure}").into());
        }
        Ok(cargo)
    }

    /// The same for a target that is only checked for: its C, which nothing looks at, is not compiled. So no compiler for
    /// that platform is needed.
    pub(crate) fn cargo_without_c(&self, verb: &str, target: &str, words: &str) -> Result<Command> {
        let mut cargo = self.cargo(verb, target, words)?;
        for tool in ["CC", "AR"] {
            cargo.env(format!("{tool}_{}", target.replace('-', "_")), root().join(NO_COMPILER));
        }
        Ok(cargo)
    }

    fn is_built(&self, target: &str) -> bool {
        build::library(&self.sysroot, target).is_dir()
    }
}

/// Is the library of a target part of the toolchain?
pub(crate) fn installed(target: &str) -> Result<bool> {
    let libraries = read(&mut command("rustc", ["--print", "target-libdir", "--target", target]))?;
    Ok(std::fs::read_dir(libraries.trim()).is_ok_and(|mut files| files.next().is_some()))
}

/// Another compiler, if only by its revision, cannot read what this one built; and what is built may change as well.
fn key() -> Result<String> {
    let compiler = read(&mut command("rustc", ["--version", "--verbose"]))?;
    let digest = Sha256::digest([&compiler, build::RECIPE, build::RUSTFLAGS, build::COMPILER].concat());
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{}-{digest}", version(&compiler)?))
}

/// `1.95.0` of `rustc 1.95.0 (…)`.
pub(super) fn version(compiler: &str) -> Result<&str> {
    compiler.split(' ').nth(1).ok_or_else(|| "rustc does not say its version".into())
}
