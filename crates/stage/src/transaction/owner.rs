//! Whom new things belong to: whoever owned what they replace, or, as far as anybody else would do it so, the directory.

use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, Gid, OFlags, Stat, Uid};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::tree::Tree;

use super::slot::Slot;

/// With it, what is made in a directory belongs to the directory's group.
const SET_GROUP_ID: u32 = 0o2000;

/// Who owns a directory.
pub(super) fn of(tree: &Tree, path: &Path) -> io::Result<Stat> {
    Ok(rustix::fs::fstat(tree.at(path, OFlags::PATH)?)?)
}

/// The same for something in a directory, of links as well.
pub(super) fn of_any(tree: &Tree, path: &Path) -> io::Result<Stat> {
    let (parent, name) = tree.parent(path)?;
    Ok(rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Gives something in a slot to the owner of what it replaces, or is a copy of.
pub(super) fn give_to_owner(slot: &Slot<'_>, owner: &Stat) -> io::Result<()> {
    give(slot, Some(owner.st_uid), Some(owner.st_gid))
}

/// Gives something in a slot to whom new things in a directory belong. Root makes them for the directory's owner.
pub(super) fn give_to_heir(slot: &Slot<'_>, directory: &Stat) -> io::Result<()> {
    let root = geteuid().is_root();
    let inherits = root || directory.st_mode & SET_GROUP_ID != 0;
    give(slot, root.then_some(directory.st_uid), inherits.then_some(directory.st_gid))
}

/// Before its mode is set, of which this takes some bits. Whoever may not give things away keeps them.
fn give(slot: &Slot<'_>, user: Option<u32>, group: Option<u32>) -> io::Result<()> {
    let is = rustix::fs::statat(slot.directory, &slot.name, AtFlags::SYMLINK_NOFOLLOW)?;
    let user = user.filter(|user| *user != is.st_uid && geteuid().is_root()).map(Uid::from_raw);
    let group = group.filter(|group| *group != is.st_gid).map(Gid::from_raw);
    if user.is_none() && group.is_none() {
        return Ok(());
    }
    match rustix::fs::chownat(slot.directory, &slot.name, user, group, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(()) | Err(Errno::PERM) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
