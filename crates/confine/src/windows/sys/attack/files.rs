//! What can be done to files besides writing them.

use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::ptr::null_mut;

use pinfold_acl::{Access, Ace, Acl, Descriptor, Inherit, Label, Level, Sid};
use windows_sys::Win32::Foundation::GENERIC_WRITE;
use windows_sys::Win32::Storage::FileSystem::{
    DDD_EXACT_MATCH_ON_REMOVE, DDD_REMOVE_DEFINITION, DefineDosDeviceW, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT,
};
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::FSCTL_SET_REPARSE_POINT;
use windows_sys::Win32::System::SystemServices::IO_REPARSE_TAG_MOUNT_POINT;

use super::super::files::{Purpose, open};
use super::super::{check, security, wide};

/// Lets everybody do everything with a file.
pub fn open_to_everybody(path: &str) -> io::Result<()> {
    set_list(path, everything())
}

/// Whether somebody has done so.
pub fn is_open_to_everybody(path: &str) -> bool {
    descriptor(path).is_ok_and(|found| found.dacl.is_some_and(|list| list.0.contains(&everything())))
}

/// Denies everybody to remove a file: who does it all the same does it by what the directory grants.
pub fn guard(path: &str) -> io::Result<()> {
    set_list(path, Ace::deny(Sid::EVERYONE, Access::DELETE, Inherit::NOTHING))
}

fn everything() -> Ace {
    Ace::allow(Sid::EVERYONE, Access::FILE_ALL, Inherit::NOTHING)
}

/// Besides what the file inherits.
fn set_list(path: &str, entry: Ace) -> io::Result<()> {
    security::write(&open(path, Purpose::WriteList)?, Acl(vec![entry]).to_bytes().as_deref(), None)
}

/// Labels a file with low integrity.
pub fn label_low(path: &str) -> io::Result<()> {
    let label = Label::new(Level::LOW, Inherit::NOTHING);
    security::write(&open(path, Purpose::WriteLabel)?, None, label.to_bytes().as_deref())
}

/// Owner, list and label of a file.
pub fn descriptor(path: &str) -> io::Result<Descriptor> {
    security::read(&open(path, Purpose::ReadList)?)
}

/// Makes a directory that is a junction to another, by its absolute path.
pub fn join(at: &str, to: &str) -> io::Result<()> {
    std::fs::create_dir(at)?;
    let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
    let directory = OpenOptions::new().access_mode(GENERIC_WRITE).custom_flags(flags).open(at)?;
    let (data, mut returned) = (junction(to)?, 0);
    // SAFETY: the data are as long as is said, `returned` is there to be written, and what may be missing is.
    check(unsafe {
        DeviceIoControl(
            directory.as_raw_handle(),
            FSCTL_SET_REPARSE_POINT,
            data.as_ptr().cast(),
            data.len() as u32,
            null_mut(),
            0,
            &raw mut returned,
            null_mut(),
        )
    })
}

/// The data of a junction (MS-FSCC 2.1.2.5): lengths in bytes, the path as the system means it, then as it is shown.
fn junction(to: &str) -> io::Result<Vec<u8>> {
    let (meant, shown) = (wide(&format!(r"\??\{to}"))?, wide(to)?);
    let bytes = |text: &[u16]| -> io::Result<u16> {
        u16::try_from(size_of_val(text)).map_err(|_| io::ErrorKind::InvalidInput.into())
    };
    let (meant_bytes, shown_bytes) = (bytes(&meant)?, bytes(&shown)?);
    let length = 8_u16.checked_add(meant_bytes).and_then(|sum| sum.checked_add(shown_bytes));
    let length = length.ok_or(io::ErrorKind::InvalidInput)?;
    let mut data = IO_REPARSE_TAG_MOUNT_POINT.to_le_bytes().to_vec();
    for word in [length, 0, 0, meant_bytes - 2, meant_bytes, shown_bytes - 2] {
        data.extend(word.to_le_bytes());
    }
    meant.iter().chain(&shown).for_each(|word| data.extend(word.to_le_bytes()));
    Ok(data)
}

/// Makes a letter, such as `Q:`, stand for a directory.
pub fn lead_drive(letter: &str, to: &str) -> io::Result<()> {
    let (letter, to) = (wide(letter)?, wide(to)?);
    // SAFETY: both texts have their ends.
    check(unsafe { DefineDosDeviceW(0, letter.as_ptr(), to.as_ptr()) })
}

/// Undoes it.
pub fn release_drive(letter: &str, to: &str) -> io::Result<()> {
    let (letter, to) = (wide(letter)?, wide(to)?);
    let flags = DDD_REMOVE_DEFINITION | DDD_EXACT_MATCH_ON_REMOVE;
    // SAFETY: both texts have their ends.
    check(unsafe { DefineDosDeviceW(flags, letter.as_ptr(), to.as_ptr()) })
}
