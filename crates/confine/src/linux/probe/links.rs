//! Which links are on the way to what is visible.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_plan::Kind;

/// The links that lead to what is visible.
pub(super) fn links(paths: &BTreeMap<PathBuf, Kind>, spelled: &[PathBuf]) -> BTreeMap<PathBuf, PathBuf> {
    let linked = paths.iter().filter(|(_, kind)| matches!(kind, Kind::Link { .. })).map(|(path, _)| path);
    let mut seen = BTreeMap::new();
    linked.chain(spelled).for_each(|path| follow(path, &mut seen));
    seen.into_iter().filter_map(|(path, says)| Some((path, says?))).collect()
}

/// Adds what is met on the way along an absolute path as the user wrote it: what a symbolic link says, nothing for what
/// is none.
fn follow(path: &Path, seen: &mut BTreeMap<PathBuf, Option<PathBuf>>) {
    const MOST_LINKS: usize = 40; // as the kernel, path_resolution(7)
    let mut links = 0;
    let mut rest: Vec<_> = path.components().map(|part| part.as_os_str().to_owned()).rev().collect();
    let mut at = PathBuf::new();
    while let Some(part) = rest.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        let says = seen.entry(at.clone()).or_insert_with(|| std::fs::read_link(&at).ok());
        let Some(says) = says else { continue };
        if links == MOST_LINKS {
            break;
        }
        links += 1;
        at.pop();
        rest.extend(says.components().map(|part| part.as_os_str().to_owned()).rev());
    }
}
