//! One digest over many changes: what was reviewed is what is applied.

use std::io;
use std::os::unix::ffi::OsStrExt;

use sha2::{Digest as _, Sha256};

use crate::attributes::attributes_at;
use crate::changes::Change;
use crate::content::Digest;
use crate::layers::Layers;
use crate::node::{Kind, Node};

/// What stands before all that is hashed, so that the same bytes mean nothing else.
const FORMAT: &[u8] = b"pinfold changes 1\n";
const LEFT: &[u8] = b"pinfold left 1\n";

/// SHA-256 over paths, and for each what lay there (kind, size, permissions) and what shall lie there (the same, with time,
/// attributes, links' targets and content). It is the same as long as all of that is, on whatever file system.
///
/// # Errors
/// When a layer cannot be read.
pub fn manifest<'a>(layers: &Layers, changes: impl IntoIterator<Item = &'a Change>) -> io::Result<Digest> {
    let mut hash = Sha256::new_with_prefix(FORMAT);
    for change in changes {
        add(&mut hash, change.path.as_os_str().as_bytes());
        add_node(&mut hash, change.before.as_ref());
        add_node(&mut hash, change.after.as_ref());
        add(&mut hash, change.same.as_ref().map_or(b"", |path| path.as_os_str().as_bytes()));
        if let Some(after) = &change.after {
            add_content(&mut hash, layers, change, after)?;
        }
    }
    Ok(Digest(hash.finalize().into()))
}

/// SHA-256 over what a run left at a path, whatever lies there in the real tree.
pub(crate) fn left(layers: &Layers, change: &Change) -> io::Result<Digest> {
    let mut hash = Sha256::new_with_prefix(LEFT);
    add_node(&mut hash, change.after.as_ref());
    if let Some(after) = &change.after {
        add_content(&mut hash, layers, change, after)?;
    }
    Ok(Digest(hash.finalize().into()))
}

/// With its length before it, so that two neighbours cannot be cut otherwise.
fn add(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn add_node(hash: &mut Sha256, node: Option<&Node>) {
    let Some(node) = node else { return add(hash, b"nothing") };
    match &node.kind {
        Kind::File { bytes } => add(hash, format!("file {bytes}").as_bytes()),
        Kind::Directory => add(hash, b"directory"),
        Kind::Link { target } => {
            add(hash, b"link");
            add(hash, target.as_os_str().as_bytes());
        }
        Kind::Pipe => add(hash, b"pipe"),
        Kind::Socket => add(hash, b"socket"),
        Kind::Device { number } => add(hash, format!("device {number}").as_bytes()),
    }
    add(hash, &node.mode.to_le_bytes());
}

fn add_content(hash: &mut Sha256, layers: &Layers, change: &Change, after: &Node) -> io::Result<()> {
    let layer = layers.layer(change.layer);
    for (name, value) in attributes_at(layer, &change.path, after)? {
        add(hash, name.as_bytes());
        add(hash, &value);
    }
    if let Kind::File { .. } = after.kind {
        add(hash, &after.modified.seconds.to_le_bytes());
        add(hash, &after.modified.nanoseconds.to_le_bytes());
        add(hash, &Digest::of_file(&mut layer.file(&change.path)?)?.0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Changes;
    use crate::testing::Place;

    fn digest(place: &Place) -> Digest {
        let layers = place.layers();
        manifest(&layers, Changes::of(&layers).unwrap().all()).unwrap()
    }

    #[test]
    fn whatever_is_otherwise_is_another_digest() {
        let place = Place::new();
        place.file("0/a", "1").old("0/a").file("real/b", "1").whiteout("0/b");
        let mut seen = vec![digest(&place)];
        assert_eq!(digest(&place), seen[0]);
        let mut differs = |place: &Place| {
            let digest = digest(place);
            assert!(!seen.contains(&digest));
            seen.push(digest);
        };
        differs(place.file("0/a", "2").old("0/a"));
        differs(place.mode("0/a", 0o600));
        differs(place.attribute("0/a", "user.mine", b"1"));
        differs(place.link("0/c", "a"));
        differs(place.file("real/b", "12"));
    }
}
