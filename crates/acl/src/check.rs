//! The decision over a file: MS-DTYP 2.5.3.2, with the restricting identifiers of a token and mandatory integrity
//! (2.5.3.3). Conditional, object and audit entries and central policies are not part of it; files have none of ours.

use crate::access::{Access, GenericMapping};
use crate::ace::{Ace, AceKind};
use crate::acl::Acl;
use crate::descriptor::{Descriptor, Label};
use crate::sid::Sid;
use crate::token::{Group, GroupUse, Token};

/// What says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// The token lacks a privilege.
    Privilege,
    /// The object is of higher integrity.
    Integrity,
    /// The access list, to the user and the groups.
    Groups,
    /// The access list, to the restricting identifiers.
    Restriction,
}

/// A wish that is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not granted: {missing:?} ({by:?})")]
pub struct Denied {
    /// The rights that are missing.
    pub missing: Access,
    /// What says no, the first of several.
    pub by: Layer,
}

/// Everything that an access list can give.
const GIVEN_BY_LISTS: Access = Access(0x1f_ffff);

/// What a token gets that asks for rights to a file: all of them, or none.
///
/// # Errors
/// When one of them is not granted. Who asks for [`Access::MAXIMUM_ALLOWED`] and could have nothing is refused as well.
pub fn check(token: &Token, file: &Descriptor, wanted: Access) -> Result<Access, Denied> {
    let wanted = GenericMapping::FILE.map(wanted);
    let mut granted = wanted.without(Access::MAXIMUM_ALLOWED);
    for layer in [Layer::Privilege, Layer::Integrity, Layer::Groups, Layer::Restriction] {
        refuse(granted.without(could_have(token, file, granted, layer)), layer)?;
    }
    if wanted.holds(Access::MAXIMUM_ALLOWED) {
        granted |= most(token, file);
        refuse(if granted.is_empty() { Access::MAXIMUM_ALLOWED } else { Access::NONE }, Layer::Groups)?;
    }
    Ok(granted)
}

/// The most that a token could have of a file, as [`Access::MAXIMUM_ALLOWED`] gives it.
pub fn most(token: &Token, file: &Descriptor) -> Access {
    let layers = [Layer::Integrity, Layer::Groups, Layer::Restriction];
    layers.iter().fold(GIVEN_BY_LISTS, |among, layer| could_have(token, file, among, *layer))
}

fn refuse(missing: Access, by: Layer) -> Result<(), Denied> {
    if missing.is_empty() { Ok(()) } else { Err(Denied { missing, by }) }
}

/// The part of some rights that one layer leaves.
fn could_have(token: &Token, file: &Descriptor, among: Access, layer: Layer) -> Access {
    let left = match layer {
        Layer::Privilege => among.without(Access::SYSTEM_SECURITY),
        Layer::Integrity => among & left_by_integrity(token, label_of(file)),
        Layer::Groups => given(file, among, |sid, kind| counts(token, sid, kind)),
        Layer::Restriction => match &token.restriction {
            None => among,
            Some(restriction) => {
                let asked = among & restriction.about;
                among.without(asked) | given(file, asked, |sid, _| restriction.sids.contains(sid))
            }
        },
    };
    left | among & privileged(token, layer)
}

/// What privileges give, whatever the access list says.
fn privileged(token: &Token, layer: Layer) -> Access {
    let give = |has: bool, right| if has { right } else { Access::NONE };
    let security = give(token.privileges.security, Access::SYSTEM_SECURITY);
    match layer {
        Layer::Privilege => security,
        // Integrity is beyond who only takes ownership.
        Layer::Integrity => security | give(token.privileges.relabel, Access::WRITE_OWNER),
        Layer::Groups | Layer::Restriction => security | give(token.privileges.take_ownership, Access::WRITE_OWNER),
    }
}

/// The label that counts: one that is there for its children only does not.
fn label_of(file: &Descriptor) -> Label {
    file.label.filter(|label| !label.inherit.only).unwrap_or(Label::DEFAULT)
}

/// Rights that the label leaves to who is of lower integrity: those of the generic kinds that it does not forbid. So
/// nobody removes or takes over what he may not write.
fn left_by_integrity(token: &Token, label: Label) -> Access {
    if token.level >= label.level {
        return Access(u32::MAX);
    }
    let kinds = [
        (label.no_read_up, Access::FILE_GENERIC_READ),
        (label.no_write_up, Access::FILE_GENERIC_WRITE),
        (label.no_execute_up, Access::FILE_GENERIC_EXECUTE),
    ];
    let left = kinds.iter().filter(|(forbidden, _)| !forbidden).fold(Access::NONE, |left, (_, rights)| left | *rights);
    left | !GenericMapping::FILE.all
}

fn counts(token: &Token, sid: &Sid, kind: AceKind) -> bool {
    let mut all = std::iter::once(&token.user).chain(&token.groups).filter(|group| group.sid == *sid);
    all.any(|Group { counts, .. }| match counts {
        GroupUse::Always => true,
        GroupUse::Denials => kind == AceKind::Deny,
        GroupUse::Never => false,
    })
}

/// The part of some rights that the list gives to those who count. Of each right the first entry that is about it
/// decides; an owner reads and writes the list itself, unless there is an entry about owners.
fn given(file: &Descriptor, among: Access, counts: impl Fn(&Sid, AceKind) -> bool) -> Access {
    let Some(Acl(entries)) = &file.dacl else { return among };
    let meant = || entries.iter().filter(|ace| !ace.inherit.only);
    let mut given = Access::NONE;
    if counts(&file.owner, AceKind::Allow) && !meant().any(|ace| ace.sid == Sid::OWNER_RIGHTS) {
        given = among & (Access::READ_CONTROL | Access::WRITE_DAC);
    }
    let mut open = among.without(given);
    for Ace { kind, sid, access, .. } in meant() {
        if open.is_empty() {
            break;
        }
        let about = open & *access;
        let who = if *sid == Sid::OWNER_RIGHTS { &file.owner } else { sid };
        if about.is_empty() || !counts(who, *kind) {
            continue;
        }
        open = open.without(about);
        if *kind == AceKind::Allow {
            given |= about;
        }
    }
    given
}
