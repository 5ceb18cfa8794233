//! Accounts, groups, rights and profiles of this machine.

use std::collections::BTreeSet;

use pinfold_acl::Sid;
use pinfold_plan::windows::accounts::{AccountFlags, HIDDEN_KEY};

use super::ThisMachine;
use super::sys::{groups, processes, profile, registry, rights, users};
use crate::machine::{AccountFound, Accounts, Fault, GroupFound};
use crate::password::Secret;

/// What kind of Windows this is.
const KIND_KEY: &str = r"SYSTEM\CurrentControlSet\Control\ProductOptions";
/// That of a domain controller.
const CONTROLLER: &str = "LanmanNT";

impl Accounts for ThisMachine {
    fn has_own_accounts(&self) -> Result<bool, Fault> {
        let kind = registry::text(KIND_KEY, "ProductType")?;
        Ok(kind.is_some_and(|kind| !kind.eq_ignore_ascii_case(CONTROLLER)))
    }

    fn account(&self, name: &str) -> Result<Option<AccountFound>, Fault> {
        users::find(name)
    }

    fn make_account(&mut self, name: &str, comment: &str, flags: AccountFlags, password: &Secret) -> Result<(), Fault> {
        users::add(name, comment, flags, password)
    }

    fn set_flags(&mut self, name: &str, flags: AccountFlags) -> Result<(), Fault> {
        users::set_flags(name, flags)
    }

    fn set_password(&mut self, name: &str, password: &Secret) -> Result<(), Fault> {
        users::set_password(name, password)
    }

    fn remove_account(&mut self, name: &str) -> Result<(), Fault> {
        users::remove(name)
    }

    fn group(&self, name: &str) -> Result<Option<GroupFound>, Fault> {
        groups::find(name)
    }

    fn make_group(&mut self, name: &str, comment: &str) -> Result<(), Fault> {
        groups::add(name, comment)
    }

    fn remove_group(&mut self, name: &str) -> Result<(), Fault> {
        groups::remove(name)
    }

    fn is_member(&self, group: &Sid, member: &Sid) -> Result<bool, Fault> {
        let Some(name) = groups::name_of(group)? else { return Ok(false) };
        Ok(groups::members(&name)?.contains(member))
    }

    fn add_member(&mut self, group: &Sid, member: &Sid) -> Result<(), Fault> {
        groups::add_member(&named(group)?, member)
    }

    fn remove_member(&mut self, group: &Sid, member: &Sid) -> Result<(), Fault> {
        groups::remove_member(&named(group)?, member)
    }

    fn name_of(&self, who: &Sid) -> Result<Option<String>, Fault> {
        groups::name_of(who)
    }

    fn rights(&self, who: &Sid) -> Result<BTreeSet<String>, Fault> {
        rights::of(who)
    }

    fn grant_right(&mut self, who: &Sid, right: &str) -> Result<(), Fault> {
        rights::grant(who, right)
    }

    fn revoke_right(&mut self, who: &Sid, right: &str) -> Result<(), Fault> {
        rights::revoke(who, right)
    }

    fn is_hidden(&self, name: &str) -> Result<bool, Fault> {
        Ok(registry::number(HIDDEN_KEY, name)? == Some(0))
    }

    fn hide(&mut self, name: &str) -> Result<(), Fault> {
        registry::set_number(HIDDEN_KEY, name, 0)
    }

    fn unhide(&mut self, name: &str) -> Result<(), Fault> {
        registry::remove_value(HIDDEN_KEY, name)?;
        // `UserList` and `SpecialAccounts`, which are there for this alone.
        let parent = HIDDEN_KEY.rsplit_once('\\').map_or("", |(parent, _)| parent);
        for key in [HIDDEN_KEY, parent] {
            if !registry::is_empty(key)? {
                break;
            }
            registry::remove_key(key)?;
        }
        Ok(())
    }

    fn is_in_use(&self, who: &Sid) -> Result<bool, Fault> {
        Ok(processes::users()?.contains(who))
    }

    fn has_profile(&self, who: &Sid) -> Result<bool, Fault> {
        registry::exists(&format!(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\{who}"))
    }

    fn remove_profile(&mut self, who: &Sid) -> Result<(), Fault> {
        profile::remove(who)
    }
}

/// The name of a group that is there (otherwise `ERROR_NONE_MAPPED`).
fn named(group: &Sid) -> Result<String, Fault> {
    groups::name_of(group)?.ok_or(Fault { call: "LookupAccountSidW", code: groups::NONE_MAPPED })
}
