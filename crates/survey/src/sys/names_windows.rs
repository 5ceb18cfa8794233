//! Names and paths where they are 16-bit units: as bytes, they are what the standard library has of them, which is UTF-8
//! wherever a name is Unicode and three bytes for half a surrogate pair.

use std::{
    borrow::Cow,
    ffi::OsString,
    fs::Metadata,
    io,
    os::windows::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use super::{Facts, Stamp, Thing, portable};

/// Whether an equal stamp proves that nothing has changed. It does not: whoever may write to a directory may set all of
/// its times (`FILE_BASIC_INFO`, MS-FSCC 2.4.7), so that a rescan reads everything.
pub(crate) const STAMPS_PROVE: bool = false;

/// A path from the bytes that this module gave out. What is read in files of git may be no names at all.
pub(crate) fn path(bytes: &[u8]) -> Cow<'_, Path> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(Path::new(text)),
        Err(_) => Cow::Owned(OsString::from_wide(&units(bytes)).into()),
    }
}

/// The same, to keep, with the separators that are usual here.
pub(crate) fn path_buf(bytes: &[u8]) -> PathBuf {
    path(bytes).components().collect()
}

/// A path that this module gave out, as bytes with `/` between its names.
pub(crate) fn bytes(path: &Path) -> Cow<'_, [u8]> {
    let bytes = path.as_os_str().as_encoded_bytes();
    Cow::Owned(bytes.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect())
}

/// What a listing tells of an entry besides its name: everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen(pub(super) Facts);

impl Seen {
    #[inline]
    pub(crate) fn inode(self) -> u64 {
        self.0.inode
    }
}

/// An absolute path without links, and without the prefix that turns off the parsing of a path where it can do without.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    let verbatim = std::fs::canonicalize(path)?;
    Ok(verbatim.to_str().and_then(without_prefix).map_or(verbatim, PathBuf::from))
}

fn without_prefix(verbatim: &str) -> Option<PathBuf> {
    let rest = verbatim.strip_prefix(r"\\?\")?;
    if let Some(share) = rest.strip_prefix(r"UNC\") {
        return Some(format!(r"\\{share}").into());
    }
    matches!(rest.as_bytes(), [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic()).then(|| rest.into())
}

/// The units of a name from its bytes; what is no text is replaced.
fn units(mut bytes: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(bytes.len());
    let half = |three: &[u8]| matches!(three, [0xed, 0xa0..=0xbf, 0x80..=0xbf]);
    while let Some(at) = bytes.windows(3).position(half) {
        let (before, rest) = bytes.split_at(at);
        units.extend(String::from_utf8_lossy(before).encode_utf16());
        units.push(0xd000 | u16::from(rest[1] & 0x3f) << 6 | u16::from(rest[2] & 0x3f));
        bytes = &rest[3..];
    }
    units.extend(String::from_utf8_lossy(bytes).encode_utf16());
    units
}

/// The standard library shows no time of change and no number of a file here, so that in stamps the times of the last
/// write and of birth stand in for them.
pub(super) fn thing_of(known: &Metadata) -> Thing {
    let born_ns = portable::since_1970(known.created());
    Thing {
        kind: portable::kind_of(known.file_type()),
        stamp: Stamp { ctime_ns: portable::since_1970(known.modified()), identity: born_ns.unsigned_abs() },
        born_ns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_unicode_comes_back_from_its_bytes() {
        let name = [0x61, 0xd800, 0x62, 0xdfff, 0xe9, 0xd83d, 0xde00];
        let name = OsString::from_wide(&name);
        assert_eq!(path(name.as_encoded_bytes()).as_os_str(), name);
        assert_eq!(path("a/ä".as_bytes()), Path::new("a\\ä"));
        assert_eq!(path(b"a\xffb"), Path::new("a\u{fffd}b"));
    }

    #[test]
    fn resolved_paths_are_those_that_people_write() {
        let plain = |path| without_prefix(path).map(|path| path.into_os_string().into_string().unwrap_or_default());
        assert_eq!(plain(r"\\?\C:\work").as_deref(), Some(r"C:\work"));
        assert_eq!(plain(r"\\?\UNC\host\share\x").as_deref(), Some(r"\\host\share\x"));
        assert_eq!(plain(r"\\?\Volume{0}\x"), None);
        assert_eq!(plain(r"C:\work"), None);
    }
}
