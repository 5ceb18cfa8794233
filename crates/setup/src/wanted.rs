//! What setup is to bring about on one machine.

use std::num::NonZeroU16;

use pinfold_acl::{Access, Ace, Acl, Descriptor, Inherit, Sid};

/// What differs from one machine to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where the marker is: an absolute path, in which only administrators write. Its parent exists.
    pub directory: String,
    /// Who is to run commands under the accounts.
    pub owner: Sid,
    /// The port at which the gate listens, the one place that is reached without the network.
    pub gate_port: Option<NonZeroU16>,
    /// The version of the program, for the marker.
    pub program: String,
}

impl Wanted {
    /// The same as the descriptions of rules want it.
    pub(crate) fn gate_port(&self) -> Option<u16> {
        self.gate_port.map(NonZeroU16::get)
    }

    pub(crate) fn marker_path(&self) -> String {
        marker_path(&self.directory)
    }

    /// Of the directory: administrators and the system write, the owner of the setup reads, and nobody else, the accounts
    /// least of all, does either.
    pub(crate) fn directory_descriptor(&self) -> Descriptor {
        self.descriptor(Inherit::ALL)
    }

    /// Of a file in it.
    pub(crate) fn file_descriptor(&self) -> Descriptor {
        self.descriptor(Inherit::NOTHING)
    }

    fn descriptor(&self, inherit: Inherit) -> Descriptor {
        let reading = Access::FILE_GENERIC_READ | Access::FILE_GENERIC_EXECUTE;
        let list = Acl::canonical([
            Ace::allow(Sid::SYSTEM, Access::FILE_ALL, inherit),
            Ace::allow(Sid::ADMINISTRATORS, Access::FILE_ALL, inherit),
            Ace::allow(self.owner.clone(), reading, inherit),
        ]);
        let protected = Descriptor::new(Sid::ADMINISTRATORS, Sid::ADMINISTRATORS, Some(list));
        Descriptor { protected: true, ..protected }
    }
}

/// The file in a directory that tells what was set up.
pub(crate) fn marker_path(directory: &str) -> String {
    format!(r"{}\setup.json", directory.trim_end_matches('\\'))
}

#[cfg(test)]
mod tests {
    use pinfold_acl::{Group, Token, check};

    use super::*;

    #[test]
    fn the_owner_reads_and_administrators_write() {
        let account = |number| Sid::new(5, &[21, 1, 2, 3, number]).unwrap();
        let wanted = Wanted { directory: r"C:\x\".into(), owner: account(1001), gate_port: None, program: "0".into() };
        assert_eq!(wanted.marker_path(), r"C:\x\setup.json");
        let file = wanted.file_descriptor();
        let may = |token: &Token, access| check(token, &file, access).is_ok();
        let owner = Token::new(account(1001)).with_group(Group::deny_only(Sid::ADMINISTRATORS));
        assert!(may(&owner, Access::FILE_GENERIC_READ));
        for access in [Access::FILE_WRITE_DATA, Access::DELETE, Access::WRITE_DAC, Access::WRITE_OWNER] {
            assert!(!may(&owner, access), "{access:?}");
        }
        let sandboxed =
            Token::new(account(1005)).with_group(Group::enabled(Sid::USERS)).with_group(Group::enabled(Sid::EVERYONE));
        assert!(!may(&sandboxed, Access::FILE_READ_DATA) && !may(&sandboxed, Access::FILE_WRITE_DATA));
    }
}
