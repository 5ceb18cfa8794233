//! What has become of one file.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::hunk::{Hunk, hunks};
use crate::changes::{Change, What};
use crate::content::{self, Digest};
use crate::layers::Layers;
use crate::limits;
use crate::node::{Kind, Node};
use crate::tree::Tree;

/// What has become of one file or link.
#[derive(Debug, Clone)]
pub struct FileDiff {
    /// What it was; nothing: it is new.
    pub old: Option<Side>,
    /// What it is; nothing: it is gone.
    pub new: Option<Side>,
    /// What is in it.
    pub body: Body,
}

/// One side of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Where.
    pub path: PathBuf,
    /// Its permissions; those of links mean nothing.
    pub mode: u32,
    /// Whether it is a link, whose content is where it leads.
    pub is_link: bool,
}

/// How the content differs.
#[derive(Debug, Clone)]
pub enum Body {
    /// Not at all.
    Same,
    /// By lines.
    Text(Vec<Hunk>),
    /// By what is no text, or longer than [`limits::DIFF_BYTES`].
    Binary {
        /// What it was.
        old: Option<Blob>,
        /// What it is.
        new: Option<Blob>,
    },
}

/// Content that is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// How long it is, in bytes.
    pub bytes: u64,
    /// SHA-256, as [`Digest::of_file`] says.
    pub digest: Digest,
}

/// Content, as far as it is looked at.
#[derive(Debug)]
enum Seen {
    Nothing,
    Text(Vec<u8>),
    Blob(Blob),
}

/// The diffs of a change: none for what git has no notion of, two where one kind of thing became another, else one.
///
/// A rename is told with the new path.
///
/// # Errors
/// When the real tree or the layer cannot be read.
pub fn diffs(layers: &Layers, change: &Change) -> io::Result<Vec<FileDiff>> {
    let layer = layers.layer(change.layer);
    let old = change.before.as_ref().map(|node| (&**layers.real(), change.path.as_path(), node));
    let new = change.after.as_ref().map(|node| (&**layer, change.path.as_path(), node));
    let all = match &change.what {
        What::Touched | What::LeftOut(_) | What::Deleted { to: Some(_) } => vec![],
        What::KindChanged => vec![diff(old, None)?, diff(None, new)?],
        What::Renamed { from } => {
            let node = layers.real().node(from)?;
            vec![diff(node.as_ref().map(|node| (&**layers.real(), from.as_path(), node)), new)?]
        }
        _ => vec![diff(old, new)?],
    };
    Ok(all.into_iter().flatten().collect())
}

fn diff(old: Option<Found<'_>>, new: Option<Found<'_>>) -> io::Result<Option<FileDiff>> {
    let (old, new) = (old.filter(is_known), new.filter(is_known));
    if old.is_none() && new.is_none() {
        return Ok(None);
    }
    let body = body(seen(old)?, seen(new)?);
    Ok(Some(FileDiff { old: old.map(side), new: new.map(side), body }))
}

type Found<'a> = (&'a Tree, &'a Path, &'a Node);

/// Git knows neither directories nor pipes.
fn is_known((_, _, node): &Found<'_>) -> bool {
    matches!(node.kind, Kind::File { .. } | Kind::Link { .. })
}

fn side((_, path, node): Found<'_>) -> Side {
    Side { path: path.to_owned(), mode: node.mode, is_link: matches!(node.kind, Kind::Link { .. }) }
}

fn seen(found: Option<Found<'_>>) -> io::Result<Seen> {
    let Some((tree, path, node)) = found else { return Ok(Seen::Nothing) };
    match &node.kind {
        Kind::Link { target } => Ok(Seen::Text(target.as_os_str().as_bytes().to_vec())),
        Kind::File { bytes } => seen_file(tree.file(path)?, *bytes),
        _ => Ok(Seen::Nothing),
    }
}

fn seen_file(mut file: File, bytes: u64) -> io::Result<Seen> {
    let text = if bytes > limits::DIFF_BYTES { None } else { content::read_text(&mut file, limits::DIFF_BYTES)? };
    match text {
        Some(text) => Ok(Seen::Text(text)),
        None => Ok(Seen::Blob(Blob { bytes, digest: Digest::of_file(&mut file)? })),
    }
}

fn body(old: Seen, new: Seen) -> Body {
    let text = |seen: &Seen| match seen {
        Seen::Nothing => Some(Vec::new()),
        Seen::Text(text) => Some(text.clone()),
        Seen::Blob(_) => None,
    };
    match (text(&old), text(&new)) {
        (Some(old), Some(new)) if old == new => Body::Same,
        (Some(old), Some(new)) => Body::Text(hunks(&old, &new)),
        _ => binary(blob(old), blob(new)),
    }
}

fn binary(old: Option<Blob>, new: Option<Blob>) -> Body {
    if old == new { Body::Same } else { Body::Binary { old, new } }
}

fn blob(seen: Seen) -> Option<Blob> {
    match seen {
        Seen::Nothing => None,
        Seen::Text(text) => Some(Blob { bytes: text.len() as u64, digest: Digest::of(&text) }),
        Seen::Blob(blob) => Some(blob),
    }
}
