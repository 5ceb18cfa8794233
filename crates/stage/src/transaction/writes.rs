//! A file that has other names is written in place, so that they see it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{Mode, OFlags};

use crate::attributes::by_descriptor;
use crate::node::Node;

use super::carry::Manner;
use super::conflict::Conflict;
use super::copy;
use super::error::Stop;
use super::ground::Ground;
use super::journal::Write;
use super::said::open_up;
use super::slot::Slot;

/// Writes it, once or again: half of it would be worse than all of it. A mark says that it has been begun, without which it
/// must still be what was expected, and needs no turning back. Between looking and writing nobody can be kept from changing
/// it, but for that moment.
pub(super) fn carry(ground: &Ground<'_>, write: &Write, manner: Manner) -> Result<(), Stop> {
    let (path, mark) = (write.path.path(), write.mark());
    let failed = |error| Stop::Failed(path.to_owned(), error);
    let begun = ground.marks.holds(&mark).map_err(failed)?;
    if manner == Manner::Back && !begun {
        return Ok(());
    }
    let named = ground.tree.at(path, OFlags::PATH).map_err(Stop::at(path))?;
    if !begun {
        ground.marks.touch(&mark).map_err(failed)?;
    }
    let node = Node::of(&rustix::fs::fstat(&named).map_err(|error| failed(error.into()))?, None);
    if node.identity.inode != write.seen.inode || !begun && !write.seen.fits(&node) {
        if !begun {
            Slot::new(ground.marks.directory(), mark).remove().map_err(failed)?;
        }
        return Err(Stop::Conflict(Conflict::differs(path, Some(&write.seen), Some(&node))));
    }
    let fill = || {
        let [content, _] = write.contents();
        copy::copy(&ground.kept(&content).file()?, &open_to_write(named.as_fd())?)?;
        write.new.apply(named.as_fd())
    };
    fill().map_err(failed)
}

fn open_to_write(named: BorrowedFd<'_>) -> io::Result<File> {
    open_up(named)?;
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(by_descriptor(named), flags, Mode::empty())?.into())
}
