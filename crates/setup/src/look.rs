//! Looking at one thing, and telling how it differs from what is wanted.

use std::collections::BTreeMap;

use pinfold_acl::{Descriptor, Sid};
use pinfold_plan::windows::accounts::{GROUP, MADE_BY, Use};
use pinfold_plan::windows::filters::{Filter, filters};
use pinfold_plan::windows::firewall::{GROUPING, Rule, rules};

use crate::machine::{AccountFound, EntryKind, Fault, Machine, RuleFound};
use crate::marker::{self, Known, Marker, OUR_NAMES};
use crate::password::Secret;
use crate::thing::Thing;
use crate::wanted::Wanted;

/// How something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// As it should be.
    Right,
    /// Not there.
    Missing,
    /// There, but otherwise.
    Different(String),
    /// There, but not ours.
    Foreign(String),
}

impl Look {
    /// Right, or not there.
    fn present(is: bool) -> Self {
        if is { Self::Right } else { Self::Missing }
    }

    /// Right, or different in this way.
    fn right_unless(wrong: bool, how: &str) -> Self {
        if wrong { Self::Different(how.into()) } else { Self::Right }
    }
}

const NO_COMMENT: &str = "its comment is not that of ours";

/// What things are looked at with.
pub(crate) struct Scene<'a, M> {
    pub(crate) machine: &'a M,
    pub(crate) wanted: &'a Wanted,
    pub(crate) known: &'a Known,
}

impl<M: Machine> Scene<'_, M> {
    pub(crate) fn look(&self, thing: &Thing) -> Result<Look, Fault> {
        match thing {
            Thing::Directory => self.directory(),
            Thing::Group => self.group(),
            Thing::Account(used) => self.account(*used),
            Thing::Member(used) => match self.group_sid()? {
                Some(group) => self.member(*used, &group),
                None => Ok(Look::Missing),
            },
            Thing::User(used) => self.member(*used, &Sid::USERS),
            Thing::Right(right) => self.right(right),
            Thing::Hidden(used) => Ok(Look::present(self.machine.is_hidden(used.name())?)),
            Thing::Former(sid) => self.former(sid),
            Thing::Rule(place) => self.rule(*place),
            Thing::OtherRules => Ok(Look::right_unless(!self.other_rules()?.is_empty(), "there are some")),
            Thing::Filters => self.filters(),
            Thing::Enabled(used) => self.enabled(*used),
            Thing::Marker => self.marker(),
        }
    }

    /// An account of ours.
    pub(crate) fn our_account(&self, name: &str) -> Result<Option<AccountFound>, Fault> {
        Ok(self.machine.account(name)?.filter(|found| self.is_ours(&found.comment, &found.sid)))
    }

    pub(crate) fn sid_of(&self, used: Use) -> Result<Option<Sid>, Fault> {
        Ok(self.our_account(used.name())?.map(|found| found.sid))
    }

    /// That of our group.
    pub(crate) fn group_sid(&self) -> Result<Option<Sid>, Fault> {
        let group = self.machine.group(GROUP)?;
        Ok(group.filter(|found| self.is_ours(&found.comment, &found.sid)).map(|found| found.sid))
    }

    /// By what an administrator alone could have written: the comment, or the marker.
    pub(crate) fn is_ours(&self, comment: &str, sid: &Sid) -> bool {
        comment == MADE_BY || self.known.sids.contains(sid)
    }

    /// Identifiers that were ours and are nobody's now. Of somebody else's nothing is left to us, whatever the marker says.
    pub(crate) fn former(&self, sid: &Sid) -> Result<Look, Fault> {
        if self.is_somebody_elses(sid)? {
            return Ok(Look::Right);
        }
        let mut left = !self.machine.rights(sid)?.is_empty() || self.machine.has_profile(sid)?;
        for group in self.group_sid()?.iter().chain([&Sid::USERS]) {
            left |= self.machine.is_member(group, sid)?;
        }
        Ok(Look::right_unless(left, "there is something"))
    }

    /// Whether somebody is there who is not ours by both name and comment.
    fn is_somebody_elses(&self, sid: &Sid) -> Result<bool, Fault> {
        let Some(name) = self.machine.name_of(sid)? else { return Ok(false) };
        if !name.starts_with(OUR_NAMES) {
            return Ok(true);
        }
        let account = self.machine.account(&name)?.map(|found| (found.sid, found.comment));
        let group = self.machine.group(&name)?.map(|found| (found.sid, found.comment));
        Ok(![account, group].into_iter().flatten().any(|(whose, comment)| whose == *sid && comment == MADE_BY))
    }

    pub(crate) fn former_sids(&self) -> Result<Vec<Sid>, Fault> {
        let mut former = self.known.sids.clone();
        let group = self.group_sid()?;
        for present in [self.sid_of(Use::Offline)?, self.sid_of(Use::Online)?, group].iter().flatten() {
            former.remove(present);
        }
        Ok(former.into_iter().collect())
    }

    fn directory(&self) -> Result<Look, Fault> {
        let Some(found) = self.machine.entry(&self.wanted.directory)? else { return Ok(Look::Missing) };
        Ok(match found.kind {
            EntryKind::Directory if found.descriptor.is_administrators() => Look::right_unless(
                !is_same(&found.descriptor, &self.wanted.directory_descriptor()),
                "its list is another",
            ),
            EntryKind::Directory => {
                Look::Foreign("somebody who is no administrator owns it or may change what is in it".into())
            }
            EntryKind::File | EntryKind::Other => Look::Foreign("it is no directory".into()),
        })
    }

    fn group(&self) -> Result<Look, Fault> {
        Ok(match self.machine.group(GROUP)? {
            None => Look::Missing,
            Some(found) if self.is_ours(&found.comment, &found.sid) => Look::Right,
            Some(_) => Look::Foreign(NO_COMMENT.into()),
        })
    }

    fn account(&self, used: Use) -> Result<Look, Fault> {
        Ok(match self.machine.account(used.name())? {
            None => Look::Missing,
            Some(found) if !self.is_ours(&found.comment, &found.sid) => Look::Foreign(NO_COMMENT.into()),
            Some(found) => Look::right_unless(!found.flags.is_right(), "its flags are others"),
        })
    }

    fn enabled(&self, used: Use) -> Result<Look, Fault> {
        Ok(Look::present(self.our_account(used.name())?.is_some_and(|found| !found.flags.is_disabled())))
    }

    fn member(&self, used: Use, group: &Sid) -> Result<Look, Fault> {
        match self.sid_of(used)? {
            Some(sid) => Ok(Look::present(self.machine.is_member(group, &sid)?)),
            None => Ok(Look::Missing),
        }
    }

    fn right(&self, right: &str) -> Result<Look, Fault> {
        match self.group_sid()? {
            Some(group) => Ok(Look::present(self.machine.rights(&group)?.contains(right))),
            None => Ok(Look::Missing),
        }
    }

    /// The planned rules. Their names are known before the account is.
    pub(crate) fn rules(&self) -> Result<Vec<Rule>, Fault> {
        let nobody = self.wanted.owner.clone();
        Ok(rules(&self.sid_of(Use::Offline)?.unwrap_or(nobody), self.wanted.gate_port()))
    }

    /// The rules that are there, of our grouping or with a name of these.
    pub(crate) fn found_rules(&self, planned: &[Rule]) -> Result<Vec<RuleFound>, Fault> {
        let names: Vec<&str> = planned.iter().map(|rule| rule.name.as_str()).collect();
        self.machine.rules(&names)
    }

    fn rule(&self, place: usize) -> Result<Look, Fault> {
        let planned = self.rules()?;
        let Some(rule) = planned.get(place) else { return Ok(Look::Right) };
        let of_name: Vec<RuleFound> =
            self.found_rules(&planned)?.into_iter().filter(|found| found.name == rule.name).collect();
        if of_name.iter().any(|found| found.grouping != GROUPING) {
            return Ok(Look::Foreign(format!("`{}` is not in the group `{GROUPING}`", rule.name)));
        }
        let is_known = self.sid_of(Use::Offline)?.is_some();
        Ok(match of_name.as_slice() {
            [] => Look::Missing,
            [found] if is_known && found.rule.as_ref() == Some(rule) => Look::Right,
            [_] => Look::Different(format!("`{}` says something else", rule.name)),
            [..] => Look::Different(format!("`{}` is there several times", rule.name)),
        })
    }

    /// Names of rules of ours that are not planned, each as often as it is there.
    pub(crate) fn other_rules(&self) -> Result<Vec<String>, Fault> {
        let planned = self.rules()?;
        let is_planned = |name: &str| planned.iter().any(|rule| rule.name == name);
        let found = self.found_rules(&planned)?.into_iter();
        Ok(found.filter(|found| !is_planned(&found.name)).map(|found| found.name).collect())
    }

    pub(crate) fn planned_filters(&self) -> Result<Option<Vec<Filter>>, Fault> {
        Ok(self.sid_of(Use::Offline)?.map(|offline| filters(&offline, self.wanted.gate_port())))
    }

    fn filters(&self) -> Result<Look, Fault> {
        let found = self.machine.filters()?;
        if !found.provider && !found.sublayer && found.filters.is_empty() {
            return Ok(Look::Missing);
        }
        let planned = self.planned_filters()?.unwrap_or_default();
        let planned: BTreeMap<_, _> = planned.iter().map(|filter| (filter.key, Some(filter))).collect();
        let there: BTreeMap<_, _> = found.filters.iter().map(|found| (found.key, found.filter.as_ref())).collect();
        let whole = found.provider && found.sublayer && there.len() == found.filters.len();
        Ok(Look::right_unless(!whole || planned.is_empty() || planned != there, "they are others"))
    }

    fn marker(&self) -> Result<Look, Fault> {
        let path = self.wanted.marker_path();
        let Some(entry) = self.machine.entry(&path)? else { return Ok(Look::Missing) };
        if entry.kind != EntryKind::File || !is_same(&entry.descriptor, &self.wanted.file_descriptor()) {
            return Ok(Look::Different("its list is another".into()));
        }
        let Some(content) = marker::read(self.machine, &self.wanted.directory)? else { return Ok(Look::Missing) };
        Ok(match Marker::parse(&content) {
            Err(why) => Look::Different(why),
            Ok(marker) if !marker.finished => Look::Different("it says that setup is unfinished".into()),
            Ok(marker) => match self.difference(&marker)? {
                Some(how) => Look::Different(how.into()),
                None => Look::Right,
            },
        })
    }

    /// How a finished marker differs from what is there and what is wanted.
    fn difference(&self, marker: &Marker) -> Result<Option<&'static str>, Fault> {
        if marker.owner != self.wanted.owner.to_string() {
            return Ok(Some("it is for another user"));
        }
        if marker.gate_port != self.wanted.gate_port() {
            return Ok(Some("the gate has another port"));
        }
        if marker.group.as_ref().map(|group| &group.sid) != self.group_sid()?.map(|sid| sid.to_string()).as_ref() {
            return Ok(Some("the group has another identifier"));
        }
        // Who is somebody else may be unable to open what is right.
        let can_open = self.machine.user()? == self.wanted.owner;
        for used in Use::ALL {
            let account = marker.account(used);
            if account.map(|account| &account.sid) != self.sid_of(used)?.map(|sid| sid.to_string()).as_ref() {
                return Ok(Some("an account has another identifier"));
            }
            let Some(sealed) = account.and_then(marker::Marked::sealed) else {
                return Ok(Some("a password is missing"));
            };
            if can_open && !matches!(Secret::unseal(self.machine, used.name(), &sealed), Ok(Some(_))) {
                return Ok(Some("a password cannot be opened"));
            }
        }
        Ok(None)
    }
}

/// The primary group says nothing, and the system adds what a file inherits to none of ours.
fn is_same(found: &Descriptor, wanted: &Descriptor) -> bool {
    Descriptor { group: wanted.group.clone(), label: None, ..found.clone() } == *wanted
}
