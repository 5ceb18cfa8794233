//! Makes a model on a disk.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, symlink};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode};

use crate::attributes::set_attributes;
use crate::step::Meta;
use crate::transaction::said::times;

use super::{Item, Model, Text};

/// Makes it in an empty directory, whose own meta is at the empty path.
pub(in crate::transaction::tests) fn build(model: &Model, root: &Path) {
    for (path, item) in model {
        let at = root.join(path);
        match item {
            Item::Directory(_) if path.as_os_str().is_empty() => {}
            Item::Directory(_) => fs::create_dir(at).unwrap(),
            Item::File(text, _) => write(text, &at),
            Item::Same(_) => {}
            Item::Link(target, modified) => {
                symlink(target, &at).unwrap();
                rustix::fs::utimensat(CWD, &at, &times(*modified), AtFlags::SYMLINK_NOFOLLOW).unwrap();
            }
            Item::Pipe(_) => rustix::fs::mkfifoat(CWD, &at, Mode::RWXU).unwrap(),
        }
    }
    for (path, item) in model {
        if let Item::Same(to) = item {
            fs::hard_link(root.join(to), root.join(path)).unwrap();
        }
    }
    for (path, item) in model.iter().rev() {
        if let Item::Directory(meta) | Item::File(_, meta) | Item::Pipe(meta) = item {
            say(meta, &root.join(path), !matches!(item, Item::Pipe(_)));
        }
    }
}

pub(in crate::transaction::tests) fn write(text: &Text, at: &Path) {
    let file = fs::File::create(at).unwrap();
    file.write_all_at(&text.bytes, text.hole).unwrap();
}

fn say(meta: &Meta, at: &Path, has_attributes: bool) {
    if has_attributes {
        set_attributes(fs::File::open(at).unwrap().as_fd(), &meta.attributes).unwrap();
    }
    rustix::fs::chmod(at, Mode::from_raw_mode(meta.mode)).unwrap();
    rustix::fs::utimensat(CWD, at, &times(meta.modified), AtFlags::empty()).unwrap();
}
