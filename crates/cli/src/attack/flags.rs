//! The flags of a policy, to be passed on.

use std::ffi::{OsStr, OsString};
use std::path::{Path, is_separator};

use crate::args::PolicyFlags;

/// The flags again as arguments, with paths that do not depend on the current directory.
pub(super) fn arguments(flags: &PolicyFlags, directory: &Path) -> Vec<OsString> {
    let mut arguments = Vec::new();
    let mut add = |flag: &str, value: &OsStr| {
        let mut argument = OsString::from(format!("--{flag}="));
        argument.push(value);
        arguments.push(argument);
    };
    if let Some(profile) = &flags.profile {
        add("profile", profile.as_ref());
    }
    if let Some(policy) = &flags.policy {
        add("policy", directory.join(policy).as_os_str());
    }
    let paths = [("read", &flags.read), ("write", &flags.write), ("deny", &flags.deny), ("mask", &flags.mask)];
    for (flag, values) in paths {
        let may_float = matches!(flag, "deny" | "mask");
        values.iter().for_each(|value| add(flag, &absolute(directory, value, may_float)));
    }
    flags.env.iter().for_each(|variable| add("env", variable.as_ref()));
    flags.limit.iter().for_each(|limit| add("limit", limit.as_ref()));
    if let Some(network) = flags.network {
        add("network", network.name().as_ref());
    }
    for (flag, values) in
        [("allow-host", &flags.allow_host), ("publish", &flags.publish), ("host-port", &flags.host_port)]
    {
        values.iter().for_each(|value| add(flag, value.as_ref()));
    }
    arguments
}

/// Sets, paths below the home and globs stay as they are.
fn absolute(directory: &Path, value: &OsStr, may_float: bool) -> OsString {
    let text = value.to_string_lossy();
    let floats = may_float && (!text.contains(is_separator) || text.starts_with("**/") || text.starts_with('!'));
    if text.starts_with('@') || text.starts_with("~/") || floats {
        return value.to_owned();
    }
    directory.join(value).into_os_string()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::args::NetworkFlag;

    #[test]
    fn flags_mean_the_same_in_another_directory() {
        let flags = PolicyFlags {
            profile: Some("read-only".into()),
            policy: Some("mine.toml".into()),
            read: vec!["data".into(), "@system".into(), "~/x".into(), "/abs".into()],
            deny: vec!["*.key".into(), "sub/secret".into()],
            mask: vec![".env".into(), "sub/.env".into()],
            limit: vec!["memory=1GiB".into()],
            network: Some(NetworkFlag::Rules),
            allow_host: vec!["@npm".into()],
            ..PolicyFlags::default()
        };
        let expected = [
            "--profile=read-only",
            "--policy=/here/mine.toml",
            "--read=/here/data",
            "--read=@system",
            "--read=~/x",
            "--read=/abs",
            "--deny=*.key",
            "--deny=/here/sub/secret",
            "--mask=.env",
            "--mask=/here/sub/.env",
            "--limit=memory=1GiB",
            "--network=rules",
            "--allow-host=@npm",
        ];
        assert_eq!(arguments(&flags, Path::new("/here")), expected);
    }
}
