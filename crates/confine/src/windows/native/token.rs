//! The token of a command, made as planned and read back.

use std::io;

use pinfold_acl::{Acl, Sid};
use pinfold_plan::windows as plan;
use windows_sys::Win32::System::SystemServices::{SE_GROUP_ENABLED, SE_GROUP_LOGON_ID, SE_GROUP_USE_FOR_DENY_ONLY};

use super::context::Context;
use crate::windows::ConfineError;
use crate::windows::self_check::token::Facts;
use crate::windows::sys::token::{Less, Membership, Token};

/// Makes a token from another one.
pub(super) fn make(own: &Token, planned: &plan::Token) -> Result<Token, ConfineError> {
    let privileges = own.privileges().step("ask for privileges")?;
    // Removed by their names: a privilege that is only disabled could be enabled again.
    let (kept, removed): (Vec<_>, Vec<_>) =
        privileges.into_iter().partition(|privilege| planned.privileges.contains(&privilege.name));
    let less = Less {
        write_restricted: planned.write_restricted,
        least_privilege: planned.least_privilege,
        deny_only: present(own, &planned.deny_only).step("ask for groups")?,
        privileges: removed,
        restricting: planned.restricting.clone(),
    };
    let token = own.lessened(&less).step("make a restricted token")?;
    for privilege in kept {
        token.enable(&privilege).step("keep a privilege")?;
    }
    token.set_default_list(&Acl(planned.default_list.clone())).step("set the default list of the token")?;
    // Last, as the token of lower integrity may not be allowed to be changed.
    token.set_integrity(planned.integrity).step("lower the integrity of the token")?;
    Ok(token)
}

/// Those of some identifiers that are in a token.
fn present(token: &Token, sids: &[Sid]) -> io::Result<Vec<Sid>> {
    let (user, groups) = (token.user()?, token.groups()?);
    let is_there = |sid: &&Sid| **sid == user || groups.iter().any(|group| group.sid == **sid);
    Ok(sids.iter().filter(is_there).cloned().collect())
}

/// What the system says of it.
pub(super) fn facts(token: &Token) -> Facts {
    fn said<T>(result: io::Result<T>) -> Result<T, String> {
        result.map_err(|error| error.to_string())
    }
    let allowing = || {
        let groups = token.groups()?.into_iter().filter(allows).map(|group| group.sid);
        Ok(std::iter::once(token.user()?).chain(groups).collect())
    };
    let names = |privileges: Vec<crate::windows::sys::token::Privilege>| {
        privileges.into_iter().map(|privilege| privilege.name).collect()
    };
    Facts {
        restricted: token.is_restricted(),
        restricting: said(token.restricting()),
        allowing: said(allowing()),
        privileges: said(token.privileges().map(names)),
        integrity: said(token.integrity()),
        default_list: said(token.default_list()),
    }
}

/// Whether a group counts for what allows.
pub(super) fn allows(group: &Membership) -> bool {
    let has = |flag: i32| group.attributes & flag as u32 != 0;
    has(SE_GROUP_ENABLED) && !has(SE_GROUP_USE_FOR_DENY_ONLY)
}

/// The logon session of a token, where it has one.
pub(super) fn logon(groups: &[Membership]) -> Option<Sid> {
    let flag = SE_GROUP_LOGON_ID as u32;
    groups.iter().find(|group| group.attributes & flag == flag).map(|group| group.sid.clone())
}
