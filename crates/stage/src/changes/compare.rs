//! What has become of a path: content, permissions, attributes, time.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::change::What;
use crate::attributes::{attribute, attributes};
use crate::content;
use crate::layers::{Entry, Layers, LeftOut};
use crate::node::{Kind, Node};
use crate::tree::is_closed;

/// That a file was copied from below.
const ORIGIN: &str = "user.overlay.origin";
/// To read, without waiting for the other end of a pipe.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK);

/// What has become of a path.
#[derive(Debug)]
pub(super) struct Compared {
    /// Nothing where nothing has changed.
    pub(super) what: Option<What>,
    /// Of a file with several names, whether it is the real one's copy.
    pub(super) in_place: bool,
}

/// Compares what lies at a path with what lies there in the real tree.
pub(super) fn compare(layers: &Layers, entry: &Entry) -> io::Result<Compared> {
    let said = |what| Ok(Compared { what: Some(what), in_place: false });
    if let Some(reason) = entry.left_out.or_else(|| entry.after.as_ref().and_then(left_out)) {
        return said(What::LeftOut(reason));
    }
    match (&entry.before, &entry.after) {
        (None, None) => Ok(Compared { what: None, in_place: false }),
        (Some(_), None) => said(What::Deleted { to: None }),
        (None, Some(_)) => said(What::Created),
        (Some(before), Some(after)) => match both(layers, entry, before, after) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::XDEV) => said(What::LeftOut(LeftOut::Mount)),
            // What cannot be read cannot be found to be the same.
            Err(error) if is_closed(&error) => said(What::Modified),
            other => other,
        },
    }
}

fn left_out(node: &Node) -> Option<LeftOut> {
    match node.kind {
        Kind::Socket => Some(LeftOut::Socket),
        Kind::Device { .. } => Some(LeftOut::Device),
        _ => None,
    }
}

fn both(layers: &Layers, entry: &Entry, before: &Node, after: &Node) -> io::Result<Compared> {
    let said = |what| Ok(Compared { what, in_place: false });
    match (&before.kind, &after.kind) {
        (Kind::File { bytes: old }, Kind::File { bytes: new }) => files(layers, entry, (before, *old), (after, *new)),
        (Kind::Directory, Kind::Directory) => said(directories(layers, entry, before, after)?),
        (Kind::Link { target: old }, Kind::Link { target: new }) if old != new => said(Some(What::Modified)),
        (Kind::Link { .. }, Kind::Link { .. }) => said(touched(before, after)),
        (Kind::Pipe, Kind::Pipe) if before.mode != after.mode => said(Some(What::Mode)),
        (Kind::Pipe, Kind::Pipe) => said(touched(before, after)),
        _ => said(Some(What::KindChanged)),
    }
}

fn files(
    layers: &Layers,
    entry: &Entry,
    (before, old): (&Node, u64),
    (after, new): (&Node, u64),
) -> io::Result<Compared> {
    let layer = layers.layer(entry.layer).held(&entry.path, READ)?;
    let in_place = after.links > 1 && has_origin(layer.as_fd())?;
    let said = |what| Ok(Compared { what, in_place });
    if old != new {
        return said(Some(What::Modified));
    }
    let mut theirs = File::from(layer.as_fd().try_clone_to_owned()?);
    let mut mine = match layers.real().file(&entry.path) {
        Err(error) if is_closed(&error) => return said(Some(What::Modified)),
        other => other?,
    };
    if !content::is_same(&mut mine, &mut theirs, new)? {
        return said(Some(What::Modified));
    }
    if before.mode != after.mode || attributes(mine.as_fd())? != attributes(layer.as_fd())? {
        return said(Some(What::Mode));
    }
    said(touched(before, after))
}

/// Directories are not told for their time alone: that is another as soon as anything happens in them.
fn directories(layers: &Layers, entry: &Entry, before: &Node, after: &Node) -> io::Result<Option<What>> {
    let layer = layers.layer(entry.layer).held(&entry.path, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let differs = before.mode != after.mode || {
        match layers.real().directory(&entry.path) {
            Err(error) if is_closed(&error) => false,
            real => attributes(real?.as_fd())? != attributes(layer.as_fd())?,
        }
    };
    Ok(differs.then_some(What::Mode))
}

fn touched(before: &Node, after: &Node) -> Option<What> {
    (before.modified != after.modified).then_some(What::Touched)
}

fn has_origin(of: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(attribute(of, OsStr::new(ORIGIN))?.is_some())
}
