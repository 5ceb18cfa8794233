//! Copies of what lies somewhere, for where it cannot be moved itself.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{FileType, OFlags};

use crate::node::{Kind, Node};
use crate::tree::Tree;

use super::copy;
use super::owner;
use super::said::Said;
use super::slot::Slot;

/// Makes copies in a directory. Names of one file become names of one copy.
#[derive(Debug)]
pub(super) struct Keeper<'a> {
    to: BorrowedFd<'a>,
    copies: HashMap<u64, u32>,
}

impl<'a> Keeper<'a> {
    /// For copies in that directory.
    pub(super) fn new(to: BorrowedFd<'a>) -> Self {
        Self { to, copies: HashMap::new() }
    }

    /// Copies one thing; of directories only that they are some.
    pub(super) fn keep(&mut self, tree: &Tree, path: &Path, node: &Node, number: u32) -> io::Result<()> {
        let slot = Slot::new(self.to, number.to_string());
        if let Some(copy) = self.copies.get(&node.identity.inode) {
            return slot.make_name(self.to, copy.to_string());
        }
        match &node.kind {
            Kind::File { .. } => copy::copy(&copy::open(tree, path)?, &slot.make_file()?)?,
            Kind::Directory => return slot.make_directory(),
            Kind::Link { target } => slot.make_link(target)?,
            Kind::Pipe => slot.make_special(FileType::Fifo, 0)?,
            Kind::Socket => slot.make_special(FileType::Socket, 0)?,
            Kind::Device { number } => slot.make_special(device(tree, path)?, *number)?,
        }
        owner::give_to_owner(&slot, &owner::of_any(tree, path)?)?;
        if node.links > 1 {
            self.copies.insert(node.identity.inode, number);
        }
        match node.kind {
            Kind::Link { .. } => slot.set_time(node.modified),
            _ => Said::about(tree.at(path, OFlags::PATH)?.as_fd())?.apply(slot.named()?.as_fd()),
        }
    }
}

fn device(tree: &Tree, path: &Path) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(owner::of_any(tree, path)?.st_mode))
}
