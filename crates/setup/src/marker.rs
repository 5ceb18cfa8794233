//! The file that tells what was set up, and whether it was finished.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pinfold_acl::Sid;
use pinfold_plan::windows::accounts::{GROUP, Use};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::believed::is_administrators;
use crate::machine::{Fault, Keep};
use crate::wanted::marker_path;

/// The version of the marker, raised whenever today's program would read it wrongly.
pub(crate) const FORMAT: u32 = 1;
/// How accounts, groups and files of every version are named.
pub(crate) const OUR_NAMES: &str = "Pinfold";

/// What this version writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Marker {
    pub(crate) format: u32,
    /// Without it, something was begun and may be in any state.
    pub(crate) finished: bool,
    /// The version of the program.
    pub(crate) program: String,
    /// Seconds since 1970.
    pub(crate) time: u64,
    /// Who runs commands under the accounts.
    pub(crate) owner: String,
    pub(crate) gate_port: Option<u16>,
    pub(crate) group: Option<Marked>,
    pub(crate) accounts: Vec<Marked>,
    /// Identifiers of accounts and groups that are gone, of which something may be left.
    pub(crate) former: Vec<String>,
}

/// A name with its identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Marked {
    pub(crate) name: String,
    pub(crate) sid: String,
    /// The password, sealed, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sealed: Option<String>,
}

impl Marked {
    pub(crate) fn new(name: &str, sid: &Sid) -> Self {
        Self { name: name.into(), sid: sid.to_string(), sealed: None }
    }

    pub(crate) fn with_sealed(self, sealed: &[u8]) -> Self {
        Self { sealed: Some(STANDARD.encode(sealed)), ..self }
    }

    pub(crate) fn sealed(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.sealed.as_ref()?).ok()
    }
}

impl Marker {
    /// From the content of the file.
    pub(crate) fn parse(content: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(content).map_err(|error| error.to_string())?;
        match value.get("format").and_then(Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {
                serde_json::from_value(value).map_err(|error| error.to_string())
            }
            Some(format) => Err(format!("its format is {format}; this version reads {FORMAT}")),
            None => Err("it has no format".into()),
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("texts and numbers become JSON");
        bytes.push(b'\n');
        bytes
    }

    pub(crate) fn account(&self, used: Use) -> Option<&Marked> {
        self.accounts.iter().find(|account| account.name == used.name())
    }
}

/// A marker of any version that is not finished any more; `None` when it says nothing of that.
pub(crate) fn unfinished(content: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(content).ok()?;
    *value.get_mut("finished")? = Value::Bool(false);
    serde_json::to_vec_pretty(&value).ok()
}

/// Whom a marker of any version, finished or not, names: enough to know what is ours, and to remove it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Accounts, and those that this version makes.
    pub(crate) accounts: BTreeSet<String>,
    /// Groups, likewise.
    pub(crate) groups: BTreeSet<String>,
    /// Identifiers of all of them, of now or then.
    pub(crate) sids: BTreeSet<Sid>,
}

impl Known {
    /// What can be made out, whatever else there is in the file.
    pub(crate) fn of(content: Option<&[u8]>) -> Self {
        let mut known = Self {
            accounts: Use::ALL.map(|used| used.name().to_owned()).into(),
            groups: [GROUP.to_owned()].into(),
            sids: BTreeSet::new(),
        };
        let value: Value = content.and_then(|content| serde_json::from_slice(content).ok()).unwrap_or_default();
        let list = |key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let sid = |text: String| text.parse::<Sid>().ok().filter(is_of_an_account);
        let ours = |name: &String| name.starts_with(OUR_NAMES);
        let (accounts, group) = (list("accounts"), value.get("group").cloned().unwrap_or_default());
        known.accounts.extend(accounts.iter().filter_map(|account| text(account, "name")).filter(ours));
        known.groups.extend(text(&group, "name").filter(ours));
        known.sids.extend(accounts.iter().chain([&group]).filter_map(|each| text(each, "sid")).filter_map(sid));
        let former = list("former");
        known.sids.extend(former.iter().filter_map(Value::as_str).map(str::to_owned).filter_map(sid));
        known
    }

    /// What the marker in a directory tells, if it is one that only administrators could have written.
    pub(crate) fn read(machine: &impl Keep, directory: &str) -> Result<Self, Fault> {
        Ok(Self::of(read(machine, directory)?.as_deref()))
    }
}

/// Made for one machine (`S-1-5-21-…`), and no group of the system's own.
fn is_of_an_account(sid: &Sid) -> bool {
    sid.authority() == 5 && sid.parts().len() == 5 && sid.parts().first() == Some(&21)
}

/// The content of the marker, if only administrators could have written it.
pub(crate) fn read(machine: &impl Keep, directory: &str) -> Result<Option<Vec<u8>>, Fault> {
    let path = marker_path(directory);
    if is_administrators(machine, &path)? { machine.read_file(&path) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What version 0.1 wrote. It stays as it is: whoever has it on the disk is understood by every later version.
    const OLD: &str = r#"{"format":1,"finished":true,"program":"0.1.0","time":1750000000,"owner":"S-1-5-21-1-2-3-1001",
        "gate-port":3128,"group":{"name":"PinfoldSandbox","sid":"S-1-5-21-1-2-3-1004"},
        "accounts":[{"name":"PinfoldOffline","sid":"S-1-5-21-1-2-3-1005","sealed":"AAE="},
                    {"name":"PinfoldOnline","sid":"S-1-5-21-1-2-3-1006","sealed":"AAI="}],"former":[]}"#;

    #[test]
    fn what_was_written_is_read() {
        let marker = Marker::parse(OLD.as_bytes()).unwrap();
        assert_eq!(Marker::parse(&marker.to_bytes()).as_ref(), Ok(&marker));
        assert_eq!(marker.account(Use::Offline).and_then(Marked::sealed), Some(vec![0, 1]));
    }

    #[test]
    fn another_version_is_not_believed_but_says_what_is_ours() {
        let newer =
            OLD.replace("\"format\":1", "\"format\":9,\"more\":[1]").replace("PinfoldOnline", "PinfoldElsewhere");
        assert_eq!(Marker::parse(newer.as_bytes()), Err("its format is 9; this version reads 1".into()));
        let known = Known::of(Some(newer.as_bytes()));
        assert!(known.accounts.contains("PinfoldElsewhere") && known.accounts.contains("PinfoldOnline"));
        assert_eq!(known.sids.len(), 3);
    }

    #[test]
    fn any_version_can_be_made_unfinished() {
        let newer = OLD.replace("\"format\":1", "\"format\":9,\"more\":[1]");
        let unfinished = unfinished(newer.as_bytes()).unwrap();
        assert_eq!(Known::of(Some(&unfinished)), Known::of(Some(newer.as_bytes())));
        let old = super::unfinished(OLD.as_bytes()).unwrap();
        assert!(!Marker::parse(&old).unwrap().finished);
        assert_eq!((super::unfinished(b"{}"), super::unfinished(b"[")), (None, None));
    }

    #[test]
    fn nobody_elses_name_is_taken_from_a_marker() {
        let odd = br#"{"accounts":[{"name":"Administrator","sid":"S-1-5-32-544"},7],"group":"x","former":["S-1-1-0"]}"#;
        assert_eq!(Known::of(Some(odd)), Known::of(None));
        assert_eq!(Known::of(Some(b"\0\0\0")), Known::of(None));
    }
}
