//! A Windows in memory that notes every call, can fail at any of them, and watches what must never be.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use pinfold_acl::{Acl, Descriptor, Sid};
use pinfold_plan::windows::accounts::{AccountFlags, MADE_BY, Use};
use pinfold_plan::windows::filters::{Filter, filters};
use pinfold_plan::windows::firewall::{GROUPING, Rule, rules};
use pinfold_setup::{
    AccountFound, Accounts, EntryFound, EntryKind, Fault, FilterFound, FiltersFound, FirewallPolicy, GroupFound, Keep,
    LocalRules, Network, RuleFound, Scope, Secret,
};

/// Everything that there is on the machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct World {
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) groups: BTreeMap<String, GroupFound>,
    /// Group and member.
    pub(crate) members: BTreeSet<(Sid, Sid)>,
    pub(crate) rights: BTreeMap<Sid, BTreeSet<String>>,
    pub(crate) hidden: BTreeSet<String>,
    pub(crate) profiles: BTreeSet<Sid>,
    pub(crate) rules: Vec<RuleFound>,
    pub(crate) filters: FiltersFound,
    pub(crate) entries: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Account {
    pub(crate) found: AccountFound,
    pub(crate) password: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) found: EntryFound,
    pub(crate) content: Vec<u8>,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Failure {
    /// Before it does anything.
    Before,
    /// After it has done everything.
    After,
    /// The process ends before it does anything: nothing else is done either.
    Death,
}

type Planned = (Vec<Rule>, Vec<Filter>);

pub(crate) struct Recorded {
    pub(crate) world: World,
    pub(crate) user: Sid,
    pub(crate) elevated: bool,
    /// A domain controller has none.
    pub(crate) own_accounts: bool,
    /// Under whom a process runs.
    pub(crate) in_use: BTreeSet<Sid>,
    pub(crate) policy: FirewallPolicy,
    /// Calls that begin so say that they were done, and do nothing.
    pub(crate) ignored: Option<&'static str>,
    /// The call that fails, from 0, and how.
    pub(crate) failing: Option<(usize, Failure)>,
    pub(crate) calls: Cell<usize>,
    /// Calls that change something.
    pub(crate) log: RefCell<Vec<String>>,
    /// Those of the process before.
    pub(crate) log_of_last: Vec<String>,
    /// The port that the rules were meant for last.
    pub(crate) gate_port: Option<u16>,
    /// What was planned before, as planning again takes its time.
    planned: RefCell<BTreeMap<(Sid, Option<u16>), Planned>>,
    /// The process before this one ended before it was done.
    pub(crate) died: bool,
    dead: Cell<bool>,
    random: Cell<u64>,
    next: u32,
}

pub(crate) const DIRECTORY: &str = r"C:\ProgramData\PinfoldSandbox";
pub(crate) const MARKER: &str = r"C:\ProgramData\PinfoldSandbox\setup.json";

pub(crate) fn sid(number: u32) -> Sid {
    Sid::new(5, &[21, 1, 2, 3, number]).expect("an identifier")
}

/// The system's answer, whatever the question was.
const FAILED: Fault = Fault { call: "Recorded", code: 31 };

impl Recorded {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world,
            user: sid(1001),
            elevated: true,
            own_accounts: true,
            in_use: BTreeSet::new(),
            policy: FirewallPolicy { local_rules: LocalRules::Count, off: Vec::new() },
            ignored: None,
            failing: None,
            calls: Cell::new(0),
            log: RefCell::default(),
            log_of_last: Vec::new(),
            gate_port: None,
            planned: RefCell::default(),
            died: false,
            dead: Cell::new(false),
            random: Cell::new(1),
            next: 1004,
        }
    }

    /// The next process on the same machine.
    pub(crate) fn restarted(mut self) -> Self {
        self.failing = None;
        self.calls.set(0);
        self.died = self.dead.replace(false);
        self.log_of_last = self.log.take();
        self
    }

    pub(crate) fn failing(mut self, at: usize, how: Failure) -> Self {
        self.failing = Some((at, how));
        self.calls.set(0);
        self
    }

    pub(crate) fn skip_identifiers(&mut self, number: u32) {
        self.next += number;
    }

    fn new_sid(&mut self) -> Sid {
        self.next += 1;
        sid(self.next)
    }

    /// One more call; whether it fails before or after its effect.
    fn call(&self) -> Result<Option<Failure>, Fault> {
        let number = self.calls.replace(self.calls.get() + 1);
        let failure = self.failing.filter(|(at, _)| *at == number).map(|(_, how)| how);
        if failure == Some(Failure::Death) {
            self.dead.set(true);
        }
        if self.dead.get() || failure == Some(Failure::Before) { Err(FAILED) } else { Ok(failure) }
    }

    fn ask<T>(&self, answer: impl FnOnce(&World) -> T) -> Result<T, Fault> {
        match self.call()? {
            Some(_) => Err(FAILED),
            None => Ok(answer(&self.world)),
        }
    }

    fn change<T: Default>(
        &mut self,
        name: String,
        effect: impl FnOnce(&mut World) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let failure = self.call()?;
        self.log.borrow_mut().push(name.clone());
        if self.ignored.is_some_and(|ignored| name.starts_with(ignored)) {
            return Ok(T::default());
        }
        let before = (self.is_open(), self.claims_too_much());
        let done = effect(&mut self.world);
        assert!(before.0 || !self.is_open(), "{name}: the offline account can be used without its rules");
        assert!(before.1 || !self.claims_too_much(), "{name}: the marker says finished before it is true");
        self.assert_no_password_is_readable(&name);
        if failure.is_some() { Err(FAILED) } else { done }
    }

    /// Somebody can log on to the offline account of ours, and a rule or a filter is not as it should be.
    fn is_open(&self) -> bool {
        let Some(account) = self.world.accounts.get(Use::Offline.name()) else { return false };
        let found = &account.found;
        found.comment == MADE_BY && !found.flags.is_disabled() && !self.network_is_closed(&found.sid)
    }

    fn network_is_closed(&self, offline: &Sid) -> bool {
        let mut planned = self.planned.borrow_mut();
        let key = (offline.clone(), self.gate_port);
        let (rules, filters) =
            planned.entry(key).or_insert_with(|| (rules(offline, self.gate_port), filters(offline, self.gate_port)));
        let has_rule = |rule: &Rule| self.world.rules.iter().any(|found| found.rule.as_ref() == Some(rule));
        let there = &self.world.filters.filters;
        let has_filter = |filter: &Filter| there.iter().any(|found| found.filter.as_ref() == Some(filter));
        rules.iter().all(has_rule) && filters.iter().all(has_filter)
    }

    /// A marker that is believed says finished, and an account cannot be used or is not held.
    fn claims_too_much(&self) -> bool {
        let entry = |path: &str| {
            let entry = self.world.entries.get(path);
            entry.filter(|entry| entry.found.descriptor.is_administrators() && entry.found.kind != EntryKind::Other)
        };
        let is_finished = |entry: &Entry| String::from_utf8_lossy(&entry.content).contains("\"finished\": true");
        let finished = entry(DIRECTORY).is_some() && entry(MARKER).is_some_and(is_finished);
        let ready = |used: Use| {
            let account = self.world.accounts.get(used.name());
            account.is_some_and(|account| account.found.flags == AccountFlags::READY)
        };
        let offline = self.world.accounts.get(Use::Offline.name()).map(|account| account.found.sid.clone());
        finished
            && !(Use::ALL.iter().all(|used| ready(*used)) && offline.is_some_and(|sid| self.network_is_closed(&sid)))
    }

    fn assert_no_password_is_readable(&self, name: &str) {
        for (path, entry) in &self.world.entries {
            for account in self.world.accounts.values() {
                let content = String::from_utf8_lossy(&entry.content);
                assert!(!content.contains(&account.password), "{name}: {path} tells a password");
            }
        }
    }
}

/// What only administrators may look at.
const DENIED: Fault = Fault { call: "Recorded", code: 5 };

impl Accounts for Recorded {
    fn has_own_accounts(&self) -> Result<bool, Fault> {
        self.ask(|_| self.own_accounts)
    }

    fn is_in_use(&self, who: &Sid) -> Result<bool, Fault> {
        self.ask(|_| self.in_use.contains(who))
    }

    fn account(&self, name: &str) -> Result<Option<AccountFound>, Fault> {
        self.ask(|world| world.accounts.get(name).map(|account| account.found.clone()))
    }

    fn make_account(&mut self, name: &str, comment: &str, flags: AccountFlags, password: &Secret) -> Result<(), Fault> {
        assert!(password.expose().len() >= 24);
        let found = AccountFound { sid: self.new_sid(), comment: comment.into(), flags };
        self.change(format!("make_account {name}"), |world| {
            let old = world.accounts.insert(name.into(), Account { found, password: password.expose().into() });
            assert!(old.is_none(), "{name} is there");
            Ok(())
        })
    }

    fn set_flags(&mut self, name: &str, flags: AccountFlags) -> Result<(), Fault> {
        self.change(format!("set_flags {name} {:#x}", flags.0), |world| {
            world.accounts.get_mut(name).ok_or(FAILED)?.found.flags = flags;
            Ok(())
        })
    }

    fn set_password(&mut self, name: &str, password: &Secret) -> Result<(), Fault> {
        self.change(format!("set_password {name}"), |world| {
            world.accounts.get_mut(name).ok_or(FAILED)?.password = password.expose().into();
            Ok(())
        })
    }

    /// Members, rights and profiles stay, as it is worst.
    fn remove_account(&mut self, name: &str) -> Result<(), Fault> {
        self.change(format!("remove_account {name}"), |world| world.accounts.remove(name).map(|_| ()).ok_or(FAILED))
    }

    fn group(&self, name: &str) -> Result<Option<GroupFound>, Fault> {
        self.ask(|world| world.groups.get(name).cloned())
    }

    fn make_group(&mut self, name: &str, comment: &str) -> Result<(), Fault> {
        let found = GroupFound { sid: self.new_sid(), comment: comment.into() };
        self.change(format!("make_group {name}"), |world| {
            assert!(world.groups.insert(name.into(), found).is_none(), "{name} is there");
            Ok(())
        })
    }

    /// The list of members goes with it, its rights stay.
    fn remove_group(&mut self, name: &str) -> Result<(), Fault> {
        self.change(format!("remove_group {name}"), |world| {
            let GroupFound { sid, .. } = world.groups.remove(name).ok_or(FAILED)?;
            world.members.retain(|(group, _)| *group != sid);
            Ok(())
        })
    }

    fn is_member(&self, group: &Sid, member: &Sid) -> Result<bool, Fault> {
        self.ask(|world| world.members.contains(&(group.clone(), member.clone())))
    }

    fn add_member(&mut self, group: &Sid, member: &Sid) -> Result<(), Fault> {
        self.change(format!("add_member {group} {member}"), |world| {
            world.members.insert((group.clone(), member.clone()));
            Ok(())
        })
    }

    fn remove_member(&mut self, group: &Sid, member: &Sid) -> Result<(), Fault> {
        self.change(format!("remove_member {group} {member}"), |world| {
            world.members.remove(&(group.clone(), member.clone()));
            Ok(())
        })
    }

    fn name_of(&self, who: &Sid) -> Result<Option<String>, Fault> {
        self.ask(|world| {
            let accounts = world.accounts.iter().map(|(name, account)| (name, &account.found.sid));
            let mut all = accounts.chain(world.groups.iter().map(|(name, found)| (name, &found.sid)));
            all.find(|(_, sid)| *sid == who).map(|(name, _)| name.clone())
        })
    }

    fn rights(&self, who: &Sid) -> Result<BTreeSet<String>, Fault> {
        if !self.elevated {
            return Err(DENIED);
        }
        self.ask(|world| world.rights.get(who).cloned().unwrap_or_default())
    }

    fn grant_right(&mut self, who: &Sid, right: &str) -> Result<(), Fault> {
        self.change(format!("grant_right {right}"), |world| {
            world.rights.entry(who.clone()).or_default().insert(right.into());
            Ok(())
        })
    }

    fn revoke_right(&mut self, who: &Sid, right: &str) -> Result<(), Fault> {
        self.change(format!("revoke_right {right}"), |world| {
            let rights = world.rights.get_mut(who).ok_or(FAILED)?;
            rights.remove(right);
            if rights.is_empty() {
                world.rights.remove(who);
            }
            Ok(())
        })
    }

    fn is_hidden(&self, name: &str) -> Result<bool, Fault> {
        self.ask(|world| world.hidden.contains(name))
    }

    fn hide(&mut self, name: &str) -> Result<(), Fault> {
        self.change(format!("hide {name}"), |world| {
            world.hidden.insert(name.into());
            Ok(())
        })
    }

    fn unhide(&mut self, name: &str) -> Result<(), Fault> {
        self.change(format!("unhide {name}"), |world| {
            world.hidden.remove(name);
            Ok(())
        })
    }

    fn has_profile(&self, who: &Sid) -> Result<bool, Fault> {
        self.ask(|world| world.profiles.contains(who))
    }

    fn remove_profile(&mut self, who: &Sid) -> Result<(), Fault> {
        self.change(format!("remove_profile {who}"), |world| {
            world.profiles.remove(who);
            Ok(())
        })
    }
}

impl Network for Recorded {
    fn policy(&self) -> Result<FirewallPolicy, Fault> {
        let policy = self.policy.clone();
        self.ask(|_| policy)
    }

    fn rules(&self, names: &[&str]) -> Result<Vec<RuleFound>, Fault> {
        let is_asked = |rule: &&RuleFound| rule.grouping == GROUPING || names.contains(&rule.name.as_str());
        self.ask(|world| world.rules.iter().filter(is_asked).cloned().collect())
    }

    fn add_rule(&mut self, rule: &Rule) -> Result<(), Fault> {
        self.change(format!("add_rule {}", rule.name), |world| {
            let found = RuleFound { name: rule.name.clone(), grouping: GROUPING.into(), rule: Some(rule.clone()) };
            world.rules.push(found);
            Ok(())
        })
    }

    fn remove_rule(&mut self, name: &str) -> Result<(), Fault> {
        self.change(format!("remove_rule {name}"), |world| {
            let place = world.rules.iter().position(|rule| rule.name == name).ok_or(FAILED)?;
            world.rules.remove(place);
            Ok(())
        })
    }

    fn filters(&self) -> Result<FiltersFound, Fault> {
        if !self.elevated {
            return Err(DENIED);
        }
        self.ask(|world| world.filters.clone())
    }

    fn replace_filters(&mut self, filters: &[Filter]) -> Result<(), Fault> {
        let found = |filter: &Filter| FilterFound { key: filter.key, filter: Some(filter.clone()) };
        let filters = filters.iter().map(found).collect();
        self.change("replace_filters".into(), |world| {
            world.filters = FiltersFound { provider: true, sublayer: true, filters };
            Ok(())
        })
    }

    fn remove_filters(&mut self) -> Result<(), Fault> {
        self.change("remove_filters".into(), |world| {
            world.filters = FiltersFound::default();
            Ok(())
        })
    }
}

/// What a broken-off write leaves.
fn beside(path: &str) -> String {
    format!("{path}.new")
}

impl Keep for Recorded {
    fn is_elevated(&self) -> Result<bool, Fault> {
        self.ask(|_| self.elevated)
    }

    fn user(&self) -> Result<Sid, Fault> {
        self.ask(|_| self.user.clone())
    }

    fn entry(&self, path: &str) -> Result<Option<EntryFound>, Fault> {
        self.ask(|world| world.entries.get(path).map(|entry| entry.found.clone()))
    }

    fn make_directory(&mut self, path: &str, descriptor: &Descriptor) -> Result<(), Fault> {
        self.change(format!("make_directory {path}"), |world| {
            let found = EntryFound { kind: EntryKind::Directory, descriptor: descriptor.clone() };
            world.entries.insert(path.into(), Entry { found, content: Vec::new() });
            Ok(())
        })
    }

    fn remove_directory(&mut self, path: &str) -> Result<bool, Fault> {
        self.change(format!("remove_directory {path}"), |world| {
            let below = format!(r"{path}\");
            if world.entries.keys().any(|other| other.starts_with(&below)) {
                return Ok(false);
            }
            world.entries.remove(path);
            Ok(true)
        })
    }

    fn write_private_file(&mut self, path: &str, descriptor: &Descriptor, content: &[u8]) -> Result<(), Fault> {
        let found = EntryFound { kind: EntryKind::File, descriptor: descriptor.clone() };
        let entry = Entry { found, content: content.to_vec() };
        // In two steps, between which it can break off.
        let (new, other) = (entry.clone(), beside(path));
        self.change(format!("write {other}"), |world| {
            let (directory, _) = path.rsplit_once('\\').ok_or(FAILED)?;
            world.entries.get(directory).ok_or(FAILED)?;
            world.entries.insert(other, new);
            Ok(())
        })?;
        self.change(format!("write {path}"), |world| {
            world.entries.remove(&beside(path));
            world.entries.insert(path.into(), entry);
            Ok(())
        })
    }

    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.ask(|world| world.entries.get(path).map(|entry| entry.content.clone()))
    }

    fn remove_file(&mut self, path: &str) -> Result<(), Fault> {
        self.change(format!("remove_file {path}"), |world| {
            world.entries.remove(path);
            world.entries.remove(&beside(path));
            Ok(())
        })
    }

    fn seal(&self, secret: &Secret, scope: Scope) -> Result<Vec<u8>, Fault> {
        let by = match scope {
            Scope::User => self.user.to_string(),
            Scope::Machine => "machine".into(),
        };
        let sealed = format!("{by}|").into_bytes().into_iter().chain(secret.expose().bytes().map(|byte| byte ^ 0x55));
        self.ask(|_| sealed.collect())
    }

    fn unseal(&self, sealed: &[u8]) -> Result<Secret, Fault> {
        let end = sealed.iter().position(|byte| *byte == b'|').ok_or(FAILED)?;
        let by = String::from_utf8_lossy(&sealed[..end]).into_owned();
        if by != "machine" && by != self.user.to_string() {
            return Err(FAILED);
        }
        let text = sealed[end + 1..].iter().map(|byte| byte ^ 0x55).collect();
        let secret = Secret::new(String::from_utf8(text).map_err(|_| FAILED)?);
        self.ask(|_| secret)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        for byte in bytes {
            let next =
                self.random.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.random.set(next);
            *byte = (next >> 56) as u8;
        }
        self.ask(|_| ())
    }

    fn now(&self) -> u64 {
        1_764_000_000 + self.calls.get() as u64
    }
}

/// Somebody's directory or file.
pub(crate) fn entry_of(owner: Sid, kind: EntryKind) -> Entry {
    let descriptor = Descriptor::new(owner.clone(), owner, Some(Acl::default()));
    Entry { found: EntryFound { kind, descriptor }, content: Vec::new() }
}
