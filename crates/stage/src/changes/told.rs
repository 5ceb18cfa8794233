//! Changes as a person wants to hear of them: a directory that is gone is one thing.

use super::change::{Change, What};

/// One thing to tell.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// A change by itself.
    One(&'a Change),
    /// A directory that was removed, moved away or moved to here, with all that was in it.
    Whole {
        /// That of the directory.
        change: &'a Change,
        /// Those below.
        below: &'a [Change],
    },
}

pub(super) fn told(mut all: &[Change]) -> Vec<Told<'_>> {
    let mut told = Vec::new();
    while let Some((change, rest)) = all.split_first() {
        let length = if is_directory(change) { whole(change, rest) } else { None };
        told.push(length.map_or(Told::One(change), |length| Told::Whole { change, below: &rest[..length] }));
        all = &rest[length.unwrap_or(0)..];
    }
    told
}

/// How many changes are below a directory, if they all go along with it.
fn whole(change: &Change, rest: &[Change]) -> Option<usize> {
    let length = rest.iter().take_while(|other| other.path.starts_with(&change.path)).count();
    rest[..length].iter().all(|other| goes_along(change, other)).then_some(length)
}

fn is_directory(change: &Change) -> bool {
    match change.what {
        What::Deleted { .. } => change.removes_directory(),
        What::Renamed { .. } => change.makes_directory(),
        _ => false,
    }
}

/// Whether what happened to something in a directory is what happened to the directory.
fn goes_along(whole: &Change, part: &Change) -> bool {
    let Ok(rest) = part.path.strip_prefix(&whole.path) else { return false };
    match (&whole.what, &part.what) {
        (What::Deleted { to: None }, What::Deleted { to: None }) => true,
        (What::Deleted { to: Some(to) }, What::Deleted { to: Some(part) }) => to.join(rest) == *part,
        (What::Renamed { from }, What::Renamed { from: part }) => from.join(rest) == *part,
        _ => false,
    }
}
