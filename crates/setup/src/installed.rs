//! What a run needs of a finished setup.

use pinfold_acl::Sid;
use pinfold_plan::windows::Accounts;
use pinfold_plan::windows::accounts::Use;

use crate::error::SetupError;
use crate::machine::Keep;
use crate::marker::{self, Marked, Marker};
use crate::password::Secret;
use crate::thing::Thing;

/// A name with its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name on this machine.
    pub name: String,
    /// The identifier.
    pub sid: Sid,
}

/// A finished setup, as its marker tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// Who runs commands under the accounts.
    pub owner: Sid,
    /// The group of both accounts.
    pub group: Named,
    /// The account that reaches nothing but the gate.
    pub offline: Named,
    /// The account for which the network is open.
    pub online: Named,
    /// The port that the rules leave to the gate.
    pub gate_port: Option<u16>,
    /// The version of the program that made it.
    pub program: String,
    /// When, in seconds since 1970.
    pub time: u64,
    sealed: [Vec<u8>; 2],
}

/// The setup of this machine; `None` when there is none.
///
/// The marker alone is read, which only administrators can write: [`crate::check`] tells whether all is still there.
///
/// # Errors
/// When the marker is unfinished, damaged, or of another format.
pub fn installed(machine: &impl Keep, directory: &str) -> Result<Option<Setup>, SetupError> {
    let content = marker::read(machine, directory).map_err(SetupError::at(Thing::Marker))?;
    content.map(|content| Setup::parse(&content)).transpose()
}

fn setup(marker: &Marker) -> Option<Setup> {
    let named = |marked: &Marked| Some(Named { name: marked.name.clone(), sid: marked.sid.parse().ok()? });
    let account = |used| marker.account(used);
    Some(Setup {
        owner: marker.owner.parse().ok()?,
        group: named(marker.group.as_ref()?)?,
        offline: named(account(Use::Offline)?)?,
        online: named(account(Use::Online)?)?,
        gate_port: marker.gate_port,
        program: marker.program.clone(),
        time: marker.time,
        sealed: [account(Use::Offline)?.sealed()?, account(Use::Online)?.sealed()?],
    })
}

impl Setup {
    /// From the content of a marker; whoever has it answers for who wrote it.
    ///
    /// # Errors
    /// When it is unfinished, damaged, or of another format.
    pub fn parse(content: &[u8]) -> Result<Self, SetupError> {
        let marker = Marker::parse(content).map_err(SetupError::Marker)?;
        if !marker.finished {
            return Err(SetupError::Unfinished("it was interrupted".into()));
        }
        setup(&marker).ok_or_else(|| SetupError::Marker("a name or an identifier is missing".into()))
    }

    /// The same as a plan wants it.
    pub fn accounts(&self) -> Accounts {
        Accounts {
            group: self.group.sid.clone(),
            offline: self.offline.sid.clone(),
            online: self.online.sid.clone(),
            gate_port: self.gate_port,
        }
    }

    /// The account for a use.
    pub fn account(&self, used: Use) -> &Named {
        match used {
            Use::Offline => &self.offline,
            Use::Online => &self.online,
        }
    }

    /// The password of an account, for `CreateProcessWithLogonW`.
    ///
    /// # Errors
    /// When this user cannot open it.
    pub fn password(&self, machine: &impl Keep, used: Use) -> Result<Secret, SetupError> {
        let [offline, online] = &self.sealed;
        let sealed = match used {
            Use::Offline => offline,
            Use::Online => online,
        };
        let name = used.name();
        let opened = Secret::unseal(machine, name, sealed).ok().flatten();
        opened.ok_or_else(|| SetupError::Sealed { name: name.into() })
    }
}
