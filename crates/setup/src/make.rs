//! Making one thing what it should be.

use std::collections::BTreeMap;

use pinfold_acl::Sid;
use pinfold_plan::windows::accounts::{AccountFlags, GROUP, MADE_BY, Use};

use crate::look::Scene;
use crate::machine::{Fault, Machine, Scope};
use crate::marker::{FORMAT, Known, Marked, Marker};
use crate::password::Secret;
use crate::thing::Thing;
use crate::wanted::Wanted;

/// What things are made with.
pub(crate) struct Maker<'a, M> {
    pub(crate) machine: &'a mut M,
    pub(crate) wanted: &'a Wanted,
    pub(crate) known: Known,
    pub(crate) passwords: BTreeMap<Use, Secret>,
}

impl<M: Machine> Maker<'_, M> {
    pub(crate) fn scene(&self) -> Scene<'_, M> {
        Scene { machine: self.machine, wanted: self.wanted, known: &self.known }
    }

    /// Makes something what it should be, from whatever it is now.
    pub(crate) fn make(&mut self, thing: &Thing) -> Result<(), Fault> {
        match thing {
            Thing::Directory => {
                self.machine.make_directory(&self.wanted.directory, &self.wanted.directory_descriptor())
            }
            Thing::Group => self.machine.make_group(GROUP, MADE_BY),
            Thing::Account(used) => self.account(*used),
            Thing::Member(used) => {
                let group = self.scene().group_sid()?.ok_or_else(gone)?;
                self.member(*used, &group)
            }
            Thing::User(used) => self.member(*used, &Sid::USERS),
            Thing::Right(right) => {
                let group = self.scene().group_sid()?.ok_or_else(gone)?;
                self.machine.grant_right(&group, right)
            }
            Thing::Hidden(used) => self.machine.hide(used.name()),
            Thing::Former(sid) => self.forget(sid),
            Thing::Rule(place) => self.rule(*place),
            Thing::OtherRules => {
                let names = self.scene().other_rules()?;
                names.iter().try_for_each(|name| self.machine.remove_rule(name))
            }
            Thing::Filters => {
                let filters = self.scene().planned_filters()?.ok_or_else(gone)?;
                self.machine.replace_filters(&filters)
            }
            Thing::Enabled(used) => self.disable(used.name(), false),
            Thing::Marker => self.mark(true),
        }
    }

    /// The account disabled, with a password that nobody else knows.
    fn account(&mut self, used: Use) -> Result<(), Fault> {
        let password = Secret::random(self.machine)?;
        let name = used.name();
        match self.machine.account(name)? {
            None => self.machine.make_account(name, MADE_BY, AccountFlags::NEW, &password)?,
            Some(_) => {
                self.machine.set_flags(name, AccountFlags::NEW)?;
                self.machine.set_password(name, &password)?;
            }
        }
        self.passwords.insert(used, password);
        Ok(())
    }

    /// An account of ours can be used no more, or again.
    pub(crate) fn disable(&mut self, name: &str, disabled: bool) -> Result<(), Fault> {
        match self.scene().our_account(name)? {
            Some(found) if found.flags.is_disabled() != disabled => {
                self.machine.set_flags(name, found.flags.disabled(disabled))
            }
            _ => Ok(()),
        }
    }

    fn member(&mut self, used: Use, group: &Sid) -> Result<(), Fault> {
        let sid = self.scene().sid_of(used)?.ok_or_else(gone)?;
        self.machine.add_member(group, &sid)
    }

    /// What somebody left who is gone, or will be.
    pub(crate) fn forget(&mut self, sid: &Sid) -> Result<(), Fault> {
        if self.machine.has_profile(sid)? {
            self.machine.remove_profile(sid)?;
        }
        for right in self.machine.rights(sid)? {
            self.machine.revoke_right(sid, &right)?;
        }
        for group in self.scene().group_sid()?.into_iter().chain([Sid::USERS]) {
            if self.machine.is_member(&group, sid)? {
                self.machine.remove_member(&group, sid)?;
            }
        }
        Ok(())
    }

    /// The rule in place of all others of its name.
    fn rule(&mut self, place: usize) -> Result<(), Fault> {
        let planned = self.scene().rules()?;
        let Some(rule) = planned.get(place) else { return Ok(()) };
        let there = self.machine.rules(&[&rule.name])?;
        for _ in there.iter().filter(|found| found.name == rule.name) {
            self.machine.remove_rule(&rule.name)?;
        }
        self.machine.add_rule(rule)
    }

    /// Writes the marker, finished or not.
    pub(crate) fn mark(&mut self, finished: bool) -> Result<(), Fault> {
        let scene = self.scene();
        let group = scene.group_sid()?;
        let mut accounts = Vec::new();
        for used in Use::ALL {
            let Some(sid) = scene.sid_of(used)? else { continue };
            let marked = Marked::new(used.name(), &sid);
            let password = self.passwords.get(&used).filter(|_| finished);
            let sealed =
                password.map(|password| password.seal(self.machine, used.name(), self.scope()?)).transpose()?;
            accounts.push(match sealed {
                Some(sealed) => marked.with_sealed(&sealed),
                None => marked,
            });
        }
        let marker = Marker {
            format: FORMAT,
            finished,
            program: self.wanted.program.clone(),
            time: self.machine.now(),
            owner: self.wanted.owner.to_string(),
            gate_port: self.wanted.gate_port(),
            group: group.map(|sid| Marked::new(GROUP, &sid)),
            accounts,
            // Nothing is left of them where setup is finished.
            former: if finished { Vec::new() } else { scene.former_sids()?.iter().map(Sid::to_string).collect() },
        };
        let (path, descriptor) = (self.wanted.marker_path(), self.wanted.file_descriptor());
        self.machine.write_private_file(&path, &descriptor, &marker.to_bytes())
    }

    /// Whoever is asked for the rights of an administrator may give those of another user, whose secrets the owner cannot
    /// open.
    fn scope(&self) -> Result<Scope, Fault> {
        Ok(if self.machine.user()? == self.wanted.owner { Scope::User } else { Scope::Machine })
    }
}

/// What was made is gone again (`ERROR_NOT_FOUND`).
fn gone() -> Fault {
    Fault { call: "looking up what was made", code: 1168 }
}
