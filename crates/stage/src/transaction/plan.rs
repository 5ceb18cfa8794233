//! From steps to a journal, making everything new and keeping what has to be copied on the way.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags};
use rustix::time::{ClockId, clock_gettime};

use crate::node::{Node, Time};
use crate::step::{Content, Meta, Wanted};

use super::check::{Looked, Named, View};
use super::copy;
use super::error::Error;
use super::ground::Ground;
use super::journal::{Journal, Link, Move, Note, Write};
use super::keep::Keeper;
use super::owner;
use super::said::Said;
use super::seen::{Seen, Shape};
use super::slot::Slot;

/// Makes everything, and writes down what is to be done with it.
///
/// # Errors
/// Where something could not be made. What was is left to whoever removes it all.
pub(super) fn plan(ground: &Ground<'_>, view: &View<'_>) -> Result<Journal, Error> {
    let mut plan = Plan {
        ground,
        view,
        journal: Journal::empty(),
        notes: BTreeMap::new(),
        made: HashMap::new(),
        written: HashSet::new(),
        keeper: Keeper::new(ground.kept_directory()),
        numbers: 0,
    };
    let all = || view.at.iter().map(|(path, looked)| (*path, looked));
    all().rev().try_for_each(|(path, looked)| plan.remove(path, looked).map_err(Error::failed(path)))?;
    all().try_for_each(|(path, looked)| plan.make(path, looked).map_err(Error::failed(path)))?;
    all().try_for_each(|(path, looked)| plan.name(path, looked))?;
    plan.note_parents()?;
    plan.journal.notes = plan.notes.into_values().collect();
    Ok(plan.journal)
}

struct Plan<'a> {
    ground: &'a Ground<'a>,
    view: &'a View<'a>,
    journal: Journal,
    notes: BTreeMap<PathBuf, Note>,
    /// Slots of things that are made, by path.
    made: HashMap<&'a Path, u32>,
    /// Files that are written in place, by number: all names of one say the same.
    written: HashSet<u64>,
    keeper: Keeper<'a>,
    numbers: u32,
}

impl<'a> Plan<'a> {
    /// What shall be nothing goes.
    fn remove(&mut self, path: &'a Path, looked: &Looked<'a>) -> io::Result<()> {
        if !matches!(looked.step.wanted, Wanted::Nothing) || looked.found.is_none() {
            return Ok(());
        }
        let number = self.number();
        self.change(path, looked, number, None, None)
    }

    /// What shall be something is made, or gets something said about it.
    fn make(&mut self, path: &'a Path, looked: &Looked<'a>) -> io::Result<()> {
        match (&looked.step.wanted, &looked.found) {
            (Wanted::Nothing | Wanted::Same(_), _) => Ok(()),
            (Wanted::File(Content::Into(tree, from), meta), Some(found)) => {
                self.write(path, found, &copy::open(tree, from)?, meta)
            }
            (Wanted::Directory(meta), Some(found)) if found.is_directory() => self.note_change(path, found, meta),
            (Wanted::File(Content::Kept, meta), Some(found)) => self.note_change(path, found, meta),
            (Wanted::Pipe(meta), Some(found)) if Shape::of(&found.kind) == Shape::Pipe => {
                self.note_change(path, found, meta)
            }
            (wanted, _) => self.make_new(path, looked, wanted),
        }
    }

    fn make_new(&mut self, path: &'a Path, looked: &Looked<'a>, wanted: &Wanted) -> io::Result<()> {
        let number = self.number();
        let slot = self.ground.slot(number);
        let meta = fill(&slot, wanted)?;
        self.give(&slot, path, looked)?;
        match wanted {
            Wanted::Link { modified, .. } => slot.set_time(*modified)?,
            Wanted::Directory(_) => {}
            _ => meta.map_or(Ok(()), |meta| Said::from(meta).apply(slot.named()?.as_fd()))?,
        }
        let new = slot.node()?.as_ref().map(Seen::of);
        self.change(path, looked, number, new, None)?;
        if let (Wanted::Directory(meta), Some(seen)) = (wanted, new) {
            self.note(path, seen, None, Some(Said::from(meta)));
        }
        self.made.insert(path, number);
        Ok(())
    }

    /// What shall be another name of a file becomes one: of something made at once, of something in the tree when it is
    /// needed, since that is touched by it.
    fn name(&mut self, path: &'a Path, looked: &Looked<'a>) -> Result<(), Error> {
        let Wanted::Same(named) = &looked.step.wanted else { return Ok(()) };
        let named = self.view.named(named)?;
        let name = || match named {
            None => Err(io::ErrorKind::NotFound.into()),
            Some(Named::Made(to)) => {
                let (number, made) = (self.number(), self.made[to]);
                let slot = self.ground.slot(number);
                slot.make_name(self.ground.slots(), made.to_string())?;
                let new = slot.node()?.as_ref().map(Seen::of);
                self.change(path, looked, number, new, None)
            }
            Some(Named::There(_, node)) if is_same(looked, &node) => Ok(()),
            Some(Named::There(to, node)) => {
                let number = self.number();
                let new = Some(Seen { look: None, ..Seen::of(&node) });
                let link = Link { to: to.into(), inode: node.identity.inode };
                self.change(path, looked, number, new, Some(link))
            }
        };
        name().map_err(Error::failed(path))
    }

    /// Path and slot will change places.
    fn change(
        &mut self,
        path: &Path,
        looked: &Looked<'_>,
        slot: u32,
        new: Option<Seen>,
        link: Option<Link>,
    ) -> io::Result<()> {
        if let Some(found) = &looked.found {
            if !self.ground.keeps_originals() {
                self.keeper.keep(self.ground.tree, path, found, slot)?;
            }
            if found.is_directory() {
                let said = self.said(path)?;
                self.note(path, Seen::of(found), Some(said), None);
            }
        }
        let old = looked.found.as_ref().map(Seen::of);
        self.journal.moves.push(Move { path: path.into(), slot, old, new, link });
        Ok(())
    }

    fn write(&mut self, path: &Path, found: &Node, from: &std::fs::File, meta: &Meta) -> io::Result<()> {
        if !self.written.insert(found.identity.inode) {
            return Ok(());
        }
        let old = self.said(path)?;
        let (slot, seen) = (self.number(), Seen::of(found));
        let write = Write { path: path.into(), slot, seen, old, new: Said::from(meta), back: false };
        let [content, before] = write.contents();
        copy::copy(from, &self.ground.kept(&content).make_file()?)?;
        copy::copy(&copy::open(self.ground.tree, path)?, &self.ground.kept(&before).make_file()?)?;
        self.journal.writes.push(write);
        Ok(())
    }

    fn note_change(&mut self, path: &Path, found: &Node, meta: &Meta) -> io::Result<()> {
        let said = self.said(path)?;
        self.note(path, Seen::of(found), Some(said), Some(Said::from(meta)));
        Ok(())
    }

    fn note(&mut self, path: &Path, seen: Seen, old: Option<Said>, new: Option<Said>) {
        self.notes.insert(path.to_owned(), Note { path: path.into(), seen, old, new });
    }

    /// Directories in which names come or go, and of which no step speaks, get the time of the transaction.
    fn note_parents(&mut self) -> Result<(), Error> {
        let now = now();
        let moves = std::mem::take(&mut self.journal.moves);
        for parent in moves.iter().filter_map(|step| step.path.path().parent()) {
            if !self.notes.contains_key(parent) {
                self.note_parent(parent, now).map_err(Error::failed(parent))?;
            }
        }
        self.journal.moves = moves;
        self.ground.begun.inside.as_ref().map_or(Ok(()), |_| self.note_slots()).map_err(Error::failed(Path::new("")))
    }

    fn note_parent(&mut self, parent: &Path, now: Time) -> io::Result<()> {
        let directory = self.ground.tree.at(parent, OFlags::PATH)?;
        let seen = Seen::of(&Node::of(&rustix::fs::fstat(&directory)?, None));
        let old = self.said(parent)?;
        let new = Said { modified: now, ..old.clone() };
        self.note(parent, seen, Some(old), Some(new));
        Ok(())
    }

    /// Where the slots are in the tree, they come and go without a trace.
    fn note_slots(&mut self) -> io::Result<()> {
        let root = Path::new("");
        if self.notes.contains_key(root) { Ok(()) } else { self.note_parent(root, self.ground.begun.modified) }
    }

    /// What is said about something in the tree.
    fn said(&self, path: &Path) -> io::Result<Said> {
        let said = Said::about(self.ground.tree.at(path, OFlags::PATH)?.as_fd())?;
        Ok(self.ground.begun.before(path, said))
    }

    fn give(&self, slot: &Slot<'_>, path: &Path, looked: &Looked<'_>) -> io::Result<()> {
        if looked.found.is_some() {
            return owner::give_to_owner(slot, &owner::of_any(self.ground.tree, path)?);
        }
        let parent = path.parent().unwrap_or(Path::new(""));
        let heir = match self.made.get(parent) {
            Some(made) => rustix::fs::fstat(self.ground.slot(*made).named()?)?,
            None => owner::of(self.ground.tree, parent)?,
        };
        owner::give_to_heir(slot, &heir)
    }

    fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }
}

/// Makes something new, open to its owner; what is to be said about it comes back.
fn fill<'b>(slot: &Slot<'_>, wanted: &'b Wanted) -> io::Result<Option<&'b Meta>> {
    match wanted {
        Wanted::File(Content::Bytes(bytes), meta) => {
            slot.make_file()?.write_all(bytes)?;
            return Ok(Some(meta));
        }
        Wanted::File(Content::Of(tree, from) | Content::Into(tree, from), meta) => {
            copy::copy(&copy::open(tree, from)?, &slot.make_file()?)?;
            return Ok(Some(meta));
        }
        Wanted::Directory(_) => slot.make_directory()?,
        Wanted::Link { target, .. } => slot.make_link(target)?,
        Wanted::Pipe(meta) => {
            slot.make_special(FileType::Fifo, 0)?;
            return Ok(Some(meta));
        }
        Wanted::Nothing | Wanted::Same(_) | Wanted::File(Content::Kept, _) => {}
    }
    Ok(None)
}

fn is_same(looked: &Looked<'_>, node: &Node) -> bool {
    looked.found.as_ref().is_some_and(|found| found.identity.inode == node.identity.inode)
}

fn now() -> Time {
    let now = clock_gettime(ClockId::Realtime);
    Time { seconds: now.tv_sec, nanoseconds: u32::try_from(now.tv_nsec).unwrap_or(0) }
}
