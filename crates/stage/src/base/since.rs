//! Which differences between layers and the real tree are a person's, not the run's.

use std::io;

use super::bases::Bases;
use super::was::{Was, digest_of};
use crate::attributes::attributes_at;
use crate::changes::{Change, Changes};
use crate::content::Digest;
use crate::layers::Layers;
use crate::node::{Kind, Node};

impl Bases {
    /// Leaves out what only a person has changed since: files that the run left as they were, and what was made later in a
    /// directory that the run hides.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub fn leave_out_others(&self, layers: &Layers, changes: &mut Changes) -> io::Result<()> {
        let mut failed = Ok(());
        changes.retain(|change| {
            self.is_the_runs(layers, change).unwrap_or_else(|error| {
                failed = Err(error);
                true
            })
        });
        failed
    }

    fn is_the_runs(&self, layers: &Layers, change: &Change) -> io::Result<bool> {
        let was = self.get(&change.path);
        let Some(after) = &change.after else {
            return Ok(!matches!(was, None | Some(Was::Nothing)) || self.is_empty());
        };
        match was {
            Some(was) if !was.is(change.before.as_ref()) || after.is_directory() => {
                Ok(!is_still(layers, change, after, was)?)
            }
            _ => Ok(true),
        }
    }
}

/// Whether the run left what was there.
fn is_still(layers: &Layers, change: &Change, after: &Node, was: &Was) -> io::Result<bool> {
    let layer = layers.layer(change.layer);
    let same_attributes =
        |digest: &Digest| Ok::<_, io::Error>(digest_of(&attributes_at(layer, &change.path, after)?) == *digest);
    match (was, &after.kind) {
        (Was::File { mode, attributes, content: Some(content), .. }, Kind::File { .. }) => Ok(*mode == after.mode
            && Digest::of_file(&mut layer.file(&change.path)?)? == *content
            && same_attributes(attributes)?),
        (Was::Directory { mode, attributes }, Kind::Directory) => {
            Ok(*mode == after.mode && same_attributes(attributes)?)
        }
        (Was::Link { target, .. }, Kind::Link { target: now }) => {
            Ok(Digest::of(now.as_os_str().as_encoded_bytes()) == *target)
        }
        _ => Ok(false),
    }
}
