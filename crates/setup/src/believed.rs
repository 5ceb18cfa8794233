//! What can be believed, as nobody but administrators could have written it.

use crate::machine::{EntryKind, Fault, Keep};

/// Whether a file, by its absolute path, and the directory that it is in are administrators' alone: both are theirs, nobody
/// else may change them, and neither leads elsewhere. What is not there is nobody's.
///
/// What lies above is not looked at: in `C:\ProgramData` everybody may make something, and rename only what is his own.
///
/// # Errors
/// When one of them cannot be looked at.
pub fn is_administrators(machine: &impl Keep, file: &str) -> Result<bool, Fault> {
    let Some((directory, _)) = file.rsplit_once('\\') else { return Ok(false) };
    for (path, kind) in [(directory, EntryKind::Directory), (file, EntryKind::File)] {
        let entry = machine.entry(path)?;
        if !entry.is_some_and(|entry| entry.kind == kind && entry.descriptor.is_administrators()) {
            return Ok(false);
        }
    }
    Ok(true)
}
