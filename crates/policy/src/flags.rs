//! Flags of one run, checked as strictly as a policy file.

use crate::amount::Amount;
use crate::check;
use crate::document::PolicyFile;
use crate::limits::LimitName;
use crate::network::{self, HostText, NetworkMode};
use crate::origin::{Entry, Position};
use crate::sets::Use;
use crate::text::{Complaint, plain, quoted, unknown};

/// What a flag sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setting {
    /// `profile`
    Profile,
    /// `files.read`
    Read,
    /// `files.write`
    Write,
    /// `files.copy-on-write`
    CopyOnWrite,
    /// `files.deny`
    Deny,
    /// `files.mask`
    Mask,
    /// `files.protect`
    Protect,
    /// `files.stage`, as `true` or `false`
    Stage,
    /// `files.undo`, likewise
    Undo,
    /// `network.mode`
    Network,
    /// `network.allow`; where the files have no network, it also makes `network.mode` to be `rules`
    AllowHost,
    /// `network.publish`; like `network.allow`
    Publish,
    /// `network.host-ports`; like `network.allow`
    HostPort,
    /// Nothing of a file: the user answers for hosts that no rule names; like `network.allow` it means rules
    Ask,
    /// `env.allow`
    EnvAllow,
    /// `env.deny`
    EnvDeny,
    /// `env.set`, as `NAME=VALUE`
    EnvSet,
    /// `process.nested-namespaces`, as `true` or `false`
    NestedNamespaces,
    /// An entry of `limits`
    Limit(LimitName),
}

/// A flag whose value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", plain(.flag))]
pub struct FlagError {
    /// The flag as the user typed it.
    pub flag: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

impl PolicyFile {
    /// Adds what a flag says; `flag` is how the user typed it, such as `--write ./x`.
    ///
    /// Relative paths are below the workspace, as in a file.
    ///
    /// # Errors
    /// When the value is not one that a policy file could hold.
    pub fn add_flag(&mut self, setting: Setting, value: &str, flag: &str) -> Result<(), FlagError> {
        let at = Position { flag: Some(flag.to_owned()), ..Position::default() };
        self.apply(setting, value, at).map_err(|complaint| FlagError {
            flag: flag.to_owned(),
            message: complaint.message,
            hint: complaint.hint,
        })
    }

    fn apply(&mut self, setting: Setting, value: &str, at: Position) -> Result<(), Complaint> {
        let files = &mut self.files;
        match setting {
            Setting::Profile => self.profile = Some(Entry { value: check::profile(value)?, at }),
            Setting::Read => push(&mut files.read, check::path(value, Use::Read)?, at),
            Setting::Write => push(&mut files.write, check::path(value, Use::Write)?, at),
            Setting::CopyOnWrite => push(&mut files.copy_on_write, check::path(value, Use::CopyOnWrite)?, at),
            Setting::Deny => files.deny.push(Entry { value: check::deny(value)?, at }),
            Setting::Mask => files.mask.push(Entry { value: check::mask(value)?, at }),
            Setting::Stage => files.stage = Some(Entry { value: truth(value)?, at }),
            Setting::Undo => files.undo = Some(Entry { value: truth(value)?, at }),
            Setting::Protect => files.protect.push(Entry { value: check::protect(value)?, at }),
            Setting::Network => self.network.mode = Some(Entry { value: mode(value)?, at }),
            Setting::AllowHost => push(&mut self.network.allow, HostText::parse(value)?, at),
            Setting::Publish => push(&mut self.network.publish, port(value)?, at),
            Setting::HostPort => push(&mut self.network.host_ports, port(value)?, at),
            Setting::Ask => self.network.ask = Some(at),
            Setting::EnvAllow => push(&mut self.env.allow, check::env_pattern(value)?, at),
            Setting::EnvDeny => self.env.deny.push(Entry { value: check::env_pattern(value)?, at }),
            Setting::EnvSet => {
                let (name, value) = name_and_value(value)?;
                self.env.set.insert(name.to_owned(), Entry { value: check::env_value(name, value)?, at });
            }
            Setting::NestedNamespaces => self.nested_namespaces = Some(Entry { value: truth(value)?, at }),
            Setting::Limit(name) => {
                let value = Amount::from_flag(value).read(name.unit())?;
                self.limits.insert(name, Entry { value, at });
            }
        }
        Ok(())
    }
}

fn push<T>(list: &mut Option<Vec<Entry<T>>>, value: T, at: Position) {
    list.get_or_insert_default().push(Entry { value, at });
}

fn mode(value: &str) -> Result<NetworkMode, Complaint> {
    let known = ["off", "rules", "full"];
    NetworkMode::named(value).ok_or_else(|| unknown("value", value, &known, "expected `off`, `rules` or `full`"))
}

fn port(value: &str) -> Result<u16, Complaint> {
    network::port(value.parse().unwrap_or_default())
}

fn truth(value: &str) -> Result<bool, Complaint> {
    let wrong = |_| unknown("value", value, &["true", "false"], "expected `true` or `false`");
    value.parse().map_err(wrong)
}

fn name_and_value(text: &str) -> Result<(&str, &str), Complaint> {
    text.split_once('=').ok_or_else(|| Complaint::new(format!("{} has no `=`", quoted(text)), "write NAME=VALUE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_checked_like_a_file() {
        let mut flags = PolicyFile::default();
        flags.add_flag(Setting::Write, "./x", "--write ./x").expect("a path");
        flags.add_flag(Setting::Limit(LimitName::Memory), "4GiB", "--memory 4GiB").expect("a size");
        flags.add_flag(Setting::EnvSet, "A=b=c", "--env A=b=c").expect("a pair");
        assert_eq!(flags.env.set["A"].value, "b=c");
        assert_eq!(flags.limits[&LimitName::Memory].value, Some(4 << 30));

        let error = flags.add_flag(Setting::Read, "../x", "--read ../x").expect_err("goes up");
        assert_eq!(error.to_string(), "--read ../x: `../x` contains `..`");
        assert!(flags.add_flag(Setting::Network, "maybe", "--network maybe").is_err());
        assert!(flags.add_flag(Setting::EnvSet, "A", "--env A").is_err());
    }

    #[test]
    fn plain_numbers_are_bytes_and_counts() {
        let mut flags = PolicyFile::default();
        flags.add_flag(Setting::Limit(LimitName::Processes), "9", "--processes 9").expect("a count");
        flags.add_flag(Setting::Limit(LimitName::Temp), "4096", "--temp 4096").expect("bytes");
        assert!(flags.add_flag(Setting::Limit(LimitName::WallTime), "9", "--wall-time 9").is_err());
    }
}
