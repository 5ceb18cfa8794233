//! Denials and masks whose path leads through a symbolic link: they count for what the link leads to as well.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::deny::{Deny, SPECIAL, escaped};
use crate::paths::{self, lossy};
use crate::policy::Policy;

impl Policy {
    /// The policy with each denial and mask that goes through a link written a second time, for where the link leads. `real`
    /// gives the path without links of one that exists and has some.
    pub fn following_links(&self, real: impl Fn(&Path) -> Option<PathBuf>) -> Cow<'_, Self> {
        let follow = |entries: &[Deny]| -> Vec<Deny> {
            entries.iter().filter_map(|entry| entry.following_links(&real)).collect()
        };
        let (denied, masked) = (follow(&self.deny), follow(&self.mask));
        let mut policy = Cow::Borrowed(self);
        if !denied.is_empty() || !masked.is_empty() {
            let policy = policy.to_mut();
            policy.deny.extend(denied);
            policy.mask.extend(masked);
        }
        policy
    }
}

impl Deny {
    fn following_links(&self, real: impl Fn(&Path) -> Option<PathBuf>) -> Option<Self> {
        if self.is_floating() {
            return None;
        }
        let (fixed, pattern) = match &self.literal {
            Some(path) => (path.clone(), ""),
            None => split(&self.glob),
        };
        let leads_to = real(&fixed)?;
        let glob = paths::join(&escaped(&lossy(&leads_to)), pattern);
        Some(Self { glob: glob.into(), literal: self.literal.is_some().then_some(leads_to), ..self.clone() })
    }
}

/// The directory that a glob from the root starts at, and the pattern below it.
fn split(glob: &str) -> (PathBuf, &str) {
    // What stands before the first slash is a drive, or nothing.
    let (drive, mut pattern) = glob.split_once('/').unwrap_or((glob, ""));
    let mut fixed = format!("{drive}/");
    while let Some((name, rest)) = pattern.split_once('/')
        && let Some(name) = unescaped(name)
    {
        fixed = paths::join(&fixed, &name);
        pattern = rest;
    }
    (fixed.into(), pattern)
}

/// What a part of a glob means, if that is one name.
fn unescaped(part: &str) -> Option<String> {
    let mut name = String::with_capacity(part.len());
    let mut rest = part.chars();
    while let Some(letter) = rest.next() {
        if letter == '[' {
            name.push(rest.next().filter(|escaped| SPECIAL.contains(escaped))?);
            rest.next().filter(|end| *end == ']')?;
        } else if SPECIAL.contains(&letter) {
            return None;
        } else {
            name.push(letter);
        }
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DenyMatcher;
    use crate::fixtures::{linux, policy};

    #[test]
    fn a_denial_counts_for_what_its_path_leads_to() {
        // Joined by hand: tests of this platform run on another one, too.
        let below = |path: &Path| Some(path.strip_prefix("/home/ada/link").ok()?.to_str()?.to_owned());
        let real = |path: &Path| Some(PathBuf::from(format!("/mnt/[a]/{}", below(path)?)));
        for (deny, hidden) in [
            ("'~/link/key'", "/mnt/[a]/key"),
            ("'~/link/*.key'", "/mnt/[a]/x.key"),
            ("'~/link/keys/**'", "/mnt/[a]/keys/x/y"),
            ("'*.key', '!~/link/no*', '~/link/k*'", "/mnt/[a]/k"),
        ] {
            let policy = policy(&format!("files.deny = [{deny}]"), &linux());
            let matcher = DenyMatcher::new(&policy.following_links(real));
            assert!(matcher.matches(Path::new(hidden), false).is_some(), "{deny}");
            assert!(matcher.matches(Path::new("/mnt/a/key"), false).is_none(), "{deny}");
            assert!(matcher.matches(Path::new("/mnt/[a]/no"), false).is_none(), "{deny}");
        }
    }

    #[test]
    fn where_a_pattern_starts() {
        assert_eq!(split("/srv/*.key"), (PathBuf::from("/srv"), "*.key"));
        assert_eq!(split("/a/[*][]]/**/x"), (PathBuf::from("/a/*]"), "**/x"));
        assert_eq!(split("/[ab]/x"), (PathBuf::from("/"), "[ab]/x"));
        assert_eq!(split("D:/srv/*.key"), (PathBuf::from("D:/srv"), "*.key"));
        assert_eq!(split("D:/*.key"), (PathBuf::from("D:/"), "*.key"));
    }
}
