//! Notes what there is before a run changes it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::content::Contents;
use super::log::{Line, Log};
use super::noted::{Noted, Shape};
use crate::limits;
use crate::node::Node;
use crate::tree::Tree;

/// Notes what there is before a run changes it. Paths are absolute, and lead to the places that it is for without links.
#[derive(Debug)]
pub struct Keeping {
    trees: Vec<Tree>,
    log: Log,
    contents: Contents,
    /// For each place the paths of which it is noted what lay there, and whether that is also so of all that lay below.
    noted: Vec<HashMap<PathBuf, bool>>,
    /// Files that were there before the run.
    files: Vec<Known>,
    /// Which of them has a number (`st_dev`, `st_ino`), as long as it can have a name.
    numbers: HashMap<(u64, u64), usize>,
    /// Nothing can be noted any more.
    gap: bool,
}

/// A file that was there before the run.
#[derive(Debug)]
struct Known {
    /// What it was when the first of its names was touched.
    was: Noted,
    /// Whether its content needs no more keeping.
    settled: bool,
}

/// What is to happen with what lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// It loses its content.
    Content,
    /// It loses its name, and is no more if that was the only one.
    Gone,
    /// It loses its name to another place.
    Name,
    /// Something else is said about it.
    Said,
}

impl Keeping {
    pub(super) fn new(trees: Vec<Tree>, log: Log, contents: Contents) -> Self {
        let noted = trees.iter().map(|_| HashMap::new()).collect();
        Self { trees, log, contents, noted, files: Vec::new(), numbers: HashMap::new(), gap: false }
    }

    /// Whether a path is in one of the places.
    pub fn is_about(&self, path: &Path) -> bool {
        self.trees.iter().any(|tree| path.starts_with(tree.path()))
    }

    /// A file is to be written, or made; its name is that of the file with this number, or of none.
    pub fn before_write(&mut self, path: &Path, inode: Option<u64>) {
        let Some((place, path)) = self.place(path) else { return };
        let Some(found) = self.look(place, path, inode) else { return };
        if found.is_none() {
            self.note_parent(place, path);
        }
        self.keep(place, path, found.as_ref(), Deed::Content);
    }

    /// Something else is to be said about what lies there: mode, times, attributes, number of names.
    pub fn before_said(&mut self, path: &Path, inode: Option<u64>) {
        let Some((place, path)) = self.place(path) else { return };
        let Some(found) = self.look(place, path, inode) else { return };
        self.keep(place, path, found.as_ref(), Deed::Said);
    }

    /// Something is to be made. Where something is that fails.
    pub fn before_made(&mut self, path: &Path) {
        let Some((place, path)) = self.place(path) else { return };
        if self.look(place, path, None) == Some(None) {
            self.note_parent(place, path);
            self.note(place, path, None);
        }
    }

    /// Something is to go. That fails for directories that hold something.
    pub fn before_removed(&mut self, path: &Path) {
        let Some((place, path)) = self.place(path) else { return };
        let Some(Some(found)) = self.look(place, path, None) else { return };
        let is_empty = |tree: &Tree| tree.names(path).is_ok_and(|names| names.is_empty());
        if !found.is_directory() || is_empty(&self.trees[place]) {
            self.note_parent(place, path);
            self.keep(place, path, Some(&found), Deed::Gone);
        }
    }

    /// Something is to have another name; what has that now goes, or changes places with it.
    pub fn before_rename(&mut self, from: &Path, to: &Path) {
        let ends = [from, to].map(|path| {
            let (place, path) = self.place(path)?;
            self.note_parent(place, path);
            let found = self.look(place, path, None)?;
            Some((place, path, found))
        });
        let [from, to] = &ends;
        for (end, deed) in [(from, Deed::Name), (to, Deed::Gone)] {
            if let Some((place, path, found)) = end {
                self.keep(*place, path, found.as_ref(), deed);
            }
        }
        for (one, other) in [(from, to), (to, from)] {
            let comes = one.as_ref().is_some_and(|(_, _, found)| found.as_ref().is_some_and(Node::is_directory));
            if let Some((place, path, _)) = other.as_ref().filter(|_| comes) {
                self.write(&Line::Came { place: *place, path: path.into() });
            }
        }
    }

    /// The place that a path is in, and its path there.
    fn place<'a>(&self, path: &'a Path) -> Option<(usize, &'a Path)> {
        if self.gap {
            return None;
        }
        let inside = |(place, tree): (usize, &Tree)| Some((place, path.strip_prefix(tree.path()).ok()?));
        self.trees.iter().enumerate().filter_map(inside).min_by_key(|(_, path)| path.as_os_str().len())
    }

    /// What lies there; nothing at all where it is not what the run means, since something is mounted over it.
    fn look(&self, place: usize, path: &Path, inode: Option<u64>) -> Option<Option<Node>> {
        let found = self.trees[place].node(path).ok()?;
        let is_meant = inode.is_none() || inode == found.as_ref().map(|node| node.identity.inode);
        is_meant.then_some(found)
    }

    /// A directory gets another time when names in it come and go.
    fn note_parent(&mut self, place: usize, path: &Path) {
        let Some(parent) = path.parent().filter(|parent| !self.noted[place].contains_key(*parent)) else { return };
        if let Some(found) = self.look(place, parent, None) {
            self.note(place, parent, found.as_ref());
        }
    }

    fn keep(&mut self, place: usize, path: &Path, found: Option<&Node>, deed: Deed) {
        self.note(place, path, found);
        let Some(found) = found else { return };
        match Shape::of(&found.kind) {
            Shape::File(_) if matches!(deed, Deed::Content | Deed::Gone) => self.keep_content(place, path, found, deed),
            Shape::Directory if matches!(deed, Deed::Name | Deed::Gone) => self.note_below(place, path),
            _ => {}
        }
    }

    /// Notes what lies at a path, when that was not done before. In a directory of which all is known nothing else was.
    fn note(&mut self, place: usize, path: &Path, found: Option<&Node>) {
        if !self.noted[place].contains_key(path) {
            let found = found.filter(|_| !self.is_known_above(place, path));
            self.note_as_it_was(place, path, found);
        }
    }

    fn is_known_above(&self, place: usize, path: &Path) -> bool {
        path.ancestors().skip(1).any(|above| self.noted[place].get(above) == Some(&true))
    }

    fn note_as_it_was(&mut self, place: usize, path: &Path, found: Option<&Node>) {
        if self.gap {
            return;
        }
        if self.noted.iter().map(HashMap::len).sum::<usize>() >= limits::TOUCHED {
            return self.give_up(format!("the run has touched more than {} files", limits::TOUCHED));
        }
        let (was, file) = match found.map(|node| self.known(place, path, node)) {
            Some((was, file)) => (Some(was), file),
            None => (None, None),
        };
        self.noted[place].insert(path.to_owned(), !was.as_ref().is_some_and(Noted::is_directory));
        self.write(&Line::Was { place, path: path.into(), was, file });
    }

    /// What lies there was; of a file with several names when the first of them was touched.
    fn known(&mut self, place: usize, path: &Path, node: &Node) -> (Noted, Option<usize>) {
        let key = (node.identity.device, node.identity.inode);
        if let Some(file) = self.numbers.get(&key) {
            return (self.files[*file].was.clone(), Some(*file));
        }
        let was = Noted::of(&self.trees[place], path, node);
        if !was.is_file() {
            return (was, None);
        }
        let file = self.files.len();
        self.numbers.insert(key, file);
        self.files.push(Known { was: was.clone(), settled: false });
        (was, Some(file))
    }

    /// Notes all that lies below a directory, whose names are to change. What is in it keeps its content until it is touched.
    fn note_below(&mut self, place: usize, path: &Path) {
        let mut waiting = vec![path.to_owned()];
        while let Some(directory) = waiting.pop() {
            if self.noted[place].insert(directory.clone(), true) == Some(true) {
                continue;
            }
            let names = self.trees[place].names(&directory).unwrap_or_default();
            for path in names.into_iter().map(|name| directory.join(name)) {
                let Some(Some(found)) = self.look(place, &path, None) else { continue };
                if !self.noted[place].contains_key(&path) {
                    self.note_as_it_was(place, &path, Some(&found));
                }
                if found.is_directory() {
                    waiting.push(path);
                }
            }
        }
    }

    /// Keeps what a file contains that was there before the run, once.
    fn keep_content(&mut self, place: usize, path: &Path, found: &Node, deed: Deed) {
        let key = (found.identity.device, found.identity.inode);
        let Some(file) = self.numbers.get(&key).copied().filter(|_| !self.gap) else { return };
        if deed == Deed::Gone && found.links == 1 {
            // Another one may have its number soon.
            self.numbers.remove(&key);
        }
        if std::mem::replace(&mut self.files[file].settled, true) {
            return;
        }
        let line = match self.contents.keep(&self.trees[place], path) {
            Ok(copy) => Line::Kept { file, copy },
            Err(why) => Line::Lost { file, why },
        };
        self.write(&line);
    }

    fn write(&mut self, line: &Line) {
        if !self.gap
            && let Err(error) = self.log.write(line)
        {
            self.give_up(format!("what it changes could not be written down: {error}"));
        }
    }

    /// The run goes on, and it is told at its end.
    fn give_up(&mut self, why: String) {
        self.gap = true;
        let _ = self.log.write(&Line::Gap(why));
    }
}
