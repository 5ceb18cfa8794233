//! Steps made as simply as can be, by path: what is tested is which steps there are.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use pinfold_stage::{Content, Meta, Step, Time, Tree, Wanted};
use rustix::fs::{AtFlags, CWD, Mode, Timespec, Timestamps, XattrFlags};

/// First all that is to be gone, the deepest first; then all that is to be there; then what is said about it.
pub(crate) fn apply(real: &Tree, steps: &[Step]) {
    let at = |path: &Path| real.path().join(path);
    for step in steps.iter().rev().filter(|step| step.expected.is_some() && replaces(step)) {
        remove(&at(&step.path)).unwrap_or_else(|error| panic!("{}: {error}", step.path.display()));
    }
    let (same, others): (Vec<_>, Vec<_>) = steps.iter().partition(|step| matches!(step.wanted, Wanted::Same(_)));
    for step in others.into_iter().chain(same) {
        make(&at(&step.path), real.path(), &step.wanted)
            .unwrap_or_else(|error| panic!("{}: {error}", step.path.display()));
    }
    for step in steps.iter().rev() {
        if let Wanted::Directory(meta) | Wanted::File(_, meta) | Wanted::Pipe(meta) = &step.wanted {
            say(&at(&step.path), meta);
        }
    }
}

fn replaces(step: &Step) -> bool {
    match step.wanted {
        Wanted::File(Content::Kept | Content::Into(..), _) => false,
        Wanted::Directory(_) => !step.expected.as_ref().is_some_and(|node| node.is_directory()),
        _ => true,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) }
}

fn make(path: &Path, root: &Path, wanted: &Wanted) -> io::Result<()> {
    match wanted {
        Wanted::Nothing | Wanted::File(Content::Kept, _) => Ok(()),
        Wanted::Directory(_) if path.is_dir() => Ok(()),
        Wanted::Directory(_) => fs::create_dir(path),
        Wanted::File(Content::Bytes(bytes), _) => fs::write(path, bytes),
        Wanted::File(Content::Of(tree, from) | Content::Into(tree, from), _) => {
            io::copy(&mut tree.file(from)?, &mut File::create(path)?).map(|_| ())
        }
        Wanted::Link { target, modified } => symlink(target, path).and_then(|()| time(path, *modified)),
        Wanted::Pipe(_) => Ok(rustix::fs::mkfifoat(CWD, path, Mode::from_raw_mode(0o600))?),
        Wanted::Same(first) => fs::hard_link(root.join(first), path),
    }
}

fn say(path: &Path, meta: &Meta) {
    for (name, value) in &meta.attributes {
        rustix::fs::setxattr(path, name.as_os_str(), value, XattrFlags::empty()).unwrap();
    }
    if !meta.attributes.contains_key(std::ffi::OsStr::new("user.mine")) {
        let _ = rustix::fs::removexattr(path, "user.mine");
    }
    fs::set_permissions(path, PermissionsExt::from_mode(meta.mode)).unwrap();
    time(path, meta.modified).unwrap();
}

fn time(path: &Path, time: Time) -> io::Result<()> {
    let time = Timespec { tv_sec: time.seconds, tv_nsec: time.nanoseconds.into() };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}
