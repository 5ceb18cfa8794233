//! Which paths lie in which, however they are spelled.

use std::path::{Path, PathBuf};

use pinfold_plan::windows::native;

/// Whether a path is in a directory: by variables and flags come short names, links and either case.
pub(crate) fn is_in(path: &Path, root: &Path) -> bool {
    is_below(&comparable(path), &comparable(root))
}

/// By which names a path is met: nothing is known of others than its own.
pub(crate) fn names(path: &Path) -> Vec<PathBuf> {
    vec![path.to_owned()]
}

/// Whether a path, as it is written, is a directory or in it.
pub(super) fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
}

/// What is there of a path without links, and behind it what is not there yet.
fn comparable(path: &Path) -> String {
    let there = path.ancestors().find_map(|above| Some((super::real(above).ok()?, above)));
    let settled = match there {
        Some((real, above)) => path.strip_prefix(above).map_or(real.clone(), |rest| real.join(rest)),
        None => PathBuf::from(path),
    };
    spelled_alike(&settled)
}

/// A path in the spelling that is compared: in lower case, and a drive without its backslash.
pub(super) fn spelled_alike(path: &Path) -> String {
    native(path).trim_end_matches('\\').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_has_everything_on_it_and_a_directory_only_what_is_below() {
        assert!(is_in(Path::new(r"Q:\State\pinfold"), Path::new(r"q:\")));
        assert!(is_in(Path::new(r"Q:\State\pinfold"), Path::new(r"q:\state\")));
        assert!(is_in(Path::new(r"Q:\State"), Path::new(r"q:\state")));
        for other in [r"q:\state2", r"q:\stat", r"r:\", r"q:\state\pinfold\more"] {
            assert!(!is_in(Path::new(r"Q:\State\pinfold"), Path::new(other)), "{other}");
        }
    }

    #[test]
    fn another_spelling_of_a_directory_is_the_same() {
        let directory = std::env::temp_dir().join(format!("pinfold-own-{}", std::process::id()));
        std::fs::create_dir_all(directory.join("a long name of a directory")).unwrap();
        let real = super::super::real(&directory).unwrap().join("a long name of a directory");
        let spelled = directory.join("A LONG NAME OF A DIRECTORY").join("..").join("a long name of a directory");
        assert!(is_in(&spelled.join("not there yet").join("deep"), &real));
        // Where the volume gives short names.
        let short = directory.join("ALONGN~1");
        if short.exists() {
            assert!(is_in(&short.join("state"), &real));
        }
        assert!(!is_in(&spelled, &real.join("not there yet")));
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
