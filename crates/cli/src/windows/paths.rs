//! Where things are, and what the system says of a path beside the policy.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use pinfold_policy::{Access, Platform};

use crate::context::Variable;

/// What policies are resolved for.
pub(crate) const PLATFORM: Platform = Platform::Windows;
/// The administrator's policy.
pub(crate) const MANAGED_POLICY: &str = r"C:\ProgramData\pinfold\policy.toml";
/// The variable that names the home.
pub(crate) const HOME: &str = "USERPROFILE";
/// Where what lasts between runs is: below what does not roam from machine to machine, as access lists do not.
pub(crate) const STATE: Variable = Variable { name: "LOCALAPPDATA", otherwise: "AppData/Local" };
/// Where the user's settings are.
pub(crate) const CONFIGURATION: Variable = Variable { name: "APPDATA", otherwise: "AppData/Roaming" };

/// Makes a new file. Who reads it, its directory says.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    File::create_new(path)
}

/// A path without links, and without the prefix that keeps programs from understanding it.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    let real = std::fs::canonicalize(path)?;
    let plain = real.to_str().and_then(|text| text.strip_prefix(r"\\?\"));
    // Others, such as those of file servers, mean something else without it.
    let plain = plain.filter(|text| text.as_bytes().get(1) == Some(&b':')).map(PathBuf::from);
    Ok(plain.unwrap_or(real))
}

/// Whether a file can be masked, or why not.
pub(crate) fn masked(_path: &Path) -> Result<(), String> {
    Err("files are hidden on Windows, not masked".to_owned())
}

/// What stands in the way though the policy does not.
pub(crate) fn in_the_way(access: Access, path: &Path) -> Option<&'static str> {
    let read_only = std::fs::metadata(path).is_ok_and(|found| found.permissions().readonly() && !found.is_dir());
    (access == Access::Write && read_only).then_some("the file's own attributes say that it is read-only")
}
