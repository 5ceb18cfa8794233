//! What is in a directory on Windows: a listing tells of every entry all that there is to know, times of change and numbers
//! included, which the standard library does not show.
//!
//! What a listing says of a file is what was so when it was last closed; where it has several names, under the name by
//! which it was opened.

use std::{
    ffi::OsString,
    fs::{File, Metadata},
    io,
    os::windows::{
        ffi::OsStringExt,
        fs::{MetadataExt, OpenOptionsExt},
        io::AsRawHandle,
    },
    path::{Path, PathBuf},
};

use windows_sys::Win32::{
    Foundation::{ERROR_FILE_NOT_FOUND, ERROR_INVALID_PARAMETER, ERROR_NO_MORE_FILES},
    Storage::FileSystem::{
        FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_BACKUP_SEMANTICS,
        FILE_FLAG_OPEN_REPARSE_POINT, FILE_INFO_BY_HANDLE_CLASS, FILE_LIST_DIRECTORY, FileFullDirectoryInfo,
        FileIdBothDirectoryInfo, GetFileInformationByHandleEx,
    },
};

use super::{Device, Facts, NO_INODE, Seen};
use crate::Kind;

/// Set in the tag of a reparse point that stands for something else: a link or a mount point (MS-FSCC 2.1.2.1).
const SURROGATE: u32 = 0x2000_0000;
/// 1970 in units of 100 ns since 1601.
const EPOCH: i64 = 116_444_736_000_000_000;
/// How entries are aligned, in bytes.
const ALIGNMENT: usize = 8;

/// Where the fields of an entry are in both forms (MS-FSCC 2.4.17 and 2.4.14), in bytes.
const NEXT: usize = 0;
const BORN: usize = 8;
const WRITTEN: usize = 24;
const CHANGED: usize = 32;
const SIZE: usize = 40;
const ATTRIBUTES: usize = 56;
const NAME_BYTES: usize = 60;
/// Of a reparse point; of everything else, the size of extended attributes.
const TAG: usize = 64;

/// A form in which a directory is listed.
#[derive(Clone, Copy)]
struct Form {
    class: FILE_INFO_BY_HANDLE_CLASS,
    /// Where the number of a file is, if there is one.
    number: Option<usize>,
    name: usize,
}

const WITH_NUMBERS: Form = Form { class: FileIdBothDirectoryInfo, number: Some(96), name: 104 };
const WITHOUT_NUMBERS: Form = Form { class: FileFullDirectoryInfo, number: None, name: 68 };

/// Room for a good many entries at once.
#[derive(Default)]
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    const BYTES: usize = 64 * 1024;

    pub(crate) fn new() -> Self {
        Self(vec![0; Self::BYTES + ALIGNMENT])
    }

    /// The part that is aligned.
    fn room(&mut self) -> &mut [u8] {
        let start = self.0.as_ptr().align_offset(ALIGNMENT);
        self.0.get_mut(start..).unwrap_or_default()
    }
}

/// Calls `each` with the name (with a NUL behind it), kind and facts of every entry.
pub(super) fn read(path: &Path, buffer: &mut Buffer, mut each: impl FnMut(&[u8], Kind, Seen)) -> io::Result<()> {
    let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
    let directory = File::options().access_mode(FILE_LIST_DIRECTORY).custom_flags(flags).open(path)?;
    let mut form = WITH_NUMBERS;
    let mut first = true;
    loop {
        let room = buffer.room();
        match list(&directory, form.class, room) {
            Ok(()) => entries(room, form, &mut each),
            Err(error) if is(&error, ERROR_NO_MORE_FILES) => return Ok(()),
            // The root of an empty volume has not even itself in it.
            Err(error) if first && is(&error, ERROR_FILE_NOT_FOUND) => return Ok(()),
            // Some file systems of others know no numbers.
            Err(error) if first && form.number.is_some() && is(&error, ERROR_INVALID_PARAMETER) => {
                form = WITHOUT_NUMBERS;
                continue;
            }
            Err(error) => return Err(error),
        }
        first = false;
    }
}

/// What there is to know of an entry.
pub(super) fn facts(_path: impl FnOnce() -> PathBuf, seen: Seen) -> io::Result<Facts> {
    Ok(seen.0)
}

/// What is mounted below a directory is a reparse point, into which nothing leads.
pub(super) fn device_of(_known: &Metadata) -> Device {
    crate::listing::UNKNOWN
}

/// Opens a file to read, and of a link the link itself.
pub(super) fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).open(path)
}

/// Whether an open file is what was looked at, as far as the standard library tells, and has not changed since.
pub(crate) fn is_still(file: &File, facts: &Facts) -> io::Result<bool> {
    let known = file.metadata()?;
    let times = (since_1970(known.last_write_time()), since_1970(known.creation_time()));
    Ok(known.is_file() && known.file_size() == facts.size && times == (facts.mtime_ns, facts.born_ns))
}

fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == Some(code.cast_signed())
}

/// Fills the room with the next entries.
#[allow(unsafe_code, reason = "the system writes into the buffer that it is given")]
fn list(directory: &File, class: FILE_INFO_BY_HANDLE_CLASS, room: &mut [u8]) -> io::Result<()> {
    let bytes = u32::try_from(room.len()).unwrap_or(u32::MAX);
    // SAFETY: the handle is open; no more than `bytes` bytes are written to `room`, which has at least as many and is
    // aligned, and any bytes are fine there.
    let done =
        unsafe { GetFileInformationByHandleEx(directory.as_raw_handle(), class, room.as_mut_ptr().cast(), bytes) };
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Goes through the entries in the room.
fn entries(mut rest: &[u8], form: Form, each: &mut impl FnMut(&[u8], Kind, Seen)) {
    while let Some((name, facts)) = entry(rest, form) {
        if name != "." && name != ".." {
            let mut name = name.into_encoded_bytes();
            name.push(0);
            each(&name, facts.kind, Seen(facts));
        }
        match number(rest, NEXT).and_then(|next| rest.get(next as usize..).filter(|_| next > 0)) {
            Some(next) => rest = next,
            None => return,
        }
    }
}

fn entry(bytes: &[u8], form: Form) -> Option<(OsString, Facts)> {
    let length = number(bytes, NAME_BYTES)? as usize;
    let name = bytes.get(form.name..)?.get(..length)?;
    let units: Vec<u16> = name.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let time = |at| long(bytes, at).map(since_1970);
    let mtime_ns = time(WRITTEN)?;
    let facts = Facts {
        kind: kind_of(number(bytes, ATTRIBUTES)?, number(bytes, TAG)?),
        inode: form.number.map_or(Some(NO_INODE), |at| long(bytes, at))?,
        size: long(bytes, SIZE)?,
        // FAT keeps none.
        ctime_ns: time(CHANGED).filter(|time| *time > 0).unwrap_or(mtime_ns),
        mtime_ns,
        born_ns: time(BORN)?,
    };
    Some((OsString::from_wide(&units), facts))
}

/// As the standard library sees it.
fn kind_of(attributes: u32, tag: u32) -> Kind {
    if attributes & FILE_ATTRIBUTE_REPARSE_POINT != 0 && tag & SURROGATE != 0 {
        Kind::Symlink
    } else if attributes & FILE_ATTRIBUTE_DIRECTORY != 0 {
        Kind::Directory
    } else {
        Kind::File
    }
}

/// From units of 100 ns since 1601 to nanoseconds since 1970; 0 for what is earlier.
fn since_1970(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX).saturating_sub(EPOCH).max(0).saturating_mul(100)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use windows_sys::Win32::Storage::FileSystem::{FILE_FULL_DIR_INFO, FILE_ID_BOTH_DIR_INFO};

    use super::*;

    #[test]
    fn the_fields_are_where_the_system_has_them() {
        let with = [
            offset_of!(FILE_ID_BOTH_DIR_INFO, NextEntryOffset),
            offset_of!(FILE_ID_BOTH_DIR_INFO, CreationTime),
            offset_of!(FILE_ID_BOTH_DIR_INFO, LastWriteTime),
            offset_of!(FILE_ID_BOTH_DIR_INFO, ChangeTime),
            offset_of!(FILE_ID_BOTH_DIR_INFO, EndOfFile),
            offset_of!(FILE_ID_BOTH_DIR_INFO, FileAttributes),
            offset_of!(FILE_ID_BOTH_DIR_INFO, FileNameLength),
            offset_of!(FILE_ID_BOTH_DIR_INFO, EaSize),
        ];
        let without = [
            offset_of!(FILE_FULL_DIR_INFO, NextEntryOffset),
            offset_of!(FILE_FULL_DIR_INFO, CreationTime),
            offset_of!(FILE_FULL_DIR_INFO, LastWriteTime),
            offset_of!(FILE_FULL_DIR_INFO, ChangeTime),
            offset_of!(FILE_FULL_DIR_INFO, EndOfFile),
            offset_of!(FILE_FULL_DIR_INFO, FileAttributes),
            offset_of!(FILE_FULL_DIR_INFO, FileNameLength),
            offset_of!(FILE_FULL_DIR_INFO, EaSize),
        ];
        let here = [NEXT, BORN, WRITTEN, CHANGED, SIZE, ATTRIBUTES, NAME_BYTES, TAG];
        assert_eq!((with, without), (here, here));
        assert_eq!(WITH_NUMBERS.number, Some(offset_of!(FILE_ID_BOTH_DIR_INFO, FileId)));
        assert_eq!(WITH_NUMBERS.name, offset_of!(FILE_ID_BOTH_DIR_INFO, FileName));
        assert_eq!(WITHOUT_NUMBERS.name, offset_of!(FILE_FULL_DIR_INFO, FileName));
    }

    #[test]
    fn a_directory_of_more_than_one_buffer_is_listed_whole_and_as_the_standard_library_does() {
        let path = std::env::temp_dir().join(format!("pinfold-survey-entries-{}", std::process::id()));
        std::fs::create_dir_all(path.join("directory")).unwrap();
        (0..600).for_each(|number| std::fs::write(path.join(format!("{number:0100}")), "abc").unwrap());
        for form in [WITH_NUMBERS, WITHOUT_NUMBERS] {
            let mut names = std::collections::BTreeSet::new();
            let mut options = File::options();
            options.access_mode(FILE_LIST_DIRECTORY).custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
            let directory = options.open(&path).unwrap();
            let mut buffer = Buffer::new();
            while list(&directory, form.class, buffer.room()).is_ok() {
                entries(buffer.room(), form, &mut |name, kind, Seen(facts)| {
                    let name = str::from_utf8(name.strip_suffix(&[0]).unwrap()).unwrap();
                    let known = std::fs::symlink_metadata(path.join(name)).unwrap();
                    assert_eq!(kind == Kind::Directory, known.is_dir());
                    assert_eq!(facts.mtime_ns, since_1970(known.last_write_time()));
                    assert_eq!(facts.inode != NO_INODE, form.number.is_some());
                    assert!(known.is_dir() || facts.size == 3);
                    names.insert(name.to_owned());
                });
            }
            assert_eq!(names.len(), 601);
        }
        std::fs::remove_dir_all(&path).unwrap();
    }
}
