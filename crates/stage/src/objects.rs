//! Objects of git that stay when what made them is undone: they say nothing but what they are named by, and what somebody has
//! committed since may need them.

use std::path::Path;

use crate::tree::Tree;

/// Whether a new object, or a directory for some, stays at a path of a tree; `goes` tells what goes.
pub(crate) fn stays(tree: &Tree, path: &Path, goes: impl Fn(&Path) -> bool) -> bool {
    let is_repositorys = |above: &Path| above.parent().is_some_and(|git| tree.path().join(git).ends_with(".git"));
    let objects = path.ancestors().find(|above| above.ends_with("objects") && is_repositorys(above));
    objects.is_some_and(|objects| !goes(objects) && path.strip_prefix(objects).is_ok_and(is_object))
}

/// Whether this is where an object lies that is named by what it says, or a pack of such, or a directory for them; by its path
/// below `objects`. What is taken over is verified first.
fn is_object(path: &Path) -> bool {
    let is_hex = |part: &str, lengths: &[usize]| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        lengths.contains(&part.len()) && part.bytes().all(is_digit)
    };
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    match parts.as_deref() {
        Some(["pack"]) => true,
        Some([directory]) => is_hex(directory, &[2]),
        Some(["pack", name]) => {
            let pack = name.strip_prefix("pack-").and_then(|name| name.split_once('.'));
            pack.is_some_and(|(name, kind)| is_hex(name, &[40, 64]) && ["pack", "idx"].contains(&kind))
        }
        Some([directory, name]) => is_hex(directory, &[2]) && is_hex(name, &[38, 62]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;

    #[test]
    fn only_what_is_named_as_an_object_stays_and_only_in_a_repository_that_does() {
        let place = Place::new();
        place.directory("tree");
        let tree = Tree::open(&place.path("tree")).unwrap();
        let stays = |path: &str| stays(&tree, path.as_ref(), |path| path.starts_with("new"));
        let name = "0123456789abcdef0123456789abcdef012345";
        assert!(stays(&format!(".git/objects/ab/{name}")) && stays("sub/.git/objects/ab"));
        assert!(stays(&format!(".git/objects/pack/pack-ab{name}.idx")) && stays(".git/objects/pack"));
        for path in [
            ".git/objects",
            ".git/objects/ab/x",
            ".git/objects/info/alternates",
            ".git/objects/pack/a.pack",
            ".git/objects/pack/multi-pack-index",
            "objects/ab",
        ] {
            assert!(!stays(path), "{path}");
        }
        assert!(!stays(&format!("new/.git/objects/ab/{name}")) && !stays(&format!("objects/ab/{name}")));
    }
}
