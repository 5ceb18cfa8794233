//! Git believes what it finds under the name of an object. So nothing is taken over under such a name that is something else.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::ZlibDecoder;
use pinfold_stage::{Change, Kind, Tree, What};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::git::{Git, parts};
use super::opened::Place;
use crate::error::CliError;

/// How much an object may hold that lies by itself: git puts what is larger than 512 MiB into packs
/// (`core.bigFileThreshold` in git-config(1)).
const LOOSE_BYTES_MAX: u64 = 4 << 30;

/// How branches are called that put other objects in the place of those that they name, in a list of them.
const REPLACEMENT: &[u8] = b" refs/replace/";
/// The longest list of branches that is looked into.
const BRANCHES_BYTES_MAX: u64 = 64 << 20;

/// A file by which git finds objects.
#[derive(Debug, PartialEq, Eq)]
enum Holder {
    /// One object by itself, with its name in hexadecimal digits.
    Loose(String),
    /// A pack, or its index.
    Pack,
    /// A list of branches, some of which may put other objects in the place of those that they name (git-replace(1)).
    Branches,
}

/// Refuses to take over objects and packs that hold something else than their names say.
pub(super) fn refuse_false(git: &Git, place: &Place, taken: impl Fn(&Path) -> bool) -> Result<(), CliError> {
    // Of the others nothing changes but what is said about them.
    let comes = |change: &&Change| change.after.is_some() && !matches!(change.what, What::Mode | What::Touched);
    for change in place.changes.all().iter().filter(comes) {
        let path = place.path(change);
        let Some(holder) = Holder::at(place, change).filter(|_| taken(&path)) else { continue };
        let (what, is_true) = match holder {
            Holder::Loose(name) => {
                ("object", is_named_by_content(place.layers.layer(change.layer), &change.path, &name))
            }
            Holder::Pack => ("pack", is_pack(git, place, change, &taken)),
            Holder::Branches => ("list of branches", replaces_nothing(place, change)),
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
    /// What a change puts where git may look for objects: in a git directory, whatever lies above in it, and beside what makes a
    /// directory one of git's.
    fn at(place: &Place, change: &Change) -> Option<Self> {
        let (holder, above) = Self::named(&change.path)?;
        let is_in_git = match parts(&place.path(change)) {
            Some((_, rest)) => !["refs", "logs"].iter().any(|branches| rest.starts_with(branches)),
            None => place.layers.seen(&above.join("HEAD")).ok().flatten().is_some(),
        };
        is_in_git.then_some(holder)
    }

    /// What a path names, and the directory that `objects` lies in.
    fn named(path: &Path) -> Option<(Self, PathBuf)> {
        if path.ends_with("packed-refs") {
            return Some((Self::Branches, path.parent()?.to_owned()));
        }
        let names: Vec<&str> = path.iter().map(OsStr::to_str).collect::<Option<_>>()?;
        let [above @ .., "objects", directory, file] = &names[..] else { return None };
        let is_pack = *directory == "pack" && [".pack", ".idx"].iter().any(|end| file.ends_with(end));
        let name = [*directory, file].concat();
        let is_object =
            directory.len() == 2 && [40, 64].contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let holder = if is_pack { Self::Pack } else { is_object.then_some(Self::Loose(name))? };
        Some((holder, above.iter().collect()))
    }
}

/// Whether no object is shown in the place of another by branches of a list, or that was so already.
fn replaces_nothing(place: &Place, change: &Change) -> bool {
    let replaces = |tree: &Tree| -> io::Result<bool> {
        let mut list = Vec::new();
        tree.file(&change.path)?.take(BRANCHES_BYTES_MAX).read_to_end(&mut list)?;
        let is_whole = (list.len() as u64) < BRANCHES_BYTES_MAX;
        Ok(!is_whole || list.windows(REPLACEMENT.len()).any(|window| window == REPLACEMENT))
    };
    replaces(place.layers.layer(change.layer)).is_ok_and(|replaces| !replaces)
        || replaces(place.layers.real()).is_ok_and(|replaces| replaces)
}

/// Whether a pack and its index come together and from one layer, and the one holds what the other says.
fn is_pack(git: &Git, place: &Place, change: &Change, taken: impl Fn(&Path) -> bool) -> bool {
    let is_file = |change: &Change| matches!(change.after.as_ref().map(|after| &after.kind), Some(Kind::File { .. }));
    let is_index = change.path.extension() == Some(OsStr::new("idx"));
    let other = change.path.with_extension(if is_index { "pack" } else { "idx" });
    let other = place.changes.all().iter().find(|change| change.path == other);
    let comes_along = |other: &Change| other.layer == change.layer && is_file(other) && taken(&place.path(other));
    let index = place.layers.layer(change.layer).path().join(&change.path);
    // Each pair once.
    is_file(change) && other.is_some_and(comes_along) && (!is_index || git.verifies(&index))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_packs_are_known_wherever_git_may_look_for_them() {
        let digits = "0123456789abcdef0123456789abcdef012345";
        let named =
            |path: &str| Holder::named(Path::new(path)).map(|(holder, above)| (holder, above.display().to_string()));
        for above in
            [".git", ".git/modules/logs", ".git/modules/libs/objects", ".git/worktrees/w/modules/m", "a.git", ""]
        {
            let loose = Holder::Loose(format!("ab{digits}"));
            let at = |name: &str| Path::new(above).join("objects").join(name).display().to_string();
            assert_eq!(named(&at(&format!("ab/{digits}"))), Some((loose, above.to_owned())));
            assert_eq!(named(&at("pack/any.idx")), Some((Holder::Pack, above.to_owned())));
            assert_eq!(named(&at("pack/any.pack")), Some((Holder::Pack, above.to_owned())));
            assert_eq!(named(&at("pack/any.rev")), None);
            assert_eq!(named(&at("ab/tmp_obj_1")), None);
        }
        assert_eq!(named(&format!("objects/a/{digits}")), None);
    }
}
