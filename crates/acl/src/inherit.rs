//! What a new file or directory gets from the list of its directory (MS-DTYP 2.5.3.4).

use crate::access::GenericMapping;
use crate::ace::{Ace, Inherit};
use crate::acl::Acl;
use crate::sid::Sid;

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Child {
    /// A file.
    File,
    /// A directory.
    Directory,
}

/// The list of what somebody makes in a directory with this list, without one of its own. Empty when there is nothing to
/// inherit; then the system takes the default list of the maker's token.
pub fn inherited(parent: &Acl, child: Child, maker: &Sid, makers_group: &Sid) -> Acl {
    let entries = parent.0.iter().flat_map(|ace| match child {
        Child::File => [for_itself(ace, ace.inherit.files, maker, makers_group), None],
        Child::Directory => for_directory(ace, maker, makers_group),
    });
    Acl(entries.flatten().collect())
}

/// A directory may have to keep an entry in two forms: for itself, and as it stands for what is made in it.
fn for_directory(ace: &Ace, maker: &Sid, makers_group: &Sid) -> [Option<Ace>; 2] {
    let Inherit { files, directories, not_further, .. } = ace.inherit;
    let passed_on = Inherit { files, directories, only: true, inherited: true, not_further: false };
    let passes_on = !not_further && (files || directories);
    let own = for_itself(ace, directories, maker, makers_group);
    // Where both mean the same, the two are one.
    match own {
        Some(own) if passes_on && (&own.sid, own.access) == (&ace.sid, ace.access) => {
            [Some(Ace { inherit: Inherit { only: false, ..passed_on }, ..own }), None]
        }
        own => [own, passes_on.then(|| Ace { inherit: passed_on, ..ace.clone() })],
    }
}

/// The entry as it is for the child itself: of whoever makes it, and without generic rights.
fn for_itself(ace: &Ace, applies: bool, maker: &Sid, makers_group: &Sid) -> Option<Ace> {
    let sid = match &ace.sid {
        sid if *sid == Sid::CREATOR_OWNER => maker,
        sid if *sid == Sid::CREATOR_GROUP => makers_group,
        sid => sid,
    };
    let inherit = Inherit { inherited: true, ..Inherit::NOTHING };
    let access = GenericMapping::FILE.map(ace.access);
    applies.then(|| Ace { kind: ace.kind, sid: sid.clone(), access, inherit })
}

/// The list of a child after the one of its directory has changed: its own entries, and what it inherits now. Not for a
/// descriptor that is protected.
pub fn renewed(own: &Acl, parent: &Acl, child: Child, owner: &Sid, group: &Sid) -> Acl {
    let own = own.0.iter().filter(|ace| !ace.inherit.inherited).cloned();
    Acl(own.chain(inherited(parent, child, owner, group).0).collect())
}
