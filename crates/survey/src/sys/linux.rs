//! Linux: everything relative to descriptors, one system call each.

use std::{
    ffi::CStr,
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{
        AtFlags, CWD, FileType, Mode, OFlags, RawDir, ResolveFlags, Stat, Statx, StatxFlags, fstat, fstatfs, openat,
        openat2, readlinkat, statat, statx,
    },
    io::Errno,
    time::{ClockId, Timespec, clock_gettime},
};

use super::{Clocks, Device, Facts, Seen, Stamp, Thing};
use crate::Kind;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What [`Facts`] are made of.
const FACTS: StatxFlags = StatxFlags::TYPE
    .union(StatxFlags::INO)
    .union(StatxFlags::SIZE)
    .union(StatxFlags::CTIME)
    .union(StatxFlags::MTIME)
    .union(StatxFlags::BTIME);

/// Magic numbers (statfs(2)) of file systems whose times are given by a server or a program: NFS, SMB in three dialects,
/// 9P, FUSE (virtiofs and sshfs among them), Ceph, AFS, Coda, Lustre, OrangeFS, and the folders that VirtualBox and
/// VMware share.
const FOREIGN_CLOCKS: [u32; 13] = [
    0x6969,
    0x517b,
    0xfe53_4d42,
    0xff53_4d42,
    0x0102_1997,
    0x6573_5546,
    0x00c3_6400,
    0x5346_414f,
    0x7375_7245,
    0x0bd0_0bd0,
    0x2003_0528,
    0x786f_4256,
    0xbacb_acbc,
];

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir(OwnedFd);

/// Room for a good many directory entries at once.
#[derive(Default)]
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    const BYTES: usize = 64 * 1024;

    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(Self::BYTES))
    }
}

impl Dir {
    /// Opens a directory that the caller named; here, and only here, symlinks count as in any path.
    pub(crate) fn open_root(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(CWD, path, flags, Mode::empty())?))
    }

    /// Opens a directory by a path without a symlink in it.
    pub(crate) fn open_resolved(path: &Path) -> io::Result<Self> {
        let root = Self::open_root(Path::new("/"))?;
        let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str());
        match bytes.strip_prefix(b"/") {
            Some([]) => Ok(root),
            Some(relative) => root.open_far(relative),
            None => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Opens a directory below this one (a relative path without `..`); a symlink anywhere on the way is an error.
    #[inline]
    pub(crate) fn open_beneath(&self, path: &[u8]) -> io::Result<Self> {
        let opened = openat2(&self.0, path, DIRECTORY, Mode::empty(), ResolveFlags::NO_SYMLINKS);
        match opened {
            Ok(descriptor) => Ok(Self(descriptor)),
            // Old kernels and some container filters do not know the call: one component at a time.
            Err(Errno::NOSYS | Errno::PERM) => self.open_stepwise(path),
            Err(errno) => Err(errno.into()),
        }
    }

    fn open_stepwise(&self, path: &[u8]) -> io::Result<Self> {
        let (way, name) = match path.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&[][..], path),
        };
        let mut nearer: Option<OwnedFd> = None;
        for component in way.split(|&byte| byte == b'/').filter(|component| !component.is_empty()) {
            let from = nearer.as_ref().unwrap_or(&self.0);
            nearer = Some(openat(from, component, DIRECTORY | OFlags::PATH, Mode::empty())?);
        }
        let from = nearer.as_ref().unwrap_or(&self.0);
        Ok(Self(openat(from, name, DIRECTORY, Mode::empty())?))
    }

    /// The stamp of this directory itself.
    #[inline]
    pub(crate) fn stamp(&self) -> io::Result<Stamp> {
        Ok(stamp_of(&fstat(&self.0)?))
    }

    /// The stamp of this directory itself, and the device that it is on.
    #[inline]
    pub(crate) fn stamp_and_device(&self) -> io::Result<(Stamp, Device)> {
        let stat = fstat(&self.0)?;
        Ok((stamp_of(&stat), device_of(&stat)))
    }

    /// Whether the times of this directory's file system are given by the clock of another machine or program.
    pub(crate) fn has_foreign_clock(&self) -> bool {
        // The width of the field differs between architectures; no magic number has more than 32 bits.
        fstatfs(&self.0).is_ok_and(|known| FOREIGN_CLOCKS.contains(&(known.f_type as u32)))
    }

    /// The stamp of the directory `path` below this one; an error if it is something else.
    #[inline]
    pub(crate) fn stamp_beneath(&self, path: &[u8]) -> io::Result<Stamp> {
        let stat = statat(&self.0, path, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Ok(stamp_of(&stat)),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// What `path` below this directory is; a last symlink is not followed.
    pub(crate) fn look(&self, path: &[u8]) -> io::Result<Thing> {
        let wanted = StatxFlags::TYPE | StatxFlags::INO | StatxFlags::CTIME | StatxFlags::BTIME;
        let known = statx(&self.0, path, AtFlags::SYMLINK_NOFOLLOW, wanted)?;
        Ok(thing_of(&known))
    }

    /// What there is to know of the entry `name`; a symlink is not followed. With `sync`, a file system that knows only
    /// what another machine told it a while ago asks again.
    #[inline]
    pub(crate) fn facts(&self, name: &[u8], _seen: Seen, sync: bool) -> io::Result<Facts> {
        let sync = if sync { AtFlags::empty() } else { AtFlags::STATX_DONT_SYNC };
        Ok(facts_of(&statx(&self.0, name, AtFlags::SYMLINK_NOFOLLOW | sync, FACTS)?))
    }

    /// Calls `each` with the name (its NUL included), kind and what else is told of every entry. Goes on where the last reading of this
    /// descriptor ended: a directory that was read is opened again to be read again.
    #[inline]
    pub(crate) fn entries(&self, buffer: &mut Buffer, mut each: impl FnMut(&[u8], Kind, Seen)) -> io::Result<()> {
        let mut entries = RawDir::new(&self.0, buffer.0.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            if is_dot(name) {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => match self.look(name.to_bytes()) {
                    Ok(thing) => thing.kind,
                    Err(error) if super::vanished(&error) => continue,
                    // Perhaps a directory: it will be listed as one that cannot be read.
                    Err(_) => Kind::Directory,
                },
                known => kind_of(known),
            };
            each(name.to_bytes_with_nul(), kind, Seen::new(entry.ino()));
        }
        Ok(())
    }

    /// The content of the plain file `name` in this directory, if it is no larger than `limit`.
    pub(crate) fn read_file(&self, name: &[u8], limit: usize) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.open_file(name)?.take(limit as u64 + 1).read_to_end(&mut content)?;
        if content.len() > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(content)
    }

    /// Opens the plain file `name` in this directory to read it.
    pub(crate) fn open_file(&self, name: &[u8]) -> io::Result<File> {
        let plain = |stat: &Stat| match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(()),
            _ => Err(io::Error::from(io::ErrorKind::InvalidInput)),
        };
        // Looked at before it is opened: opening a device or a pipe can have effects.
        plain(&statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(&self.0, name, flags, Mode::empty())?;
        plain(&fstat(&file)?)?;
        Ok(File::from(file))
    }

    /// Where the symlink `name` in this directory points.
    pub(crate) fn read_link(&self, name: &[u8]) -> io::Result<PathBuf> {
        Ok(super::path_buf(readlinkat(&self.0, name, Vec::new())?.to_bytes()))
    }
}

/// Whether an open file is what was looked at, and has not changed since.
pub(crate) fn is_still(file: &File, facts: &Facts) -> io::Result<bool> {
    Ok(facts_of(&statx(file, c"", AtFlags::EMPTY_PATH, FACTS)?) == *facts)
}

/// What the clocks show now. Files get their times from the coarse one.
pub(crate) fn clocks() -> Clocks {
    let clock = |id| clock_gettime(id);
    let ns = |time: Timespec| nanoseconds(time.tv_sec, time.tv_nsec);
    Clocks {
        files_ns: ns(clock(ClockId::RealtimeCoarse)),
        settable_ns: ns(clock(ClockId::Realtime)),
        steady_ns: ns(clock(ClockId::Boottime)),
    }
}

#[inline]
fn is_dot(name: &CStr) -> bool {
    matches!(name.to_bytes(), b"." | b"..")
}

#[inline]
fn kind_of(file_type: FileType) -> Kind {
    match file_type {
        FileType::Directory => Kind::Directory,
        FileType::RegularFile => Kind::File,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Other,
    }
}

#[inline]
fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

#[inline]
fn identity(inode: u64, device: u64) -> u64 {
    inode ^ device.rotate_left(40)
}

// The widths of these fields differ between architectures.
#[allow(clippy::unnecessary_cast, clippy::useless_conversion)]
#[inline]
fn stamp_of(stat: &Stat) -> Stamp {
    Stamp {
        ctime_ns: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        identity: identity(stat.st_ino as u64, stat.st_dev as u64),
    }
}

/// The device, in the 32 bits that the kernel has for it.
#[inline]
fn device_of(stat: &Stat) -> Device {
    stat.st_dev as Device
}

#[inline]
fn facts_of(known: &Statx) -> Facts {
    Facts {
        kind: kind_of(FileType::from_raw_mode(u32::from(known.stx_mode))),
        inode: known.stx_ino,
        size: known.stx_size,
        ctime_ns: nanoseconds(known.stx_ctime.tv_sec, i64::from(known.stx_ctime.tv_nsec)),
        mtime_ns: nanoseconds(known.stx_mtime.tv_sec, i64::from(known.stx_mtime.tv_nsec)),
        born_ns: born_of(known),
    }
}

/// Time of birth; 0 where the file system keeps none.
#[inline]
fn born_of(known: &Statx) -> i64 {
    match StatxFlags::from_bits_retain(known.stx_mask).contains(StatxFlags::BTIME) {
        true => nanoseconds(known.stx_btime.tv_sec, i64::from(known.stx_btime.tv_nsec)),
        false => 0,
    }
}

fn thing_of(known: &Statx) -> Thing {
    Thing {
        kind: kind_of(FileType::from_raw_mode(u32::from(known.stx_mode))),
        stamp: Stamp {
            ctime_ns: nanoseconds(known.stx_ctime.tv_sec, i64::from(known.stx_ctime.tv_nsec)),
            identity: identity(known.stx_ino, rustix::fs::makedev(known.stx_dev_major, known.stx_dev_minor)),
        },
        born_ns: born_of(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fallback_opens_what_the_fast_call_opens_and_refuses_symlinks_alike() {
        let root = std::env::temp_dir().join(format!("survey-stepwise-{}", std::process::id()));
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::os::unix::fs::symlink("a", root.join("l")).unwrap();
        let dir = Dir::open_root(&root).unwrap();
        let fast = dir.open_beneath(b"a/b").unwrap().stamp().unwrap();
        assert_eq!(dir.open_stepwise(b"a/b").unwrap().stamp().unwrap(), fast);
        for path in [b"l".as_slice(), b"l/b", b"missing/b"] {
            let fast = dir.open_beneath(path).unwrap_err();
            let slow = dir.open_stepwise(path).unwrap_err();
            assert!(super::super::vanished(&fast), "{fast}");
            assert!(super::super::vanished(&slow), "{slow}");
        }
        std::fs::remove_dir_all(root).unwrap();
    }
}
