//! A file that the run and a person have changed.

use std::os::fd::AsFd;
use std::sync::Arc;

use super::conflict::Why;
use crate::attributes::attributes;
use crate::base::{Bases, Was};
use crate::content::{self, Digest};
use crate::limits;
use crate::merge::{Merged, merge};
use crate::node::{Attributes, Node};
use crate::tree::Tree;

/// What the run has left.
#[derive(Debug)]
pub(super) struct Theirs {
    /// What it contains; else what lies in the layer.
    pub(super) chosen: Option<Arc<[u8]>>,
    pub(super) mode: u32,
    pub(super) attributes: Attributes,
}

/// What becomes of a file.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) content: Take,
    pub(super) mode: u32,
    pub(super) attributes: Attributes,
    /// Whether anything of it is new.
    pub(super) differs: bool,
}

/// Whose content is taken.
#[derive(Debug)]
pub(super) enum Take {
    Mine,
    Theirs,
    Merged(Arc<[u8]>),
}

/// What of both sides is taken, from the file that was, the one in the layer and the one in the real tree.
pub(super) fn three_way(
    bases: &Bases,
    was: &Was,
    layer: &mut std::fs::File,
    theirs: Theirs,
    (real, path, mine): (&Tree, &std::path::Path, &Node),
) -> Result<Taken, Why> {
    let mut now = real.file(path)?;
    let mine_attributes = attributes(now.as_fd())?;
    let content = content(bases, was, &theirs, layer, &mut now)?;
    let (mode, attributes) = match was {
        Was::File { mode, attributes, .. } => {
            let is_base = |all: &Attributes| crate::base::digest_of(all) == *attributes;
            let base_is = (is_base(&theirs.attributes), is_base(&mine_attributes));
            (
                either(theirs.mode, mine.mode, (theirs.mode == *mode, mine.mode == *mode))?,
                either(theirs.attributes, mine_attributes.clone(), base_is)?,
            )
        }
        _ => (
            either(theirs.mode, mine.mode, (false, false))?,
            either(theirs.attributes, mine_attributes.clone(), (false, false))?,
        ),
    };
    let differs = !matches!(content, Take::Mine) || mode != mine.mode || attributes != mine_attributes;
    Ok(Taken { content, mode, attributes, differs })
}

/// The side that is not what it was.
fn either<T: PartialEq>(theirs: T, mine: T, (theirs_is_base, mine_is_base): (bool, bool)) -> Result<T, Why> {
    if theirs == mine || theirs_is_base {
        Ok(mine)
    } else if mine_is_base {
        Ok(theirs)
    } else {
        Err(Why::Both)
    }
}

fn content(
    bases: &Bases,
    was: &Was,
    theirs: &Theirs,
    layer: &mut std::fs::File,
    mine: &mut std::fs::File,
) -> Result<Take, Why> {
    let one = match &theirs.chosen {
        Some(bytes) => Digest::of(bytes),
        None => Digest::of_file(layer)?,
    };
    let other = Digest::of_file(mine)?;
    if one == other {
        return Ok(Take::Mine);
    }
    let base = match was {
        Was::File { content: Some(base), .. } => base,
        Was::Unknown => return Err(Why::Unknown),
        Was::Nothing => return Err(Why::Made),
        _ => return Err(Why::Both),
    };
    if one == *base {
        return Ok(Take::Mine);
    }
    if other == *base {
        return Ok(Take::Theirs);
    }
    let theirs = match &theirs.chosen {
        Some(bytes) => bytes.to_vec(),
        None => text(layer)?,
    };
    let base = bases.content(base)?.ok_or(Why::Both)?;
    match merge(&base, &theirs, &text(mine)?) {
        Merged::Clean(bytes) => Ok(Take::Merged(bytes.into())),
        Merged::Conflicts(lines) => Err(Why::Lines(lines)),
    }
}

fn text(file: &mut std::fs::File) -> Result<Vec<u8>, Why> {
    content::read_text(file, limits::MERGE_BYTES)?.ok_or(Why::Both)
}
