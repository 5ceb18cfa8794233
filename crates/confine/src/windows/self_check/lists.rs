//! Access lists and labels as they were kept, beside those that were planned.

use pinfold_acl::{Ace, AceKind};
use pinfold_plan::windows::Edit;

use super::{Breach, Mechanism};
use crate::windows::journal::{Lists, fitted, merged};

/// Where they differ.
pub fn differences(planned: &[Edit], lists: &impl Lists) -> Vec<Breach> {
    merged(planned).into_iter().flat_map(|edit| of(edit, lists)).collect()
}

fn of(edit: Edit, lists: &impl Lists) -> Vec<Breach> {
    let list = match lists.read(&edit.path) {
        Err(error) => {
            return vec![Breach::new(Mechanism::AccessList, format!("{} cannot be read back: {error}", edit.path))];
        }
        Ok(list) => list,
    };
    let edit = fitted(edit, &list);
    let missing = edit.entries.iter().find(|ace| !list.dacl.0.contains(ace));
    let missing =
        missing.map(|ace| Breach::new(Mechanism::AccessList, format!("{} lacks {}", edit.path, in_words(ace))));
    let other = edit.label.is_some() && list.label != edit.label;
    let other = other.then(|| Breach::new(Mechanism::Label, format!("{} has {:?}", edit.path, list.label)));
    missing.into_iter().chain(other).collect()
}

fn in_words(ace: &Ace) -> String {
    let verb = match ace.kind {
        AceKind::Allow => "allows",
        AceKind::Deny => "denies",
    };
    format!("an entry that {verb} {} {:?}", ace.sid, ace.access)
}

#[cfg(test)]
mod tests {
    use std::io;

    use pinfold_acl::{Access, Acl, Inherit, Label, Level, Sid};

    use super::*;
    use crate::windows::FileId;
    use crate::windows::journal::{Change, List};

    /// One list, whatever the path.
    struct One(List);

    impl Lists for One {
        fn read(&self, path: &str) -> io::Result<List> {
            if path == "gone" { Err(io::ErrorKind::NotFound.into()) } else { Ok(self.0.clone()) }
        }

        fn is_somewhere(&self, _: &str, _: FileId) -> bool {
            true
        }

        fn write(&mut self, _: &str, _: &Change) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_entry_and_a_label_that_were_not_kept_are_named() {
        let deny = |access| Ace::deny(Sid::new(5, &[21, 7, 7, 7, 1]).unwrap(), access, Inherit::ALL);
        let low = Label::new(Level::LOW, Inherit::ALL);
        let edit = |path: &str| Edit { path: path.into(), entries: vec![deny(Access::DELETE)], label: Some(low) };
        let of = |directory, entries: Vec<Ace>, label, path: &str| {
            let list = List { directory, file: None, dacl: Acl(entries), label };
            let found = differences(&[edit(path)], &One(list));
            found.into_iter().map(|breach| breach.mechanism).collect::<Vec<_>>()
        };
        assert_eq!(of(true, vec![deny(Access::DELETE)], Some(low), "x"), []);
        assert_eq!(of(true, vec![deny(Access::WRITE_DAC)], Some(low), "x"), [Mechanism::AccessList]);
        assert_eq!(of(true, vec![deny(Access::DELETE)], None, "x"), [Mechanism::Label]);
        assert_eq!(of(true, vec![], None, "gone"), [Mechanism::AccessList]);
        let for_file = edit("x").for_file();
        assert_eq!(of(false, for_file.entries, for_file.label, "x"), []);
    }
}
