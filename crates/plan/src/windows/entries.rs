//! The entries and labels that let one synthetic identifier write below a directory, but not what is protected in it.
//!
//! A file is removed or renamed with [`Access::DELETE`] to itself or with [`Access::FILE_DELETE_CHILD`] to its directory.
//! So nobody is given the second, what is protected is denied the first, and so are the directories on the way to it, which
//! would take it along. All entries are those of identifiers that are in no token but those of sandboxes: they give nothing
//! to anybody else and take nothing from anybody, and their order among entries of others does not matter.

use std::collections::BTreeMap;

use pinfold_acl::{Access, Ace, AceKind, Acl, Inherit, Label, Level, Restriction, Sid};
use serde::{Deserialize, Serialize};

/// What separates names in a path.
const SEPARATOR: char = '\\';

/// What a sandbox may do below a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Read and execute.
    Look,
    /// Write and make as well.
    Work,
}

/// A part of the file system that a sandbox is let into, with what is different in it. Paths below it are written from
/// there, names between backslashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Root {
    /// Its path, absolute and without links.
    pub path: String,
    /// An identifier that was made for it alone.
    pub sid: Sid,
    /// What may be done.
    pub reach: Reach,
    /// What exists in it and must keep its place.
    pub kept: Vec<String>,
    /// What exists in it and must stay as it is, with all that is below.
    pub protected: Vec<String>,
    /// What exists in it and must not be seen, with all that is below. Only an account can be kept from seeing it.
    pub hidden: Vec<String>,
}

/// What is changed about the descriptor of what exists at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Edit {
    /// The path.
    pub path: String,
    /// Entries for its own list, in canonical order.
    pub entries: Vec<Ace>,
    /// The label that it gets.
    pub label: Option<Label>,
}

/// To read and execute.
const LOOK: Access = Access(Access::FILE_GENERIC_READ.0 | Access::FILE_GENERIC_EXECUTE.0);
/// To read, write and make.
const WORK: Access = Access(LOOK.0 | Access::FILE_GENERIC_WRITE.0);

/// What is different at a path below a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    /// It keeps its place.
    Kept,
    /// It stays as it is.
    Protected,
    /// It is not seen.
    Hidden,
}

/// All that a root needs, for its identifier and, where commands run under accounts, for the `group` of those. What may be
/// written is labelled with low integrity, which commands have, and what is protected in it is not; for that its `user` gets
/// the right to. So many descriptors are changed as there are protected paths and directories on the way to them,
/// however large the tree is.
pub fn edits(root: &Root, group: Option<&Sid>, user: &Sid) -> Vec<Edit> {
    let deny = |access, inherit| sids(root, group).map(|sid| Ace::deny(sid, access, inherit)).collect::<Vec<_>>();
    let label = (root.reach == Reach::Work).then(|| Label::new(Level::MEDIUM, Inherit::ALL));
    let others = differences(root).into_iter().map(|(relative, difference)| {
        let (entries, label) = match difference {
            Difference::Kept => (deny(Access::DELETE, Inherit::NOTHING), None),
            Difference::Protected => (deny(Restriction::WRITES_AT_MOST, Inherit::ALL), label),
            Difference::Hidden => (deny(Access::FILE_ALL, Inherit::ALL), label),
        };
        Edit { path: format!("{}{SEPARATOR}{relative}", root.path.trim_end_matches(SEPARATOR)), entries, label }
    });
    std::iter::once(first(root, group, user)).chain(others).collect()
}

/// Each path below a root where something is different, parents first. What may only be looked at keeps its place anyway.
fn differences(root: &Root) -> BTreeMap<&str, Difference> {
    let every = |paths, difference| <[String]>::iter(paths).map(move |path| (path.as_str(), difference));
    let hidden = every(&root.hidden, Difference::Hidden);
    if root.reach == Reach::Look {
        return hidden.collect();
    }
    let ways = [&root.kept, &root.protected, &root.hidden].into_iter().flat_map(|paths| ways(paths));
    let kept = ways.map(|way| (way, Difference::Kept)).chain(every(&root.kept, Difference::Kept));
    // Of several the last counts: what is protected may lie on the way to something else that is.
    kept.chain(every(&root.protected, Difference::Protected)).chain(hidden).collect()
}

/// The directories on the way to some paths. Those that lead to the path before as well are left out, since neighbours
/// mostly come one after the other.
fn ways(paths: &[String]) -> impl Iterator<Item = &str> {
    let before = std::iter::once("").chain(paths.iter().map(String::as_str));
    paths
        .iter()
        .zip(before)
        .flat_map(|(path, before)| directories_to(path).take_while(move |way| below(way, before).is_none()))
}

/// For the root itself.
fn first(root: &Root, group: Option<&Sid>, user: &Sid) -> Edit {
    let mut entries: Vec<Ace> = match root.reach {
        Reach::Look => sids(root, group).map(|sid| Ace::allow(sid, LOOK, Inherit::ALL)).collect(),
        // The root itself stays where it is.
        Reach::Work => sids(root, group)
            .flat_map(|sid| {
                let below = Inherit { only: true, ..Inherit::ALL };
                [Ace::allow(sid.clone(), WORK, Inherit::NOTHING), Ace::allow(sid, WORK | Access::DELETE, below)]
            })
            .collect(),
    };
    let label = (root.reach == Reach::Work).then(|| Label::new(Level::LOW, Inherit::ALL));
    if label.is_some() {
        // Labels are set by who may give a file another owner, which outside of their own homes users may not.
        entries.push(Ace::allow(user.clone(), Access::WRITE_OWNER, Inherit::ALL));
    }
    Edit { path: root.path.clone(), entries, label }
}

fn sids<'a>(root: &'a Root, group: Option<&'a Sid>) -> impl Iterator<Item = Sid> + 'a {
    std::iter::once(&root.sid).chain(group).cloned()
}

/// A path below a directory, written from there.
pub(super) fn below<'a>(directory: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(directory.trim_end_matches(SEPARATOR))?.strip_prefix(SEPARATOR)
}

/// The directories above a path, the nearest first.
pub(super) fn directories_to(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices(SEPARATOR).filter_map(|(end, _)| path.get(..end))
}

impl Edit {
    /// The same for a file, which passes nothing on.
    #[must_use]
    pub fn for_file(self) -> Self {
        let own = |inherit: Inherit| Inherit { inherited: inherit.inherited, ..Inherit::NOTHING };
        let entries = self.entries.into_iter().filter(|ace| !ace.inherit.only);
        Self {
            path: self.path,
            entries: entries.map(|ace| Ace { inherit: own(ace.inherit), ..ace }).collect(),
            label: self.label.map(|label| Label { inherit: own(label.inherit), ..label }),
        }
    }

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

    fn user() -> Sid {
        Sid::new(5, &[21, 1, 2, 3, 1001]).unwrap()
    }

    fn root(protected: &[&str]) -> Root {
        let protected = protected.iter().map(|path| (*path).into()).collect();
        let sid = Sid::new(5, &[21, 7, 7, 7, 7]).unwrap();
        Root { path: r"C:\work".into(), sid, reach: Reach::Work, kept: vec![], protected, hidden: vec![] }
    }

    #[test]
    fn few_lists_are_changed() {
        let paths: Vec<String> = edits(&root(&[r".git\hooks", r".git\config", r"a\b\.envrc"]), None, &user())
            .into_iter()
            .map(|edit| edit.path)
            .collect();
        let expected = ["", r"\.git", r"\.git\config", r"\.git\hooks", r"\a", r"\a\b", r"\a\b\.envrc"]
            .map(|path| format!(r"C:\work{path}"));
        assert_eq!(paths, expected);
        assert_eq!(edits(&Root { path: r"D:\".into(), ..root(&["x"]) }, None, &user())[1].path, r"D:\x");
    }

    #[test]
    fn what_is_protected_on_the_way_stays_protected() {
        let denied = |protected: &[&str]| edits(&root(protected), None, &user())[1].entries[0].access;
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
        let group = Sid::new(5, &[21, 8, 8, 8, 1002]).unwrap();
        for edit in [None, Some(&group)].into_iter().flat_map(|group| edits(&root(&["a"]), group, &user())) {
            let added = edit.added_to(&list);
            assert_eq!(edit.added_to(&added), added);
            assert_eq!(edit.removed_from(&added), list);
            let canonical = Acl::canonical(list.0.clone());
            assert!(edit.added_to(&canonical).is_canonical());
        }
    }
}
