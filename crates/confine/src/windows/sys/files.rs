//! Files by handles, which are never those of what a link leads to.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::null_mut;

use pinfold_acl::Descriptor;
use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_INVALID_PARAMETER, GENERIC_READ, GENERIC_WRITE};
use windows_sys::Win32::Storage::FileSystem::{
    CREATE_NEW, CreateDirectoryW, CreateFileW, ExtendedFileIdType, FILE_ATTRIBUTE_NORMAL, FILE_ATTRIBUTE_REPARSE_POINT,
    FILE_ATTRIBUTE_TAG_INFO, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FILE_ID_128, FILE_ID_DESCRIPTOR,
    FILE_ID_DESCRIPTOR_0, FILE_ID_INFO, FILE_INFO_BY_HANDLE_CLASS, FILE_LIST_DIRECTORY, FILE_NAME_NORMALIZED,
    FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_STANDARD_INFO,
    FileAttributeTagInfo, FileIdInfo, FileIdType, FileStandardInfo, GetFileInformationByHandleEx,
    GetFinalPathNameByHandleW, GetVolumeInformationByHandleW, OPEN_EXISTING, OpenFileById, READ_CONTROL, WRITE_DAC,
    WRITE_OWNER,
};
use windows_sys::Win32::System::SystemServices::FILE_PERSISTENT_ACLS;

use super::security::attributes;
use super::{check, owned, size_of, wide};
use crate::windows::FileId;

/// Reparse points with this bit are names of something else: links and mount points, and not files kept in a cloud.
const NAME_SURROGATE: u32 = 0x2000_0000;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::windows) enum Purpose {
    /// To ask about it.
    Look,
    /// To read it.
    Read,
    /// To read its access list.
    ReadList,
    /// To write its access list.
    WriteList,
    /// And its label.
    WriteLabel,
    /// To keep it in its place: as long as the handle is open, nobody can rename or remove it.
    Pin,
}

impl Purpose {
    fn access(self) -> u32 {
        match self {
            Self::Look => FILE_READ_ATTRIBUTES,
            Self::Read => GENERIC_READ,
            Self::ReadList => FILE_READ_ATTRIBUTES | READ_CONTROL,
            // Entries go to what is in a directory only where it may be listed.
            Self::WriteList => FILE_READ_ATTRIBUTES | FILE_LIST_DIRECTORY | READ_CONTROL | WRITE_DAC,
            Self::WriteLabel => FILE_READ_ATTRIBUTES | FILE_LIST_DIRECTORY | READ_CONTROL | WRITE_DAC | WRITE_OWNER,
            // Of a file the same bit means to read it. Only a handle that reads or writes counts for sharing.
            Self::Pin => FILE_READ_ATTRIBUTES | FILE_LIST_DIRECTORY,
        }
    }

    fn shared(self) -> u32 {
        let shared = FILE_SHARE_READ | FILE_SHARE_WRITE;
        if self == Self::Pin { shared } else { shared | FILE_SHARE_DELETE }
    }
}

/// Opens what is at a path itself.
///
/// # Errors
/// When it is a link, or some part of the path is: then this is not what the path stands for.
pub(in crate::windows) fn open(path: &str, purpose: Purpose) -> io::Result<OwnedHandle> {
    let handle = create(&verbatim(path), purpose.access(), purpose.shared())?;
    let elsewhere = |what: String| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    if is_link(&handle)? {
        return elsewhere("it is a link".to_owned());
    }
    let real = real_path(&handle)?;
    if crate::windows::place::folded(&real) != crate::windows::place::folded(path) {
        return elsewhere(format!("it is {real}"));
    }
    Ok(handle)
}

/// Where what is at a path really is, links followed.
pub(in crate::windows) fn resolved(path: &str) -> io::Result<String> {
    let flags = FILE_FLAG_BACKUP_SEMANTICS;
    real_path(&create_with(&verbatim(path), FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE, flags)?)
}

/// The device that swallows everything and gives nothing.
pub(in crate::windows) fn nothing() -> io::Result<OwnedHandle> {
    let access = GENERIC_READ | GENERIC_WRITE;
    create_with(r"\\.\NUL", access, FILE_SHARE_READ | FILE_SHARE_WRITE, 0)
}

fn create(path: &str, access: u32, share: u32) -> io::Result<OwnedHandle> {
    create_with(path, access, share, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
}

fn create_with(path: &str, access: u32, share: u32, flags: u32) -> io::Result<OwnedHandle> {
    let path = wide(path)?;
    // SAFETY: the path has its end, and what may be missing is.
    owned(unsafe { CreateFileW(path.as_ptr(), access, share, std::ptr::null(), OPEN_EXISTING, flags, null_mut()) })
}

/// Makes a directory that has this descriptor from its first moment.
pub(in crate::windows) fn make_directory(path: &str, descriptor: &Descriptor) -> io::Result<()> {
    let (path, mut descriptor) = (wide(&verbatim(path))?, bytes(descriptor)?);
    let attributes = attributes(&mut descriptor);
    // SAFETY: the path has its end, and the descriptor is whole and lives until the call returns.
    check(unsafe { CreateDirectoryW(path.as_ptr(), &raw const attributes) })
}

/// Makes a file that has this descriptor from its first moment.
pub(in crate::windows) fn make_file(path: &str, descriptor: &Descriptor) -> io::Result<()> {
    let (path, mut descriptor) = (wide(&verbatim(path))?, bytes(descriptor)?);
    let attributes = attributes(&mut descriptor);
    // SAFETY: the path has its end, the descriptor is whole and lives until the call returns, and what may be missing is.
    let made = owned(unsafe {
        CreateFileW(
            path.as_ptr(),
            GENERIC_WRITE,
            0,
            &raw const attributes,
            CREATE_NEW,
            FILE_ATTRIBUTE_NORMAL,
            null_mut(),
        )
    });
    made.map(drop)
}

fn bytes(descriptor: &Descriptor) -> io::Result<Vec<u8>> {
    descriptor.to_bytes().ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// A path that is taken as it stands, however long it is and whatever its last character is.
pub(in crate::windows) fn verbatim(path: &str) -> String {
    let path = path.replace('/', r"\");
    match path.strip_prefix(r"\\") {
        Some(rest) if rest.starts_with(r"?\") || rest.starts_with(r".\") => path,
        Some(server) => format!(r"\\?\UNC\{server}"),
        // A drive is its root.
        None if path.ends_with(':') => format!(r"\\?\{path}\"),
        None => format!(r"\\?\{path}"),
    }
}

/// The path as everybody writes it.
fn plain(path: &str) -> String {
    match path.strip_prefix(r"\\?\UNC\") {
        Some(server) => format!(r"\\{server}"),
        None => path.strip_prefix(r"\\?\").unwrap_or(path).to_owned(),
    }
}

fn real_path(handle: &OwnedHandle) -> io::Result<String> {
    let mut buffer = vec![0_u16; 512];
    loop {
        // At most 32767.
        let room = buffer.len() as u32;
        // SAFETY: the buffer is as long as is said.
        let length = unsafe {
            GetFinalPathNameByHandleW(handle.as_raw_handle(), buffer.as_mut_ptr(), room, FILE_NAME_NORMALIZED)
        };
        match length as usize {
            0 => return Err(io::Error::last_os_error()),
            length if length < buffer.len() => {
                let text = String::from_utf16(buffer.get(..length).unwrap_or_default());
                let text = text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "its path is no Unicode"))?;
                return Ok(plain(&text));
            }
            length => buffer.resize(length, 0),
        }
    }
}

/// Fills the structure that belongs to a class.
fn information<T>(handle: &OwnedHandle, class: FILE_INFO_BY_HANDLE_CLASS, mut empty: T) -> io::Result<T> {
    // SAFETY: the structure is as large as is said, and made of numbers only.
    check(unsafe {
        GetFileInformationByHandleEx(handle.as_raw_handle(), class, (&raw mut empty).cast(), size_of::<T>())
    })?;
    Ok(empty)
}

fn is_link(handle: &OwnedHandle) -> io::Result<bool> {
    let found = information(handle, FileAttributeTagInfo, FILE_ATTRIBUTE_TAG_INFO::default())?;
    Ok(found.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT != 0 && found.ReparseTag & NAME_SURROGATE != 0)
}

/// How many names it has.
pub(in crate::windows) fn names(handle: &OwnedHandle) -> io::Result<u32> {
    Ok(information(handle, FileStandardInfo, FILE_STANDARD_INFO::default())?.NumberOfLinks)
}

/// Whether it is a directory.
pub(in crate::windows) fn is_directory(handle: &OwnedHandle) -> io::Result<bool> {
    Ok(information(handle, FileStandardInfo, FILE_STANDARD_INFO::default())?.Directory)
}

/// Its number, where the file system has one.
pub(in crate::windows) fn id(handle: &OwnedHandle) -> Option<FileId> {
    let found = information(handle, FileIdInfo, FILE_ID_INFO::default()).ok()?;
    Some(FileId { volume: found.VolumeSerialNumber, file: u128::from_le_bytes(found.FileId.Identifier) })
}

/// Whether there is a file of some number on its volume, by whatever name. In doubt there is.
pub(in crate::windows) fn is_somewhere(beside: &OwnedHandle, file: FileId) -> bool {
    if id(beside).is_none_or(|id| id.volume != file.volume) {
        return true;
    }
    let wanted = descriptor(file.file);
    let (share, flags) = (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_FLAG_BACKUP_SEMANTICS);
    // SAFETY: the handle is open, the structure is as large as it says, and what may be missing is.
    let opened = owned(unsafe {
        OpenFileById(
            beside.as_raw_handle(),
            &raw const wanted,
            FILE_READ_ATTRIBUTES,
            share,
            std::ptr::null(),
            flags | FILE_FLAG_OPEN_REPARSE_POINT,
        )
    });
    // NTFS says of a number that is nobody's that it is no number.
    let nobodys = [ERROR_INVALID_PARAMETER, ERROR_FILE_NOT_FOUND].map(|code| code as i32);
    opened.map_or_else(|error| !error.raw_os_error().is_some_and(|code| nobodys.contains(&code)), |_| true)
}

/// NTFS takes numbers of 64 bits, and of longer ones that they are something else.
fn descriptor(file: u128) -> FILE_ID_DESCRIPTOR {
    let (kind, number) = match i64::try_from(file) {
        Ok(short) => (FileIdType, FILE_ID_DESCRIPTOR_0 { FileId: short }),
        Err(_) => (
            ExtendedFileIdType,
            FILE_ID_DESCRIPTOR_0 { ExtendedFileId: FILE_ID_128 { Identifier: file.to_le_bytes() } },
        ),
    };
    FILE_ID_DESCRIPTOR { dwSize: size_of::<FILE_ID_DESCRIPTOR>(), Type: kind, Anonymous: number }
}

/// Whether its volume keeps access lists.
pub(in crate::windows) fn keeps_lists(handle: &OwnedHandle) -> io::Result<bool> {
    let mut flags = 0;
    // SAFETY: `flags` is there to be written, and what may be missing is.
    check(unsafe {
        GetVolumeInformationByHandleW(
            handle.as_raw_handle(),
            null_mut(),
            0,
            null_mut(),
            null_mut(),
            &raw mut flags,
            null_mut(),
            0,
        )
    })?;
    Ok(flags & FILE_PERSISTENT_ACLS != 0)
}
