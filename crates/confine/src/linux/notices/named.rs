//! The paths that a call names, read from the memory of who calls.

use std::ffi::OsString;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::Memory;
use crate::linux::seccomp::Argument;

/// Longest path that the kernel takes (`PATH_MAX`), without its end.
const MAX_PATH_BYTES: usize = 4095;
/// Where the path begins in a `struct sockaddr_un` (unix(7)), after the family.
const SOCKET_PATH: usize = 2;

/// A path that a call names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The descriptor of the directory that a relative path starts at; `None` for the current one.
    pub directory: Option<RawFd>,
    /// The path as it was given.
    pub path: PathBuf,
    /// What it is for.
    pub purpose: Purpose,
    /// Whether a link at its end is followed.
    pub follows: bool,
}

/// What a path is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To learn of it: stat(2), access(2), readlink(2).
    Look,
    /// To read it, or to go there.
    Read,
    /// To change it; it is there.
    Write,
    /// To change its owner, mode, times or extended attributes.
    Attributes,
    /// To write to it, and to make it if it is not there.
    Create,
    /// To make it; it is not there.
    Make,
    /// To take its name away.
    Remove,
    /// To give its name to something else.
    Replace,
    /// To connect to it.
    Connect,
    /// To execute it.
    Execute,
}

/// Gives the values of a call their meanings. What cannot be read is left out.
pub(super) fn read(memory: Memory, meanings: &[Argument], values: &[u64; 6]) -> Vec<Named> {
    let find = |wanted: fn(&Argument) -> bool| {
        let found = meanings.iter().zip(values).find(|(meaning, _)| wanted(meaning));
        found.map(|(_, value)| *value)
    };
    let flags = find(|argument| matches!(argument, Argument::Flags)).unwrap_or(0) as i32;
    if flags & libc::AT_EMPTY_PATH != 0 {
        // An empty path, most likely: what is open is not named.
        return Vec::new();
    }
    let how = || find(|argument| matches!(argument, Argument::How)).and_then(|how| memory.number(how).ok());
    let mode = find(|argument| matches!(argument, Argument::Mode)).or_else(how).unwrap_or(0) as i32;
    let bytes = find(|argument| matches!(argument, Argument::Bytes)).unwrap_or(0);
    let mut directory = None;
    let mut named = Vec::new();
    for (meaning, value) in meanings.iter().zip(values) {
        match *meaning {
            // The kernel takes it as `int`.
            Argument::Directory => directory = Some(*value as RawFd).filter(|directory| *directory != libc::AT_FDCWD),
            Argument::Path(purpose, follows) => named.extend(path(memory, *value).map(|path| Named {
                directory: directory.take(),
                path,
                purpose: if purpose == Purpose::Read { opened(mode) } else { purpose },
                follows: follows && flags & libc::AT_SYMLINK_NOFOLLOW == 0 && mode & libc::O_NOFOLLOW == 0,
            })),
            Argument::Address(purpose) => {
                let path = socket(memory, *value, bytes).ok().flatten();
                named.extend(path.map(|path| Named { directory: None, path, purpose, follows: true }));
            }
            Argument::Other
            | Argument::Flags
            | Argument::Mode
            | Argument::How
            | Argument::Bytes
            | Argument::Descriptor => {}
        }
    }
    named
}

/// What is open and meant itself: the argument of a call that takes nothing else, or that of one whose path is empty or none.
pub(super) fn descriptor(memory: Memory, meanings: &[Argument], values: &[u64; 6]) -> Option<RawFd> {
    // The kernel takes it as `int`.
    let number = |value: &u64| Some(*value as RawFd).filter(|number| *number != libc::AT_FDCWD);
    match (meanings, values) {
        ([Argument::Descriptor, ..], [value, ..]) => number(value),
        ([Argument::Directory, Argument::Path(Purpose::Attributes, _), ..], [directory, address, ..]) => {
            let is_named = *address != 0 && path(memory, *address).is_some();
            number(directory).filter(|_| !is_named)
        }
        _ => None,
    }
}

/// What a file is opened for. `O_PATH` opens nothing.
fn opened(mode: i32) -> Purpose {
    let writes = mode & (libc::O_WRONLY | libc::O_RDWR | libc::O_TRUNC) != 0;
    match (mode & libc::O_PATH != 0, mode & libc::O_CREAT != 0) {
        (true, _) => Purpose::Look,
        // A file without a name: the path is the directory that it would be in, and Linux makes none elsewhere.
        _ if mode & libc::O_TMPFILE == libc::O_TMPFILE => Purpose::Write,
        (_, true) if writes => Purpose::Create,
        _ if writes => Purpose::Write,
        _ => Purpose::Read,
    }
}

fn path(memory: Memory, address: u64) -> Option<PathBuf> {
    memory.string(address, MAX_PATH_BYTES).ok().flatten().filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The path of a Unix socket; abstract ones and those of other families have none.
fn socket(memory: Memory, address: u64, bytes: u64) -> io::Result<Option<PathBuf>> {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(size_of::<libc::sockaddr_un>());
    let address = memory.bytes(address, bytes)?;
    let Some((family, path)) = address.split_at_checked(SOCKET_PATH) else { return Ok(None) };
    let path: Vec<u8> = path.iter().copied().take_while(|byte| *byte != 0).collect();
    let is_unix = family == (libc::AF_UNIX as u16).to_ne_bytes();
    Ok((is_unix && !path.is_empty()).then(|| OsString::from_vec(path).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::seccomp;

    fn own() -> Memory {
        Memory(rustix::process::getpid())
    }

    fn named(call: libc::c_long, values: &[u64]) -> Vec<Named> {
        let mut all = [0; 6];
        all[..values.len()].copy_from_slice(values);
        read(own(), seccomp::arguments(call as u32).unwrap(), &all)
    }

    #[test]
    fn flags_say_what_a_file_is_opened_for() {
        let path = c"a/b".as_ptr() as u64;
        let here = libc::AT_FDCWD as u64;
        for (flags, purpose, follows) in [
            (libc::O_RDONLY | libc::O_CLOEXEC, Purpose::Read, true),
            (libc::O_WRONLY, Purpose::Write, true),
            (libc::O_RDWR | libc::O_CREAT | libc::O_NOFOLLOW, Purpose::Create, false),
            (libc::O_TMPFILE | libc::O_RDWR, Purpose::Write, true),
            (libc::O_PATH, Purpose::Look, true),
        ] {
            let expected = Named { directory: None, path: "a/b".into(), purpose, follows };
            assert_eq!(named(libc::SYS_openat, &[here, path, flags as u64]), std::slice::from_ref(&expected));
            let how = [flags as u64, 0, 0];
            assert_eq!(named(libc::SYS_openat2, &[here, path, how.as_ptr() as u64]), [expected]);
        }
    }

    #[test]
    fn both_paths_of_a_call_have_their_directories() {
        let (old, new) = (c"old".as_ptr() as u64, c"/new".as_ptr() as u64);
        let read = named(libc::SYS_renameat2, &[7, old, libc::AT_FDCWD as u64, new, 0]);
        let expected = |directory, path: &str, purpose| Named { directory, path: path.into(), purpose, follows: false };
        assert_eq!(read.len(), 2);
        assert_eq!(Named { follows: false, ..read[0].clone() }, expected(Some(7), "old", Purpose::Remove));
        assert_eq!(Named { follows: false, ..read[1].clone() }, expected(None, "/new", Purpose::Replace));
    }

    #[test]
    fn only_unix_sockets_with_a_path_are_named() {
        let connect = |bytes: &[u8]| named(libc::SYS_connect, &[3, bytes.as_ptr() as u64, bytes.len() as u64]);
        let family = |family: i32| (family as u16).to_ne_bytes();
        let unix = [family(libc::AF_UNIX).as_slice(), b"/run/x.sock\0rest"].concat();
        assert_eq!(connect(&unix).first().map(|named| named.path.clone()), Some("/run/x.sock".into()));
        assert_eq!(connect(&[family(libc::AF_UNIX).as_slice(), b"\0abstract"].concat()), []);
        assert_eq!(connect(&[family(libc::AF_INET).as_slice(), b"/run/x.sock"].concat()), []);
        assert_eq!(connect(&[]), []);
    }

    #[test]
    fn what_is_open_is_meant_where_nothing_is_named() {
        let open = |call: libc::c_long, values: &[u64]| {
            let mut all = [0; 6];
            all[..values.len()].copy_from_slice(values);
            descriptor(own(), seccomp::arguments(call as u32).unwrap(), &all)
        };
        let (path, empty) = (c"a".as_ptr() as u64, c"".as_ptr() as u64);
        assert_eq!(open(libc::SYS_fchmod, &[7, 0o600]), Some(7));
        assert_eq!(open(libc::SYS_utimensat, &[7, 0, 0, 0]), Some(7));
        assert_eq!(open(libc::SYS_fchownat, &[7, empty, 0, 0, libc::AT_EMPTY_PATH as u64]), Some(7));
        assert_eq!(open(libc::SYS_utimensat, &[7, path, 0, 0]), None);
        assert_eq!(open(libc::SYS_utimensat, &[libc::AT_FDCWD as u64, 0, 0, 0]), None);
        assert_eq!(open(libc::SYS_openat, &[7, empty, 0, 0]), None);
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        for nowhere in [0, 1, u64::MAX, 1 << 63] {
            assert_eq!(named(libc::SYS_openat, &[0, nowhere, 0]), []);
            assert_eq!(named(libc::SYS_connect, &[0, nowhere, u64::MAX]), []);
        }
        let long = std::ffi::CString::new("x/".repeat(3000)).unwrap();
        assert_eq!(named(libc::SYS_openat, &[0, long.as_ptr() as u64, 0]), []);
    }
}
