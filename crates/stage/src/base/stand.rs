//! What a stage stands on after some of it was taken over: what the run sees, where that is not what lies in the real tree.

use std::io;
use std::path::Path;

use super::bases::{Bases, BasesError};
use super::document;
use super::was::{Was, digest_of, digest_of_target};
use crate::attributes::attributes_at;
use crate::content::Digest;
use crate::layers::{Layers, walk};
use crate::merge::{Merged, merge};
use crate::node::{Kind, Node};
use crate::tree::Tree;

impl Bases {
    /// Takes what a run sees at some paths for what was there before, on the disk before it returns. Then what lies in the real
    /// tree there stays, and what a later run makes of them is merged into it.
    ///
    /// # Errors
    /// When layers cannot be read, or this cannot be written.
    pub fn stand_on(&mut self, layers: &Layers, which: impl Fn(&Path) -> bool) -> Result<(), BasesError> {
        for entry in walk(layers)?.entries.into_iter().filter(|entry| which(&entry.path)) {
            let was = match &entry.after {
                None => Was::Nothing,
                Some(_) if entry.left_out.is_some() => continue,
                Some(after) => self.as_seen(layers.layer(entry.layer), &entry.path, after)?,
            };
            self.all.insert(entry.path, was);
        }
        document::save(&self.document, &self.all)
    }

    fn as_seen(&mut self, layer: &Tree, path: &Path, node: &Node) -> io::Result<Was> {
        let (identity, mode) = (node.identity, node.mode);
        let attributes = digest_of(&attributes_at(layer, path, node)?);
        Ok(match &node.kind {
            Kind::File { .. } => {
                let (content, kept) = self.keep(&mut layer.file(path)?)?;
                Was::File { identity, mode, attributes, content, kept }
            }
            Kind::Directory => Was::Directory { mode, attributes },
            Kind::Link { target } => Was::Link { identity, target: digest_of_target(target) },
            _ => Was::Other { identity },
        })
    }

    /// What a file was, with the chosen changes that were made in one that a person has changed since; nothing where that
    /// cannot be told. `mine` is what he had, and `chosen` what it became.
    ///
    /// # Errors
    /// When what it was cannot be read.
    pub fn with_chosen(&self, path: &Path, mine: &[u8], chosen: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let Some(Was::File { content: Some(digest), .. }) = self.get(path) else { return Ok(None) };
        let Some(was) = self.content(digest)? else { return Ok(None) };
        Ok(match merge(mine, chosen, &was) {
            Merged::Clean(text) => Some(text),
            Merged::Conflicts(_) => None,
        })
    }

    /// Takes this text for what a file was, on the disk before it returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn stand_on_text(&mut self, path: &Path, text: &[u8]) -> Result<(), BasesError> {
        let digest = Digest::of(text);
        let is_kept = self.kept.add(text, &digest)?;
        if let Some(Was::File { content, kept, .. }) = self.all.get_mut(path) {
            (*content, *kept) = (Some(digest), is_kept);
        }
        document::save(&self.document, &self.all)
    }
}
