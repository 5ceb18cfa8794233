//! Contents of files, shared where the file system can do that, with their holes, and never as a whole in memory.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, OFlags, SeekFrom};
use rustix::io::Errno;

use crate::tree::Tree;

use super::faults;
use super::said::{open_up, set_mode};

/// How much is asked of the kernel at once.
const AT_ONCE: u64 = 1 << 30;
/// How much is read at once where the kernel does not copy.
const BUFFER: usize = 1 << 18;

/// Opens a file to read it. Where its mode forbids that to its owner, it is another for that moment.
pub(crate) fn open(tree: &Tree, path: &Path) -> io::Result<File> {
    match tree.file(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let named = tree.at(path, OFlags::PATH)?;
            let mode = rustix::fs::fstat(&named)?.st_mode & 0o7777;
            open_up(named.as_fd())?;
            let file = tree.file(path);
            set_mode(named.as_fd(), mode)?;
            file
        }
        file => file,
    }
}

/// Makes a file contain what another one does, whatever it contained.
pub(crate) fn copy(from: &File, to: &File) -> io::Result<()> {
    faults::point()?;
    let bytes = from.metadata()?.len();
    if bytes > 0 && rustix::fs::ioctl_ficlone(to, from).is_err() {
        copy_data(from, to, bytes)?;
    }
    faults::point()?;
    Ok(rustix::fs::ftruncate(to, bytes)?)
}

fn copy_data(from: &File, to: &File, bytes: u64) -> io::Result<()> {
    let there = to.metadata()?.len();
    let mut at = 0;
    while at < bytes {
        let data = next(from, SeekFrom::Data(at), at, bytes)?;
        if at < there {
            clear(to, at, data)?;
        }
        let end = if data < bytes { next(from, SeekFrom::Hole(data), bytes, bytes)? } else { bytes };
        copy_range(from, to, data, end)?;
        at = end;
    }
    Ok(())
}

/// Where data or the next hole begins; `otherwise` where the file system knows no holes.
fn next(file: &File, what: SeekFrom, otherwise: u64, bytes: u64) -> io::Result<u64> {
    match rustix::fs::seek(file, what) {
        Ok(at) => Ok(at.min(bytes)),
        Err(Errno::NXIO) => Ok(bytes),
        Err(Errno::INVAL) => Ok(otherwise),
        Err(error) => Err(error.into()),
    }
}

/// Makes a hole, or zeros where there are no holes.
fn clear(file: &File, from: u64, to: u64) -> io::Result<()> {
    if from >= to {
        return Ok(());
    }
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    match rustix::fs::fallocate(file, flags, from, to - from) {
        Err(Errno::OPNOTSUPP) => write_zeros(file, from, to),
        other => Ok(other?),
    }
}

fn write_zeros(file: &File, mut from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0; BUFFER];
    while from < to {
        let part = usize::try_from(to - from).map_or(BUFFER, |rest| rest.min(BUFFER));
        file.write_all_at(&zeros[..part], from)?;
        from += part as u64;
    }
    Ok(())
}

fn copy_range(from: &File, to: &File, mut at: u64, end: u64) -> io::Result<()> {
    while at < end {
        let (mut read, mut written) = (at, at);
        let part = usize::try_from((end - at).min(AT_ONCE)).unwrap_or(usize::MAX);
        match rustix::fs::copy_file_range(from, Some(&mut read), to, Some(&mut written), part) {
            // Shorter than it was; or a file system that says so of files it makes up.
            Ok(0) => return read_and_write(from, to, at, end),
            Ok(copied) => at += copied as u64,
            Err(Errno::INTR) => {}
            Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => {
                return read_and_write(from, to, at, end);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn read_and_write(from: &File, to: &File, mut at: u64, end: u64) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    while at < end {
        let part = usize::try_from(end - at).map_or(BUFFER, |rest| rest.min(BUFFER));
        let read = from.read_at(&mut buffer[..part], at)?;
        if read == 0 {
            break;
        }
        to.write_all_at(&buffer[..read], at)?;
        at += read as u64;
    }
    Ok(())
}
