//! Which differences between layers and the real tree are a person's, not the run's.

use std::io;

use super::bases::Bases;
use super::was::Was;
use crate::changes::{Change, Changes};
use crate::layers::Layers;

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
                Ok(!was.is_again(layers.layer(change.layer), &change.path, after)?)
            }
            _ => Ok(true),
        }
    }
}
