//! Files, secrets and the user of this machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::time::{SystemTime, UNIX_EPOCH};

use pinfold_acl::{Descriptor, Sid};
use windows_sys::Win32::Foundation::{
    ERROR_ALREADY_EXISTS, ERROR_DIR_NOT_EMPTY, ERROR_DIRECTORY, ERROR_FILE_TOO_LARGE,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
    FILE_READ_ATTRIBUTES, READ_CONTROL, WRITE_DAC, WRITE_OWNER,
};

use super::ThisMachine;
use super::sys::{files, seal, token};
use crate::machine::{EntryFound, EntryKind, Fault, Keep, Scope};
use crate::password::Secret;

/// More than a marker has, in bytes.
const FILE_MAX: u64 = 64 * 1024;

/// Where the marker of a setup belongs: below `C:\ProgramData`, in a directory of its own.
///
/// # Errors
/// When the system does not tell where that is.
pub fn directory() -> Result<String, Fault> {
    Ok(format!(r"{}\PinfoldSandbox", files::program_data()?))
}

impl Keep for ThisMachine {
    fn is_elevated(&self) -> Result<bool, Fault> {
        token::is_elevated()
    }

    fn user(&self) -> Result<Sid, Fault> {
        token::user()
    }

    fn entry(&self, path: &str) -> Result<Option<EntryFound>, Fault> {
        let Some(file) = there(open(path, READ_CONTROL | FILE_READ_ATTRIBUTES), "CreateFileW")? else {
            return Ok(None);
        };
        Ok(Some(EntryFound { kind: kind_of(&file)?, descriptor: files::descriptor_of(&file)? }))
    }

    fn make_directory(&mut self, path: &str, descriptor: &Descriptor) -> Result<(), Fault> {
        match files::make_directory(path, descriptor) {
            Err(fault) if fault.code == ERROR_ALREADY_EXISTS => {}
            made => return made,
        }
        let access = READ_CONTROL | FILE_READ_ATTRIBUTES | WRITE_DAC | WRITE_OWNER;
        let directory = open(path, access).map_err(fault("CreateFileW"))?;
        match kind_of(&directory)? {
            EntryKind::Directory => files::set_descriptor(&directory, descriptor),
            EntryKind::File | EntryKind::Other => Err(Fault { call: "CreateDirectoryW", code: ERROR_DIRECTORY }),
        }
    }

    fn remove_directory(&mut self, path: &str) -> Result<bool, Fault> {
        match fs::remove_dir(path) {
            Err(error) if error.raw_os_error() == Some(ERROR_DIR_NOT_EMPTY as i32) => Ok(false),
            removed => there(removed, "RemoveDirectoryW").map(|_| true),
        }
    }

    fn write_private_file(&mut self, path: &str, descriptor: &Descriptor, content: &[u8]) -> Result<(), Fault> {
        let new = beside(path);
        there(fs::remove_file(&new), "DeleteFileW")?;
        let mut file = files::make_file(&new, descriptor)?;
        file.write_all(content).map_err(fault("WriteFile"))?;
        file.sync_all().map_err(fault("FlushFileBuffers"))?;
        drop(file);
        fs::rename(&new, path).map_err(fault("MoveFileExW"))
    }

    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Fault> {
        let mut options = OpenOptions::new();
        let opened = options.read(true).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).open(path);
        let Some(file) = there(opened, "CreateFileW")? else { return Ok(None) };
        let mut content = Vec::new();
        file.take(FILE_MAX + 1).read_to_end(&mut content).map_err(fault("ReadFile"))?;
        if content.len() as u64 > FILE_MAX {
            return Err(Fault { call: "ReadFile", code: ERROR_FILE_TOO_LARGE });
        }
        Ok(Some(content))
    }

    fn remove_file(&mut self, path: &str) -> Result<(), Fault> {
        there(fs::remove_file(beside(path)), "DeleteFileW")?;
        there(fs::remove_file(path), "DeleteFileW").map(drop)
    }

    fn seal(&self, secret: &Secret, scope: Scope) -> Result<Vec<u8>, Fault> {
        seal::seal(secret.expose().as_bytes(), scope)
    }

    fn unseal(&self, sealed: &[u8]) -> Result<Secret, Fault> {
        let bytes = seal::unseal(sealed)?;
        // What was sealed by somebody else may be no text; then it is no password either.
        Ok(Secret::new(str::from_utf8(&bytes).unwrap_or_default().to_owned()))
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        seal::random(bytes)
    }

    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}

/// Where a file is written before it takes its place.
fn beside(path: &str) -> String {
    format!("{path}.new")
}

/// Opens whatever is at a path, and not what it leads to.
fn open(path: &str, access: u32) -> io::Result<File> {
    let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
    OpenOptions::new().access_mode(access).custom_flags(flags).open(path)
}

fn kind_of(file: &File) -> Result<EntryKind, Fault> {
    let (attributes, names) = files::attributes_of(file)?;
    let has = |attribute| attributes & attribute != 0;
    Ok(match (has(FILE_ATTRIBUTE_REPARSE_POINT), has(FILE_ATTRIBUTE_DIRECTORY)) {
        (false, true) => EntryKind::Directory,
        (false, false) if names == 1 => EntryKind::File,
        _ => EntryKind::Other,
    })
}

fn fault(call: &'static str) -> impl FnOnce(io::Error) -> Fault {
    // An error without a number is none of the system's (`ERROR_GEN_FAILURE`).
    move |error| Fault { call, code: error.raw_os_error().map_or(31, |code| code as u32) }
}

/// What is not there is no error.
fn there<T>(result: io::Result<T>, call: &'static str) -> Result<Option<T>, Fault> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(call)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_removed_with_what_is_beside_it() {
        let mut machine = ThisMachine;
        let directory = format!(r"{}\pinfold-setup-{}", std::env::temp_dir().display(), std::process::id());
        let user = machine.user().unwrap();
        let descriptor = Descriptor::new(user.clone(), user.clone(), None);
        machine.make_directory(&directory, &descriptor).unwrap();
        let path = format!(r"{directory}\setup.json");
        assert_eq!(machine.read_file(&path), Ok(None));
        for content in [&b"first"[..], b"second"] {
            machine.write_private_file(&path, &descriptor, content).unwrap();
            assert_eq!(machine.read_file(&path).unwrap().as_deref(), Some(content));
        }
        assert_eq!(machine.entry(&path).unwrap().map(|entry| entry.kind), Some(EntryKind::File));
        assert_eq!(machine.entry(&directory).unwrap().map(|entry| entry.kind), Some(EntryKind::Directory));
        assert_eq!(machine.remove_directory(&directory), Ok(false));
        fs::write(beside(&path), "broken off").unwrap();
        machine.remove_file(&path).unwrap();
        machine.remove_file(&path).unwrap();
        assert_eq!(machine.remove_directory(&directory), Ok(true));
        assert_eq!(machine.entry(&directory), Ok(None));
    }

    #[test]
    fn passwords_are_sealed_for_their_account() {
        let password = Secret::random(&ThisMachine).unwrap();
        let sealed = password.seal(&ThisMachine, "PinfoldOffline", Scope::User).unwrap();
        assert_eq!(Secret::unseal(&ThisMachine, "PinfoldOffline", &sealed), Ok(Some(password)));
        assert_eq!(Secret::unseal(&ThisMachine, "PinfoldOnline", &sealed), Ok(None));
    }

    #[test]
    fn the_directory_belongs_to_no_user() {
        assert!(directory().unwrap().ends_with(r"\PinfoldSandbox"));
    }
}
