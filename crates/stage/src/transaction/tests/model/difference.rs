//! The steps from one model to another.

use std::path::Path;
use std::sync::Arc;

use crate::step::{Content, Step, Wanted};
use crate::tree::Tree;

use super::build::write;
use super::{Item, Model, Text, names};

/// What steps are made of.
pub(in crate::transaction::tests) struct Difference<'a> {
    pub(in crate::transaction::tests) tree: &'a Tree,
    /// Where contents lie.
    pub(in crate::transaction::tests) layer: Arc<Tree>,
    pub(in crate::transaction::tests) before: &'a Model,
    pub(in crate::transaction::tests) after: &'a Model,
    /// Whether files that can be kept, are.
    pub(in crate::transaction::tests) keeps: bool,
    /// Whether directories of which all stays the same have steps.
    pub(in crate::transaction::tests) says_all: bool,
}

impl Difference<'_> {
    pub(in crate::transaction::tests) fn steps(&self) -> Vec<Step> {
        let gone = self.before.keys().filter(|path| !self.after.contains_key(*path));
        let gone = gone.map(|path| self.step(path, Wanted::Nothing));
        let wanted = self.after.iter().filter_map(|(path, item)| Some(self.step(path, self.wanted(path, item)?)));
        gone.chain(wanted).collect()
    }

    fn step(&self, path: &Path, wanted: Wanted) -> Step {
        let expected = self.before.contains_key(path).then(|| self.tree.node(path).unwrap().unwrap());
        Step { path: path.to_owned(), expected, wanted }
    }

    fn wanted(&self, path: &Path, item: &Item) -> Option<Wanted> {
        Some(match item {
            Item::Directory(_) if !self.says_all && self.before.get(path) == Some(item) => return None,
            Item::Directory(meta) => Wanted::Directory(meta.clone()),
            Item::Pipe(meta) => Wanted::Pipe(meta.clone()),
            Item::Link(target, modified) => Wanted::Link { target: target.clone(), modified: *modified },
            Item::File(..) | Item::Same(_) => self.file(path),
        })
    }

    /// Of the names of a file, one is the file: one that stays, if there is any.
    fn file(&self, path: &Path) -> Wanted {
        let all = names(self.after, path);
        let stays = |name: &&Path| {
            let was = names(self.before, name);
            let is_file = matches!(self.before.get(*name), Some(Item::File(..) | Item::Same(_)));
            self.keeps && is_file && was.iter().all(|name| all.contains(name))
        };
        let stayed = all.iter().copied().find(stays);
        let file = stayed.unwrap_or(all[0]);
        if file != path {
            return Wanted::Same(file.to_owned());
        }
        let (text, meta) = of(self.after, path);
        match stayed {
            Some(_) if of(self.before, path).0 == text => Wanted::File(Content::Kept, meta.clone()),
            Some(_) => Wanted::File(Content::Into(self.layer.clone(), self.store(text)), meta.clone()),
            None if text.hole == 0 => Wanted::File(Content::Bytes(text.bytes.clone().into()), meta.clone()),
            None => Wanted::File(Content::Of(self.layer.clone(), self.store(text)), meta.clone()),
        }
    }

    fn store(&self, text: &Text) -> std::path::PathBuf {
        let count = std::fs::read_dir(self.layer.path()).unwrap().count();
        let name = std::path::PathBuf::from(format!("content-{count}"));
        write(text, &self.layer.path().join(&name));
        name
    }
}

fn of<'a>(model: &'a Model, path: &Path) -> (&'a Text, &'a crate::step::Meta) {
    match &model[path] {
        Item::File(text, meta) => (text, meta),
        Item::Same(to) => of(model, to),
        other => panic!("{other:?} is no file"),
    }
}
