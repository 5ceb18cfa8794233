//! Git believes what it finds under the name of an object. So nothing is taken over under such a name that is something else.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;

use flate2::bufread::ZlibDecoder;
use pinfold_stage::{Kind, Tree};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::git::{Git, below_objects, parts};
use super::opened::Place;
use crate::error::CliError;

/// How much an object may hold that lies by itself: git puts what is larger than 512 MiB into packs
/// (`core.bigFileThreshold` in git-config(1)).
const LOOSE_BYTES_MAX: u64 = 4 << 30;

/// A file in which git looks for objects.
enum Holder {
    /// One object by itself, with its name in hexadecimal digits.
    Loose(String),
    /// The index of a pack.
    Index,
}

/// Refuses to take over objects and packs that hold something else than their names say.
pub(super) fn refuse_false(git: &Git, place: &Place, taken: impl Fn(&Path) -> bool) -> Result<(), CliError> {
    for change in place.changes.all().iter().filter(|change| change.after.is_some()) {
        let path = place.path(change);
        let Some((directory, rest)) = parts(&path).filter(|_| taken(&path)) else { continue };
        let layer = place.layers.layer(change.layer);
        let (what, is_true) = match Holder::at(rest) {
            Some(Holder::Loose(name)) => ("object", is_named_by_content(layer, &change.path, &name)),
            Some(Holder::Index) => ("pack", is_pack(git, &directory, layer, &change.path)),
            None => continue,
        };
        if !is_true {
            return Err(CliError::new(format!(
                "nothing was taken over: {} is no {what} as git makes them",
                path.display()
            ))
            .why("it holds something else than it says, and git would believe it")
            .hint("name other paths, or keep what you have: pinfold apply --mine .git"));
        }
    }
    Ok(())
}

impl Holder {
    /// What is at a path of a git directory, also of one of its submodules.
    fn at(rest: &Path) -> Option<Self> {
        let below = below_objects(rest)?;
        let names: Vec<&str> = below.iter().map(OsStr::to_str).collect::<Option<_>>()?;
        match names[..] {
            ["pack", pack] if pack.ends_with(".idx") => Some(Self::Index),
            [first, others] => {
                let name = [first, others].concat();
                let is_name = first.len() == 2 && [40, 64].contains(&name.len());
                (is_name && name.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(Self::Loose(name))
            }
            _ => None,
        }
    }
}

fn is_pack(git: &Git, directory: &Path, layer: &Tree, index: &Path) -> bool {
    let is_file =
        |path: &Path| layer.node(path).ok().flatten().is_some_and(|node| matches!(node.kind, Kind::File { .. }));
    is_file(index) && is_file(&index.with_extension("pack")) && git.verifies(directory, &layer.path().join(index))
}

/// Whether a file is the object of this name: its kind, its size and what it says, compressed.
fn is_named_by_content(layer: &Tree, path: &Path, name: &str) -> bool {
    let hash = |file| if name.len() == 40 { hash_inflated::<Sha1>(file) } else { hash_inflated::<Sha256>(file) };
    layer.file(path).and_then(hash).is_ok_and(|hash| hash == name)
}

/// The hash of what a compressed file holds, in hexadecimal digits.
fn hash_inflated<D: Digest>(file: impl Read) -> io::Result<String> {
    let mut object = ZlibDecoder::new(io::BufReader::new(file)).take(LOOSE_BYTES_MAX);
    let mut hash = D::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match object.read(&mut buffer)? {
            0 => break,
            bytes => hash.update(&buffer[..bytes]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
