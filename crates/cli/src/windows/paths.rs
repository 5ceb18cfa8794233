//! Where things are, and what the system says of a path beside the policy.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pinfold_acl::{Access as Rights, Layer, Restriction};
use pinfold_confine::windows::way;
use pinfold_plan::windows::{judge, native};
use pinfold_policy::{Access, Platform};
use pinfold_setup::windows::ThisMachine;

use super::prepare::prepare_with_machine;
use crate::args::PolicyFlags;
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

/// What the file is opened for that stands for a lock: to be written and deleted (`GENERIC_WRITE`, `DELETE`).
const WRITE_AND_DELETE: u32 = 0x4001_0000;
/// It goes with its last handle (`FILE_FLAG_DELETE_ON_CLOSE`).
const GOES_WHEN_CLOSED: u32 = 0x0400_0000;
/// Somebody has it open (`ERROR_SHARING_VIOLATION`).
const IN_USE: i32 = 32;

/// Makes a new file. Who reads it, its directory says.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    File::create_new(path)
}

/// Opens a file to read.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Holds a directory, for as long as the file lives, against whoever asks the same; nothing when somebody has it.
pub(crate) fn try_lock(directory: &Path) -> io::Result<Option<File>> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true).access_mode(WRITE_AND_DELETE).share_mode(0);
    match options.custom_flags(GOES_WHEN_CLOSED).open(directory.join("lock")) {
        Err(error) if error.raw_os_error() == Some(IN_USE) => Ok(None),
        other => other.map(Some),
    }
}

/// A path without links, and without the prefix that keeps programs from understanding it.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    let real = std::fs::canonicalize(path)?;
    let plain = real.to_str().and_then(|text| text.strip_prefix(r"\\?\"));
    // Others, such as those of file servers, mean something else without it.
    let plain = plain.filter(|text| text.as_bytes().get(1) == Some(&b':')).map(PathBuf::from);
    Ok(plain.unwrap_or(real))
}

/// Whether only administrators could have written a file: in `C:\ProgramData` everybody may make directories.
pub(crate) fn is_administrators(path: &Path) -> io::Result<bool> {
    pinfold_setup::is_administrators(&ThisMachine, &native(path)).map_err(io::Error::other)
}

/// Whether a file can be masked, or why not.
pub(crate) fn masked(_path: &Path) -> Result<(), String> {
    Err("files are hidden on Windows, not masked".to_owned())
}

/// What stands in the way though the policy does not: the access list that the file will have once the plan's entries are
/// in it, by the same model that plans are proven with.
pub(crate) fn in_the_way(access: Access, path: &Path, flags: &PolicyFlags) -> Option<Cow<'static, str>> {
    let (prepared, machine) = prepare_with_machine(flags).ok()?;
    let wanted = match access {
        Access::Read => Rights::FILE_READ_DATA,
        Access::Write => Rights::FILE_WRITE_DATA,
        Access::Exec => Rights::FILE_EXECUTE,
    };
    let way = way(&native(path)).ok()?;
    let denied = judge(&prepared.plan, &machine, &way, wanted, Restriction::WRITES_AT_MOST).err()?;
    Some(match denied.by {
        Layer::Integrity => "its integrity label refuses it".into(),
        Layer::Groups => "its access list refuses it".into(),
        Layer::Restriction => "its access list has nothing for the run's identifiers, and inherits nothing".into(),
        Layer::Privilege => "it needs a privilege".into(),
    })
}
