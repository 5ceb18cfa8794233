//! The sources of the library, from Debian's package `rust-src`.

use std::path::{Path, PathBuf};

use crate::shell::{Result, command, read, run, succeeds, which};

/// Releases of Debian that may have the sources, the likeliest first.
const SUITES: [&str; 5] = ["trixie-backports", "trixie", "forky", "sid", "experimental"];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// What is called, and the package that has it. The last one makes import libraries, for std as well.
const PROGRAMS: [(&str, &str); 3] =
    [("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("x86_64-w64-mingw32-dlltool", "binutils-mingw-w64-x86-64")];

/// Where they are after they were fetched and unpacked.
pub(super) fn sources(version: &str, work: &Path) -> Result<PathBuf> {
    for (program, package) in PROGRAMS {
        if which(program).is_none() {
            return Err(format!("{program} is missing (package {package})").into());
        }
    }
    let package = download(version, work)?.ok_or_else(|| format!("Debian has no rust-src {version}"))?;
    let unpacked = work.join("unpacked");
    run(command("dpkg-deb", ["--extract"]).arg(package).arg(&unpacked))?;
    Ok(unpacked.join(format!("usr/src/rustc-{version}/library")))
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
