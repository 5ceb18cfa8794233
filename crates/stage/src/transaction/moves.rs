//! A path and a slot change places.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::RenameFlags;
use rustix::io::Errno;

use crate::node::Node;
use crate::tree::node_at;

use super::conflict::{Conflict, Reason};
use super::error::Stop;
use super::faults;
use super::ground::Ground;
use super::journal::{Link, Move};
use super::seen::Seen;
use super::slot::Slot;

/// How often something that came out is put back when somebody else goes on replacing what is there.
const TRIES: usize = 8;

/// Does it, unless it has been done.
pub(super) fn carry(ground: &Ground<'_>, step: &Move) -> Result<(), Stop> {
    let path = step.path.path();
    let slot = ground.slot(step.slot);
    if is_done(ground, step, &slot)? {
        return Ok(());
    }
    let (parent, name) = ground.tree.parent(path).map_err(Stop::at(path))?;
    let place = Place { path, parent, name };
    place.expect(step)?;
    fill(ground, step, &slot)?;
    trade(step, &slot, &place)?;
    verify(step, &slot, &place)
}

/// Where something lies in the tree: from here on, nobody can lead us elsewhere.
struct Place<'a> {
    path: &'a Path,
    parent: OwnedFd,
    name: &'a OsStr,
}

impl Place<'_> {
    fn node(&self) -> Result<Option<Node>, Stop> {
        node_at(self.parent.as_fd(), self.name).map_err(Stop::at(self.path))
    }

    fn expect(&self, step: &Move) -> Result<(), Stop> {
        let found = self.node()?;
        match (&step.old, &found) {
            (None, None) => Ok(()),
            (Some(old), Some(found)) if old.fits(found) => Ok(()),
            _ => Err(self.conflict(step, found.as_ref())),
        }
    }

    fn conflict(&self, step: &Move, found: Option<&Node>) -> Stop {
        Stop::Conflict(Conflict::differs(self.path, step.old.as_ref(), found))
    }
}

/// What the slot holds says whether it was done. Of links that are made late it may hold nothing before as well.
fn is_done(ground: &Ground<'_>, step: &Move, slot: &Slot<'_>) -> Result<bool, Stop> {
    let path = step.path.path();
    if let Some(link) = &step.link {
        let found = ground.tree.node(path).map_err(Stop::at(path))?;
        return Ok(is(found.as_ref(), link.inode) == makes(step, link));
    }
    let held = slot.node().map_err(Stop::at(path))?;
    Ok(step.old.map_or(held.is_none(), |old| is(held.as_ref(), old.inode)))
}

/// Gives a file in the tree another name, in the slot.
fn fill(ground: &Ground<'_>, step: &Move, slot: &Slot<'_>) -> Result<(), Stop> {
    let Some(link) = step.link.as_ref().filter(|link| makes(step, link)) else { return Ok(()) };
    let (path, to) = (step.path.path(), link.to.path());
    let is_there = || Ok(is(slot.node()?.as_ref(), link.inode));
    let make = || {
        if !is_there()? {
            let (parent, name) = ground.tree.parent(to)?;
            slot.make_name(parent.as_fd(), name)?;
        }
        is_there()
    };
    if make().map_err(Stop::at(to))? {
        return Ok(());
    }
    slot.remove().map_err(Stop::at(path))?;
    Err(Stop::Conflict(Conflict::at(path, Reason::NoFile { named: to.to_owned() })))
}

fn trade(step: &Move, slot: &Slot<'_>, place: &Place<'_>) -> Result<(), Stop> {
    let traded = match (step.old, step.new) {
        (None, None) => Ok(()),
        (None, Some(_)) => bring(slot, place),
        (Some(_), None) => take(slot, place),
        (Some(_), Some(_)) => exchange(slot, place),
    };
    match traded {
        // Somebody has made or removed something since we looked.
        Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::EXIST | Errno::NOENT)) => {
            Err(place.conflict(step, place.node()?.as_ref()))
        }
        traded => traded.map_err(Stop::at(place.path)),
    }
}

/// Whether what came out is what was expected, a directory without anything in it. Otherwise it goes back.
fn verify(step: &Move, slot: &Slot<'_>, place: &Place<'_>) -> Result<(), Stop> {
    let Some(old) = &step.old else { return Ok(()) };
    let Some(came) = slot.node().map_err(Stop::at(place.path))? else { return Ok(()) };
    let stop = if !old.fits(&came) {
        place.conflict(step, Some(&came))
    } else if let Some(name) = first_inside(&came, slot).map_err(Stop::at(place.path))? {
        Stop::Conflict(Conflict::at(place.path, Reason::NotEmpty { holds: place.path.join(name) }))
    } else {
        return Ok(());
    };
    give_back(step.new.as_ref(), slot, place).map_err(Stop::at(place.path))?;
    Err(stop)
}

fn first_inside(came: &Node, slot: &Slot<'_>) -> io::Result<Option<std::ffi::OsString>> {
    if came.is_directory() { Ok(slot.names()?.pop()) } else { Ok(None) }
}

/// Puts back what came out. Where somebody has put something else meanwhile, it stays in the slot, which nobody removes.
fn give_back(new: Option<&Seen>, slot: &Slot<'_>, place: &Place<'_>) -> io::Result<()> {
    let Some(new) = new else {
        return match bring(slot, place) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::EXIST) => Ok(()),
            other => other,
        };
    };
    for _ in 0..TRIES {
        exchange(slot, place)?;
        if is(slot.node()?.as_ref(), new.inode) {
            break;
        }
    }
    Ok(())
}

fn bring(slot: &Slot<'_>, place: &Place<'_>) -> io::Result<()> {
    faults::point()?;
    let flags = RenameFlags::NOREPLACE;
    Ok(rustix::fs::renameat_with(slot.directory, &slot.name, &place.parent, place.name, flags)?)
}

fn take(slot: &Slot<'_>, place: &Place<'_>) -> io::Result<()> {
    faults::point()?;
    let flags = RenameFlags::NOREPLACE;
    Ok(rustix::fs::renameat_with(&place.parent, place.name, slot.directory, &slot.name, flags)?)
}

fn exchange(slot: &Slot<'_>, place: &Place<'_>) -> io::Result<()> {
    faults::point()?;
    let flags = RenameFlags::EXCHANGE;
    Ok(rustix::fs::renameat_with(slot.directory, &slot.name, &place.parent, place.name, flags)?)
}

/// Whether the link comes into the tree by it, or goes.
fn makes(step: &Move, link: &Link) -> bool {
    step.new.is_some_and(|new| new.inode == link.inode)
}

fn is(node: Option<&Node>, inode: u64) -> bool {
    node.is_some_and(|node| node.identity.inode == inode)
}
