//! What setup needs of a machine, in words of Windows but without it.

use std::collections::BTreeSet;

use pinfold_acl::{Descriptor, Sid};
use pinfold_plan::windows::accounts::AccountFlags;
use pinfold_plan::windows::filters::{Filter, Key};
use pinfold_plan::windows::firewall::Rule;
use thiserror::Error;

use crate::password::Secret;

/// A function of the system that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{call} failed with {code:#x}")]
pub struct Fault {
    /// Its name.
    pub call: &'static str,
    /// What it gave back: an error of Windows, a status of the network functions or an `HRESULT`.
    pub code: u32,
}

impl Fault {
    /// `ERROR_ACCESS_DENIED`.
    const ACCESS_DENIED: u32 = 5;
    /// The same as an `HRESULT`.
    const E_ACCESSDENIED: u32 = 0x8007_0005;

    /// Whether the caller lacks the rights.
    pub fn is_denied(&self) -> bool {
        matches!(self.code, Self::ACCESS_DENIED | Self::E_ACCESSDENIED)
    }
}

/// An account that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFound {
    /// Its identifier.
    pub sid: Sid,
    /// What an administrator wrote about it.
    pub comment: String,
    /// How it can be used.
    pub flags: AccountFlags,
}

/// A local group that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFound {
    /// Its identifier.
    pub sid: Sid,
    /// What an administrator wrote about it.
    pub comment: String,
}

/// Accounts, groups and their rights.
pub trait Accounts {
    /// Whether the machine has accounts of its own: on a domain controller all are the domain's.
    fn has_own_accounts(&self) -> Result<bool, Fault>;

    /// The local account of a name.
    fn account(&self, name: &str) -> Result<Option<AccountFound>, Fault>;
    /// Makes an account that is not there.
    fn make_account(&mut self, name: &str, comment: &str, flags: AccountFlags, password: &Secret) -> Result<(), Fault>;
    /// Sets how an account can be used.
    fn set_flags(&mut self, name: &str, flags: AccountFlags) -> Result<(), Fault>;
    /// Gives an account another password.
    fn set_password(&mut self, name: &str, password: &Secret) -> Result<(), Fault>;
    /// Removes an account. What names its identifier elsewhere may stay.
    fn remove_account(&mut self, name: &str) -> Result<(), Fault>;

    /// The local group of a name.
    fn group(&self, name: &str) -> Result<Option<GroupFound>, Fault>;
    /// Makes a group that is not there.
    fn make_group(&mut self, name: &str, comment: &str) -> Result<(), Fault>;
    /// Removes a group.
    fn remove_group(&mut self, name: &str) -> Result<(), Fault>;
    /// Whether somebody, who may be gone, is in a group; nobody is in one that is not there.
    fn is_member(&self, group: &Sid, member: &Sid) -> Result<bool, Fault>;
    /// Puts somebody into a group.
    fn add_member(&mut self, group: &Sid, member: &Sid) -> Result<(), Fault>;
    /// Takes somebody, who may be gone, out of a group.
    fn remove_member(&mut self, group: &Sid, member: &Sid) -> Result<(), Fault>;

    /// What whoever has an identifier is called; `None` when there is nobody any more.
    fn name_of(&self, who: &Sid) -> Result<Option<String>, Fault>;
    /// What somebody, who may be gone, was given and denied by name.
    fn rights(&self, who: &Sid) -> Result<BTreeSet<String>, Fault>;
    /// Gives a right, or a denial.
    fn grant_right(&mut self, who: &Sid, right: &str) -> Result<(), Fault>;
    /// Takes it back.
    fn revoke_right(&mut self, who: &Sid, right: &str) -> Result<(), Fault>;

    /// Whether the logon screen does not show an account.
    fn is_hidden(&self, name: &str) -> Result<bool, Fault>;
    /// Hides an account.
    fn hide(&mut self, name: &str) -> Result<(), Fault>;
    /// Undoes it, with the keys of the registry in which nothing else is.
    fn unhide(&mut self, name: &str) -> Result<(), Fault>;

    /// Whether a process runs under an account.
    fn is_in_use(&self, who: &Sid) -> Result<bool, Fault>;
    /// Whether there is a directory with what somebody, who may be gone, has stored.
    fn has_profile(&self, who: &Sid) -> Result<bool, Fault>;
    /// Removes it.
    fn remove_profile(&mut self, who: &Sid) -> Result<(), Fault>;
}

/// Whether rules that are made on this machine take effect (`INetFwPolicy2::get_LocalPolicyModifyState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalRules {
    /// They do (`NET_FW_MODIFY_STATE_OK`).
    Count,
    /// They do, and besides nothing comes in whatever rules say (`NET_FW_MODIFY_STATE_INBOUND_BLOCKED`).
    CountOutward,
    /// A group policy wins over them (`NET_FW_MODIFY_STATE_GP_OVERRIDE`).
    Overridden,
    /// In some of the networks that the machine is in.
    Partly,
    /// The system's answer is not known here.
    Unknown(i32),
}

/// What the firewall does with rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirewallPolicy {
    /// Those of this machine.
    pub local_rules: LocalRules,
    /// Profiles (`domain`, `private`, `public`) in which it is off.
    pub off: Vec<&'static str>,
}

/// A rule that has a name or the grouping of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFound {
    /// Its name.
    pub name: String,
    /// Its grouping.
    pub grouping: String,
    /// What it says, if it is enabled, blocks in all profiles, and says nothing more than one of ours could.
    pub rule: Option<Rule>,
}

/// A filter of our provider or in our sublayer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterFound {
    /// Its key.
    pub key: Key,
    /// What it says, if it says nothing more than one of ours could.
    pub filter: Option<Filter>,
}

/// What is there of ours in the filtering platform.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FiltersFound {
    /// The provider.
    pub provider: bool,
    /// The sublayer.
    pub sublayer: bool,
    /// All filters of either.
    pub filters: Vec<FilterFound>,
}

/// The firewall and the filtering platform.
pub trait Network {
    /// What the firewall does with rules.
    fn policy(&self) -> Result<FirewallPolicy, Fault>;
    /// All rules with the grouping of ours or one of some names.
    fn rules(&self, names: &[&str]) -> Result<Vec<RuleFound>, Fault>;
    /// Adds a rule, whether one of this name is there or not.
    fn add_rule(&mut self, rule: &Rule) -> Result<(), Fault>;
    /// Removes a rule of this name; of several one.
    fn remove_rule(&mut self, name: &str) -> Result<(), Fault>;

    /// What is there of ours in the filtering platform.
    fn filters(&self) -> Result<FiltersFound, Fault>;
    /// Puts provider, sublayer and filters in the place of whatever is there of ours: all at once or not at all.
    fn replace_filters(&mut self, filters: &[Filter]) -> Result<(), Fault>;
    /// Removes all that is there of ours, all at once or not at all.
    fn remove_filters(&mut self) -> Result<(), Fault>;
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory that leads nowhere else.
    Directory,
    /// A file with one name.
    File,
    /// A link, a file with several names, or something else.
    Other,
}

/// What is at a path, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFound {
    /// What it is.
    pub kind: EntryKind,
    /// Who may do what to it.
    pub descriptor: Descriptor,
}

/// Who can open what is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The user who sealed it.
    User,
    /// Everybody on this machine who can read it (`CRYPTPROTECT_LOCAL_MACHINE`).
    Machine,
}

/// Files, secrets, and who asks.
pub trait Keep {
    /// Whether this process has the rights of an administrator.
    fn is_elevated(&self) -> Result<bool, Fault>;
    /// The user of this process.
    fn user(&self) -> Result<Sid, Fault>;

    /// What is at a path, without following it.
    fn entry(&self, path: &str) -> Result<Option<EntryFound>, Fault>;
    /// Makes a directory that has this descriptor from the start, or gives it to the one that is there.
    fn make_directory(&mut self, path: &str, descriptor: &Descriptor) -> Result<(), Fault>;
    /// Removes a directory if nothing is in it, and tells whether it is gone.
    fn remove_directory(&mut self, path: &str) -> Result<bool, Fault>;
    /// Puts a file with this descriptor in the place of whatever is there, on the disk as a whole or not at all. Broken off,
    /// it may leave another file, which the next [`Self::write_private_file`] replaces and [`Self::remove_file`] removes.
    fn write_private_file(&mut self, path: &str, descriptor: &Descriptor, content: &[u8]) -> Result<(), Fault>;
    /// The content of a file, up to a length of some kilobytes.
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Fault>;
    /// Removes a file, and what a broken-off write left of it, if they are there.
    fn remove_file(&mut self, path: &str) -> Result<(), Fault>;

    /// Encrypts a secret with a key that the system keeps.
    fn seal(&self, secret: &Secret, scope: Scope) -> Result<Vec<u8>, Fault>;
    /// Opens what was sealed.
    fn unseal(&self, sealed: &[u8]) -> Result<Secret, Fault>;
    /// Fills some bytes with what nobody can guess.
    fn random(&self, bytes: &mut [u8]) -> Result<(), Fault>;
    /// Seconds since 1970.
    fn now(&self) -> u64;
}

/// All of it.
pub trait Machine: Accounts + Network + Keep {}

impl<M: Accounts + Network + Keep> Machine for M {}
