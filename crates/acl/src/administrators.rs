//! Whether something is administrators' alone.

use crate::access::{Access, GenericMapping};
use crate::ace::{Ace, AceKind};
use crate::descriptor::Descriptor;
use crate::sid::Sid;

impl Descriptor {
    /// Whether nobody but administrators and the system owns the file or directory or may change anything about it.
    ///
    /// Denials are passed over, as they may not be meant for everybody: what is allowed to anybody else counts.
    pub fn is_administrators(&self) -> bool {
        let ours = [Sid::ADMINISTRATORS, Sid::SYSTEM];
        let changes = |ace: &&Ace| ace.kind == AceKind::Allow && !ace.inherit.only && !only_reads(ace.access);
        let may_change = |ace: &Ace| ours.contains(&ace.sid) || ace.sid == Sid::OWNER_RIGHTS;
        // Without a list, everybody may do everything.
        let Some(list) = &self.dacl else { return false };
        ours.contains(&self.owner) && list.0.iter().filter(changes).all(may_change)
    }
}

/// What is not known to read is taken for writing.
fn only_reads(access: Access) -> bool {
    let reading = Access::FILE_GENERIC_READ | Access::FILE_GENERIC_EXECUTE;
    GenericMapping::FILE.map(access).without(reading).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Acl, Inherit};

    fn with(owner: Sid, others: impl IntoIterator<Item = Ace>) -> Descriptor {
        let ours = [Sid::SYSTEM, Sid::ADMINISTRATORS].map(|sid| Ace::allow(sid, Access::FILE_ALL, Inherit::ALL));
        Descriptor::new(owner.clone(), owner, Some(Acl(ours.into_iter().chain(others).collect())))
    }

    fn users(access: Access) -> Ace {
        Ace::allow(Sid::USERS, access, Inherit::ALL)
    }

    #[test]
    fn who_only_reads_changes_nothing() {
        let reading = [Access::GENERIC_READ | Access::GENERIC_EXECUTE, Access::FILE_READ_DATA].map(users);
        let of_owners = Ace::allow(Sid::OWNER_RIGHTS, Access::FILE_ALL, Inherit::NOTHING);
        let of_children = Ace::allow(Sid::CREATOR_OWNER, Access::FILE_ALL, Inherit { only: true, ..Inherit::ALL });
        for owner in [Sid::SYSTEM, Sid::ADMINISTRATORS] {
            assert!(
                with(owner, reading.clone().into_iter().chain([of_owners.clone(), of_children.clone()]))
                    .is_administrators()
            );
        }
    }

    #[test]
    fn any_right_to_change_something_counts() {
        let changing = [
            Access::FILE_WRITE_DATA,
            Access::FILE_APPEND_DATA,
            Access::FILE_WRITE_EA,
            Access::FILE_WRITE_ATTRIBUTES,
            Access::FILE_DELETE_CHILD,
            Access::DELETE,
            Access::WRITE_DAC,
            Access::WRITE_OWNER,
            Access::GENERIC_WRITE,
            Access::GENERIC_ALL,
        ];
        for access in changing {
            let denied = Ace::deny(Sid::USERS, access, Inherit::ALL);
            for list in [vec![users(access)], vec![denied, users(access)]] {
                assert!(!with(Sid::SYSTEM, list).is_administrators(), "{access:?}");
            }
        }
    }

    #[test]
    fn another_owner_or_no_list_is_everybodys() {
        let user = Sid::new(5, &[21, 1, 2, 3, 1001]).unwrap();
        assert!(!with(user, []).is_administrators());
        assert!(!Descriptor { dacl: None, ..with(Sid::SYSTEM, []) }.is_administrators());
    }
}
