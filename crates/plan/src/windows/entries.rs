//! The entries that let one synthetic identifier write below a directory, but not what is protected in it.
//!
//! A file is removed or renamed with [`Access::DELETE`] to itself or with [`Access::FILE_DELETE_CHILD`] to its directory.
//! So nobody is given the second, what is protected is denied the first, and so are the directories on the way to it, which
//! would take it along. All entries are those of one identifier that is in no other token: they give nothing to anybody else
//! and take nothing from anybody, and their order among entries of others does not matter.

use std::collections::BTreeMap;

use pinfold_acl::{Access, Ace, AceKind, Acl, Inherit, Restriction, Sid};

/// What separates names in a path.
const SEPARATOR: char = '\\';

/// A directory that may be written, with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritableRoot {
    /// Its path, absolute and without links.
    pub path: String,
    /// An identifier that was made for it alone.
    pub sid: Sid,
    /// What exists in it and must stay as it is, with all that is below: paths from the root, names between backslashes.
    pub protected: Vec<String>,
}

/// Entries for the own list of what exists at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The path.
    pub path: String,
    /// The entries, in canonical order.
    pub entries: Vec<Ace>,
}

/// To read, write and make.
const WORK: Access =
    Access(Access::FILE_GENERIC_READ.0 | Access::FILE_GENERIC_WRITE.0 | Access::FILE_GENERIC_EXECUTE.0);

/// All entries that a root needs: so many lists are changed as there are protected paths and directories on the way to
/// them, however large the tree is.
pub fn edits(root: &WritableRoot) -> Vec<Edit> {
    let WritableRoot { path, sid, protected } = root;
    // The root itself stays where it is.
    let own = Ace::allow(sid.clone(), WORK, Inherit::NOTHING);
    let below = Ace::allow(sid.clone(), WORK | Access::DELETE, Inherit { only: true, ..Inherit::ALL });
    let mut denials: BTreeMap<&str, Ace> = BTreeMap::new();
    for way in protected.iter().flat_map(|protected| directories_to(protected)) {
        denials.insert(way, Ace::deny(sid.clone(), Access::DELETE, Inherit::NOTHING));
    }
    // After those: what is protected may lie on the way to something else that is.
    for protected in protected {
        denials.insert(protected, Ace::deny(sid.clone(), Restriction::WRITES_AT_MOST, Inherit::ALL));
    }
    let first = Edit { path: path.clone(), entries: vec![own, below] };
    let others = denials.into_iter().map(|(relative, denial)| Edit {
        path: format!("{}{SEPARATOR}{relative}", path.trim_end_matches(SEPARATOR)),
        entries: vec![denial],
    });
    std::iter::once(first).chain(others).collect()
}

/// The directories between the root and a path in it.
fn directories_to(relative: &str) -> impl Iterator<Item = &str> {
    relative.match_indices(SEPARATOR).filter_map(|(end, _)| relative.get(..end))
}

impl Edit {
    /// The list with these entries; the same list where they are there already. Whatever order the others are in, they
    /// stay in it.
    #[must_use]
    pub fn added_to(&self, list: &Acl) -> Acl {
        let new = self.entries.iter().filter(|ace| !list.0.contains(ace)).cloned();
        let (denials, grants): (Vec<Ace>, Vec<Ace>) = new.partition(|ace| ace.kind == AceKind::Deny);
        let own = list.0.iter().position(|ace| ace.inherit.inherited).unwrap_or(list.0.len());
        let (own, inherited) = list.0.split_at(own);
        Acl([&denials, own, &grants, inherited].concat())
    }

    /// The list without these entries.
    #[must_use]
    pub fn removed_from(&self, list: &Acl) -> Acl {
        Acl(list.0.iter().filter(|ace| !self.entries.contains(ace)).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(protected: &[&str]) -> WritableRoot {
        let sid = Sid::new(5, &[21, 7, 7, 7, 7]).unwrap();
        WritableRoot { path: r"C:\work".into(), sid, protected: protected.iter().map(|path| (*path).into()).collect() }
    }

    #[test]
    fn few_lists_are_changed() {
        let paths: Vec<String> =
            edits(&root(&[r".git\hooks", r".git\config", r"a\b\.envrc"])).into_iter().map(|edit| edit.path).collect();
        let expected = ["", r"\.git", r"\.git\config", r"\.git\hooks", r"\a", r"\a\b", r"\a\b\.envrc"]
            .map(|path| format!(r"C:\work{path}"));
        assert_eq!(paths, expected);
        assert_eq!(edits(&WritableRoot { path: r"D:\".into(), ..root(&["x"]) })[1].path, r"D:\x");
    }

    #[test]
    fn what_is_protected_on_the_way_stays_protected() {
        let denied = |protected: &[&str]| edits(&root(protected))[1].entries[0].access;
        assert_eq!(denied(&["a", r"a\b"]), Restriction::WRITES_AT_MOST);
        assert_eq!(denied(&[r"a\b", "a"]), Restriction::WRITES_AT_MOST);
        assert_eq!(denied(&[r"a\b"]), Access::DELETE);
    }

    #[test]
    fn entries_come_and_go_without_a_trace() {
        let from_above = Inherit { inherited: true, ..Inherit::NOTHING };
        // Of a program with its own ideas of order.
        let list = Acl(vec![
            Ace::allow(Sid::USERS, Access::FILE_ALL, Inherit::NOTHING),
            Ace::deny(Sid::EVERYONE, Access::DELETE, Inherit::NOTHING),
            Ace::allow(Sid::SYSTEM, Access::FILE_ALL, from_above),
        ]);
        for edit in edits(&root(&["a"])) {
            let added = edit.added_to(&list);
            assert_eq!(edit.added_to(&added), added);
            assert_eq!(edit.removed_from(&added), list);
            let canonical = Acl::canonical(list.0.clone());
            assert!(edit.added_to(&canonical).is_canonical());
        }
    }
}
