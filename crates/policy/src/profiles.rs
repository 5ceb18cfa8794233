//! Built-in profiles: the same TOML that users write.

use std::path::Path;

use crate::document::PolicyFile;
use crate::parse::parse;

/// The profiles, the default one first.
pub const PROFILE_NAMES: &[&str] = &["workspace", "read-only", "offline-build", "open"];

/// The profile of a policy that names none.
pub const PROFILE_DEFAULT: &str = "workspace";

/// The TOML of a built-in profile.
pub fn profile_text(name: &str) -> Option<&'static str> {
    Some(match name {
        "workspace" => include_str!("profiles/workspace.toml"),
        "read-only" => include_str!("profiles/read-only.toml"),
        "offline-build" => include_str!("profiles/offline-build.toml"),
        "open" => include_str!("profiles/open.toml"),
        _ => return None,
    })
}

/// A built-in profile by name.
pub fn builtin_profile(name: &str) -> Option<PolicyFile> {
    let text = profile_text(name)?;
    Some(parse(text, Path::new(name)).expect("the profiles are compiled in and a test reads them"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::LimitName;

    #[test]
    fn every_profile_reads_and_sets_every_scalar() {
        for name in PROFILE_NAMES {
            let profile = builtin_profile(name).expect(name);
            assert!(profile.network.mode.is_some() && profile.nested_namespaces.is_some(), "{name}");
            assert_eq!(profile.limits.len(), LimitName::ALL.len(), "{name}");
            assert!(profile.limits[&LimitName::Memory].value.is_some(), "{name}");
        }
        assert!(builtin_profile("strict").is_none());
    }
}
