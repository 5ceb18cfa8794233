//! The access lists of the files of this machine.

use std::io;
use std::path::Path;

use pinfold_acl::{Acl, Label};

use crate::windows::FileId;
use crate::windows::journal::{Change, List, Lists};
use crate::windows::sys::files::{self, Purpose};
use crate::windows::sys::security;

/// Files of this machine, by their paths.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileLists;

impl Lists for FileLists {
    fn read(&self, path: &str) -> io::Result<List> {
        let file = open(path, Purpose::ReadList)?;
        let found = security::read(&file)?;
        let missing =
            || io::Error::new(io::ErrorKind::InvalidData, "it has no access list; everybody may do everything");
        Ok(List {
            directory: files::is_directory(&file)?,
            file: files::id(&file),
            dacl: found.dacl.ok_or_else(missing)?,
            label: found.label,
        })
    }

    fn is_somewhere(&self, path: &str, file: FileId) -> bool {
        // Any file of the volume tells which one it is.
        let mut above = Path::new(path).ancestors().filter_map(Path::to_str);
        let beside = above.find_map(|path| open(path, Purpose::Look).ok());
        beside.is_none_or(|beside| files::is_somewhere(&beside, file))
    }

    fn write(&mut self, path: &str, change: &Change) -> io::Result<()> {
        let dacl = change.dacl.as_ref().map(bytes).transpose()?;
        let Some(label) = change.label else {
            return security::write(&open(path, Purpose::WriteList)?, dacl.as_deref(), None);
        };
        let sacl = system_list(label)?;
        match open(path, Purpose::WriteLabel) {
            // Only one walk through what inherits both.
            Ok(file) => security::write(&file, dacl.as_deref(), Some(&sacl)),
            // The owner may always change the list, which may then allow to change the label.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && dacl.is_some() => {
                security::write(&open(path, Purpose::WriteList)?, dacl.as_deref(), None)?;
                security::write(&open(path, Purpose::WriteLabel)?, None, Some(&sacl))
            }
            Err(error) => Err(error),
        }
    }
}

/// What is gone is told apart from what lies on a volume that is.
fn open(path: &str, purpose: Purpose) -> io::Result<std::os::windows::io::OwnedHandle> {
    files::open(path, purpose).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if !volume_is_there(path) => {
            io::Error::new(io::ErrorKind::NotConnected, format!("its volume is not there: {error}"))
        }
        io::ErrorKind::PermissionDenied if purpose == Purpose::WriteLabel => {
            let what = "you may not change its integrity (WRITE_OWNER), as you may below your own home";
            io::Error::new(io::ErrorKind::PermissionDenied, format!("{what}: {error}"))
        }
        _ => error,
    })
}

/// Whether the drive, or the share of a server, can be reached.
pub(super) fn volume_is_there(path: &str) -> bool {
    let root = match path.strip_prefix(r"\\") {
        Some(share) => format!(r"\\{}\", share.split('\\').take(2).collect::<Vec<_>>().join(r"\")),
        None => path.get(..2).map(|drive| format!(r"{drive}\")).unwrap_or_default(),
    };
    std::fs::metadata(root).is_ok()
}

fn bytes(list: &Acl) -> io::Result<Vec<u8>> {
    list.to_bytes().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "its access list would be too large"))
}

/// The list with a label, or with none: then it has what it inherits.
fn system_list(label: Option<Label>) -> io::Result<Vec<u8>> {
    match label.filter(|label| !label.inherit.inherited) {
        Some(label) => label.to_bytes().ok_or_else(|| io::ErrorKind::InvalidInput.into()),
        None => bytes(&Acl::default()),
    }
}
