//! The standard library of Rust for Windows, where rustup does not have it: built from Debian's `rust-src` of exactly this
//! compiler, beside the toolchain and not in it. It serves to check what is to be portable; nothing is linked with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Result, command, read, run, succeeds, target_directory, which};

pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";

/// Releases of Debian that may have the sources, the likeliest first.
const SUITES: [&str; 5] = ["trixie-backports", "trixie", "forky", "sid", "experimental"];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Makes import libraries, for std as well.
const DLLTOOL: &str = "x86_64-w64-mingw32-dlltool";

/// What cargo needs to know to build for Windows.
pub(crate) enum Library {
    /// Nothing: it is part of the toolchain.
    Installed,
    /// Where it lies, for `--sysroot`.
    Built(PathBuf),
    /// It cannot be had here, for this reason.
    Missing(String),
}

impl Library {
    /// Finds it, or builds it once for each compiler.
    pub(crate) fn get() -> Result<Self> {
        let libraries = read(&mut command("rustc", ["--print", "target-libdir", "--target", TARGET]))?;
        if std::fs::read_dir(libraries.trim()).is_ok_and(|mut files| files.next().is_some()) {
            return Ok(Self::Installed);
        }
        let version = read(&mut command("rustc", ["--version"]))?;
        let version = version.split(' ').nth(1).ok_or("rustc does not say its version")?;
        let sysroot = target_directory().join(format!("windows-std-{version}"));
        if sysroot.join("VERSION").is_file() {
            return Ok(Self::Built(sysroot));
        }
        for (program, package) in [("apt-get", "apt"), ("dpkg-deb", "dpkg"), (DLLTOOL, "binutils-mingw-w64-x86-64")] {
            if which(program).is_none() {
                return Ok(Self::Missing(format!("{program} is missing (package {package})")));
            }
        }
        let work = target_directory().join("windows-std-work");
        let _ = std::fs::remove_dir_all(&work);
        let built = match download(version, &work)? {
            Some(package) => build(&package, version, &work, &sysroot).map(|()| Self::Built(sysroot)),
            None => Ok(Self::Missing(format!("Debian has no rust-src {version}"))),
        };
        let _ = std::fs::remove_dir_all(&work);
        built
    }

    /// Tells it to a command of cargo's.
    pub(crate) fn tell(&self, cargo: &mut Command) {
        if let Self::Built(sysroot) = self {
            let variable = format!("CARGO_TARGET_{}_RUSTFLAGS", TARGET.to_uppercase().replace('-', "_"));
            cargo.env(variable, format!("--sysroot {}", sysroot.display()));
        }
    }
}

/// The package with the sources, fetched with lists and settings of its own: those of the machine stay as they are.
fn download(version: &str, work: &Path) -> Result<Option<PathBuf>> {
    for directory in ["lists/partial", "cache/archives/partial", "empty"] {
        std::fs::create_dir_all(work.join(directory))?;
    }
    let sources = read(&mut command("apt-get", ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]))?;
    let Some(mirror) = sources.lines().find(|line| line.trim_end_matches('/').ends_with("/debian")) else {
        return Ok(None);
    };
    let at = |name: &str| work.join(name).display().to_string();
    let settings = format!(
        "Dir::Etc::sourcelist \"{}\"; Dir::Etc::sourceparts \"-\"; Dir::Etc::preferences \"/dev/null\";
        Dir::Etc::preferencesparts \"{}\"; Dir::State::lists \"{}\"; Dir::Cache \"{}\";
        Acquire::Languages \"none\"; APT::Sandbox::User \"root\";\n",
        at("sources.list"),
        at("empty"),
        at("lists"),
        at("cache")
    );
    std::fs::write(work.join("apt.conf"), settings)?;
    let apt = |program: &str, words: &[&str]| {
        let mut apt = command(program, words);
        apt.env("APT_CONFIG", work.join("apt.conf")).current_dir(work);
        apt
    };
    for suite in SUITES {
        std::fs::write(work.join("sources.list"), format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"))?;
        if !succeeds(&mut apt("apt-get", &["--quiet=2", "update"])) {
            continue;
        }
        let known = read(&mut apt("apt-cache", &["madison", "rust-src"]))?;
        let mut versions = known.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
        let found =
            versions.find(|found| found.starts_with(&format!("{version}+"))).map(|found| format!("rust-src={found}"));
        if found.is_some_and(|package| succeeds(&mut apt("apt-get", &["--quiet=2", "download", &package]))) {
            let mut files = std::fs::read_dir(work)?.filter_map(|entry| Some(entry.ok()?.path()));
            return Ok(files.find(|path| path.extension().is_some_and(|ending| ending == "deb")));
        }
    }
    Ok(None)
}

/// Unpacks the sources and has cargo build them, as a dependency of nothing.
fn build(package: &Path, version: &str, work: &Path, sysroot: &Path) -> Result<()> {
    let unpacked = work.join("unpacked");
    run(command("dpkg-deb", ["--extract"]).arg(package).arg(&unpacked))?;
    let library = unpacked.join(format!("usr/src/rustc-{version}/library"));
    let seed = work.join("seed");
    std::fs::create_dir_all(seed.join("src"))?;
    std::fs::create_dir_all(seed.join(".cargo"))?;
    std::fs::write(seed.join("src/lib.rs"), "")?;
    let manifest = "[package]\nname = \"seed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
    std::fs::write(seed.join("Cargo.toml"), manifest)?;
    // What std depends on comes along with it.
    let vendored = format!(
        "[source.crates-io]\nreplace-with = \"std\"\n[source.std]\ndirectory = \"{}\"\n",
        library.join("vendor").display()
    );
    std::fs::write(seed.join(".cargo/config.toml"), vendored)?;
    let words = format!("build --quiet --release --target {TARGET} -Zbuild-std=std,panic_unwind,proc_macro,test");
    let mut cargo = command("cargo", words.split(' '));
    cargo.current_dir(&seed).env("CARGO_TARGET_DIR", work.join("target")).env_remove("RUSTFLAGS");
    // A stable compiler builds its own library only when told that it does so, and cargo where that lies.
    run(cargo.env("RUSTC_BOOTSTRAP", "1").env("__CARGO_TESTS_ONLY_SRC_ROOT", &library))?;
    let libraries = sysroot.join(format!("lib/rustlib/{TARGET}/lib"));
    std::fs::create_dir_all(&libraries)?;
    for entry in std::fs::read_dir(work.join(format!("target/{TARGET}/release/deps")))? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|ending| ending == "rlib")) {
            std::fs::copy(&path, libraries.join(name))?;
        }
    }
    Ok(std::fs::write(sysroot.join("VERSION"), version)?)
}
