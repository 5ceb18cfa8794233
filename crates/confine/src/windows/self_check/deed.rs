//! Deeds in a directory of files: what each needs, how it is tried, and whether it was done.

use std::io::{self, Write};
use std::path::Path;

use pinfold_plan::windows::alone::Deed;

use super::attempt::Attempt;

/// What files hold at first.
const TEXT: &[u8] = b"as it was";

/// The file that a deed is done to, if to any.
pub(super) fn file(deed: Deed) -> Option<&'static str> {
    match deed {
        Deed::Create | Deed::MakeDirectory => None,
        Deed::Write | Deed::Rename | Deed::Remove | Deed::RemoveByDirectory => Some(words(deed)),
    }
}

/// Gives a file that was made its first content.
pub(super) fn fill(path: &Path) -> io::Result<()> {
    std::fs::OpenOptions::new().write(true).open(path)?.write_all(TEXT)
}

/// The trial of a deed.
pub(super) fn attempt(deed: Deed, place: &Path) -> Attempt {
    let path = place.join(words(deed));
    match deed {
        Deed::Write => Attempt::Write(path),
        Deed::Create => Attempt::Create(path),
        Deed::MakeDirectory => Attempt::MakeDirectory(path),
        Deed::Rename => Attempt::Rename(path, place.join(OTHER_NAME)),
        Deed::Remove | Deed::RemoveByDirectory => Attempt::Remove(path),
    }
}

/// Whether it was done, by looking.
pub(super) fn was_done(deed: Deed, place: &Path) -> bool {
    let path = place.join(words(deed));
    let is_there = |path: &Path| std::fs::symlink_metadata(path).is_ok();
    let is_other = std::fs::read(&path).ok().as_deref() != Some(TEXT);
    match deed {
        Deed::Write | Deed::Remove | Deed::RemoveByDirectory => is_other,
        Deed::Create | Deed::MakeDirectory => is_there(&path),
        Deed::Rename => is_other || is_there(&place.join(OTHER_NAME)),
    }
}

/// What something is then, which is its name as well.
pub(super) fn words(deed: Deed) -> &'static str {
    match deed {
        Deed::Write => "written",
        Deed::Create => "created",
        Deed::MakeDirectory => "made",
        Deed::Rename => "renamed",
        Deed::Remove => "removed",
        Deed::RemoveByDirectory => "removed by its directory",
    }
}

const OTHER_NAME: &str = "renamed-away";
