//! The release: one static program, man pages, completions, checksums.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::artefact;
use crate::generate;
use crate::machine;
use crate::shell::{Result, command, read, root, step};

/// Builds the release into `dist/`.
pub(crate) fn run() -> Result<()> {
    let dist = root().join("dist");
    let program = step("program", artefact::build)?;
    let _ = std::fs::remove_dir_all(&dist);
    std::fs::create_dir_all(&dist)?;
    let version = pinfold_cli::command().get_version().unwrap_or_default().to_owned();
    let name = format!("pinfold-{version}-{}-linux", std::env::consts::ARCH);
    std::fs::copy(&program, dist.join(&name))?;
    step("runs in an empty root", || starts_in_an_empty_root(&dist.join(&name), &version))?;
    step("man pages and completions", || generate::man_pages_and_completions(&dist))?;
    let sums = checksums(&dist)?;
    std::fs::write(dist.join("SHA256SUMS"), &sums)?;
    let size = std::fs::metadata(dist.join(&name))?.len();
    println!("dist/{name}: {size} bytes, static, from {}", artefact::target()?);
    println!("{} files in dist/SHA256SUMS", sums.lines().count());
    Ok(())
}

/// Starts the program where nothing but itself exists.
fn starts_in_an_empty_root(program: &Path, version: &str) -> Result<()> {
    let empty = std::env::temp_dir().join(format!("pinfold-empty-root-{}", std::process::id()));
    std::fs::create_dir(&empty)?;
    let said = std::fs::copy(program, empty.join("pinfold")).map_err(Into::into).and_then(|_| {
        let root = empty.to_string_lossy();
        // Root needs no user namespace, which the host may not have.
        let change: &[&str] =
            if machine::is_root() { &["chroot"] } else { &["unshare", "--user", "--map-root-user", "--root"] };
        read(command(change[0], &change[1..]).args([&root, "/pinfold", "--version"]))
    });
    std::fs::remove_dir_all(&empty)?;
    match said?.trim() {
        said if said == format!("pinfold {version}") => Ok(()),
        said => Err(format!("it says `{said}`").into()),
    }
}

fn checksums(dist: &Path) -> Result<String> {
    let mut lines = String::new();
    for file in files(dist)? {
        let digest: String = Sha256::digest(std::fs::read(&file)?).iter().map(|byte| format!("{byte:02x}")).collect();
        lines += &format!("{digest}  {}\n", file.strip_prefix(dist)?.display());
    }
    Ok(lines)
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}
