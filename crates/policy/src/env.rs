//! The `[env]` section: the environment is an allow list.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::decide::{Effect, Verdict};
use crate::origin::{Entry, LayerKind, Origin, Rule};
use crate::paths::check_text;
use crate::text::{Complaint, Text, plain, quoted};

/// Which variables of the caller the run gets, and which it gets on top.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Env")]
pub(crate) struct EnvSection {
    /// Names, or patterns with `*` and `?`, that pass from the caller.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) allow: Option<Vec<Spanned<String>>>,
    /// Names or patterns that do not pass, whatever is allowed.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) deny: Option<Vec<Spanned<String>>>,
    /// Variables set to a value of the policy's own.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(crate) set: Option<BTreeMap<String, Spanned<String>>>,
}

/// The checked `[env]` section of one policy file. In a managed file `allow: None` means "no ceiling".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvRules {
    /// Names, patterns and sets that pass.
    pub allow: Option<Vec<Entry<String>>>,
    /// Names, patterns and sets that do not.
    pub deny: Vec<Entry<String>>,
    /// Variables with a value of their own.
    pub set: BTreeMap<String, Entry<String>>,
}

/// A name or pattern of the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EnvPattern {
    /// The name, possibly with `*` and `?`.
    pub pattern: Text,
    /// The named set it came from.
    pub set: Option<Text>,
    /// Who says so.
    pub origin: Arc<Origin>,
}

/// A variable that the policy sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EnvValue {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Who says so.
    pub origin: Arc<Origin>,
}

/// The environment of the merged policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Env {
    /// What passes from the caller.
    pub allow: Vec<EnvPattern>,
    /// What does not, whatever is allowed.
    pub deny: Vec<EnvPattern>,
    /// What the policy sets.
    pub set: Vec<EnvValue>,
    /// Each managed `allow` list: a name must match every one of them.
    pub ceilings: Vec<Vec<EnvPattern>>,
    /// Are names compared without regard to case, as on Windows?
    pub ignore_case: bool,
}

impl Env {
    /// The environment of the run, by name, made from the caller's.
    ///
    /// Of a name that the caller has twice, the first value counts, as `getenv` would find it.
    pub fn select(&self, caller: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
        let mut chosen: BTreeMap<String, (OsString, OsString)> = BTreeMap::new();
        for value in &self.set {
            chosen.insert(self.key(&value.name).into_owned(), (value.name.clone().into(), value.value.clone().into()));
        }
        for (name, value) in caller {
            let Some(text) = name.to_str() else { continue };
            if self.passes(text) {
                chosen.entry(self.key(text).into_owned()).or_insert((name, value));
            }
        }
        chosen.into_values().collect()
    }

    /// Does a variable of that name reach the run, and why?
    pub fn verdict(&self, name: &OsStr) -> Verdict {
        let Some(text) = name.to_str() else {
            return refused("names that are not Unicode do not pass", None, None);
        };
        if let Some(value) = self.set.iter().find(|value| self.key(&value.name) == self.key(text)) {
            let rule = Rule { text: format!("env.set {}", plain(text)), origin: value.origin.clone() };
            return Verdict::allow(Effect::Private, "the policy sets this variable itself", Some(rule));
        }
        match self.managed_refusal(text) {
            Some(refusal) => refusal,
            None => self.listed(text),
        }
    }

    fn managed_refusal(&self, text: &str) -> Option<Verdict> {
        let deny = self.strongest_deny(text).filter(|deny| deny.origin.layer == LayerKind::Managed);
        if let Some(deny) = deny {
            let why = format!("the managed policy ({}) forbids it", deny.origin.place());
            return Some(refused(&why, Some(deny.rule("env.deny")), None));
        }
        let why = match self.closed_ceiling(text)?.first() {
            Some(first) => format!("the managed policy ({}) does not let this name pass", first.origin.place()),
            None => "the managed policy lets no name pass".to_owned(),
        };
        Some(refused(&why, None, None))
    }

    fn listed(&self, text: &str) -> Verdict {
        if let Some(deny) = self.strongest_deny(text) {
            let hint = format!("give it a value with `env.set`, or remove the rule at {}", deny.origin);
            return refused("`env.deny` names this variable", Some(deny.rule("env.deny")), Some(hint));
        }
        if let Some(allow) = self.find(&self.allow, text) {
            return Verdict::allow(Effect::Host, "its name is among those that pass", Some(allow.rule("env.allow")));
        }
        let hint = format!("add {} to `env.allow`, or run once with `--env {text}`", quoted(text));
        refused("no entry of `env.allow` names this variable", None, check_name(text).ok().map(|()| hint))
    }

    /// Layers are added from the weakest to the strongest, so the last is the strongest.
    fn strongest_deny(&self, name: &str) -> Option<&EnvPattern> {
        let name = self.key(name);
        self.deny.iter().rev().find(|entry| self.covers(entry, &name))
    }

    fn covers(&self, entry: &EnvPattern, key: &str) -> bool {
        matches(self.key(&entry.pattern).as_bytes(), key.as_bytes())
    }

    pub(crate) fn passes(&self, name: &str) -> bool {
        self.find(&self.deny, name).is_none()
            && self.closed_ceiling(name).is_none()
            && self.find(&self.allow, name).is_some()
    }

    pub(crate) fn find<'a>(&self, patterns: &'a [EnvPattern], name: &str) -> Option<&'a EnvPattern> {
        let name = self.key(name);
        patterns.iter().find(|entry| self.covers(entry, &name))
    }

    /// The first ceiling that the name does not fit under.
    pub(crate) fn closed_ceiling(&self, name: &str) -> Option<&[EnvPattern]> {
        self.ceilings.iter().find(|ceiling| self.find(ceiling, name).is_none()).map(Vec::as_slice)
    }

    /// The form of a name that comparisons use.
    pub(crate) fn key<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if self.ignore_case { name.to_uppercase().into() } else { name.into() }
    }
}

impl EnvPattern {
    fn rule(&self, key: &str) -> Rule {
        let from = self.set.as_ref().map(|set| format!(" ({set})")).unwrap_or_default();
        Rule { text: format!("{key} \"{}\"{from}", self.pattern), origin: self.origin.clone() }
    }
}

fn refused(why: &str, rule: Option<Rule>, hint: Option<String>) -> Verdict {
    Verdict { allowed: false, effect: Effect::Absent, why: why.to_owned(), rule, hint }
}

/// Checks an entry of `allow` or `deny`.
pub(crate) fn check_pattern(text: &str) -> Result<(), Complaint> {
    check_text(text)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "_*?().-".contains(c);
    if text.chars().all(fits) && !text.starts_with('-') {
        return Ok(());
    }
    Err(Complaint::new(
        format!("{} is no name of a variable", quoted(text)),
        "write a name such as `RUST_LOG`, a pattern such as `MY_*`, or a set such as `@base`",
    ))
}

/// Checks a name in `set`.
pub(crate) fn check_name(name: &str) -> Result<(), Complaint> {
    check_pattern(name)?;
    if name.contains(['*', '?']) {
        return Err(Complaint::new(format!("{} is a pattern", quoted(name)), "`env.set` takes whole names"));
    }
    Ok(())
}

/// Does the name match the pattern, where `*` is any run of bytes and `?` any one?
///
/// Remembers only the latest star, so the time is at most the product of the lengths.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star, at)) = retry else { return false };
                retry = Some((star, at + 1));
                p = star;
                n = at + 1;
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Arc<Origin> {
        let user = Origin { layer: LayerKind::User, file: None, line: 1, column: 1, key: "env".into(), flag: None };
        Arc::new(user)
    }

    fn patterns(texts: &[&'static str]) -> Vec<EnvPattern> {
        texts.iter().map(|text| EnvPattern { pattern: (*text).into(), set: None, origin: origin() }).collect()
    }

    fn caller(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn stars_and_question_marks_match() {
        for (pattern, name, expected) in [
            ("LC_*", "LC_ALL", true),
            ("LC_*", "LC_", true),
            ("LC_*", "LANG", false),
            ("*_KEY", "A_KEY_KEY", true),
            ("*_KEY", "A_KEYS", false),
            ("A?C", "ABC", true),
            ("A?C", "AC", false),
            ("", "", true),
            ("*", "", true),
            ("A**B", "AXB", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn only_allowed_names_pass_and_denied_ones_never() {
        let env = Env { allow: patterns(&["PATH", "AWS_*"]), deny: patterns(&["*_SECRET*"]), ..Env::default() };
        let chosen =
            env.select(caller(&[("PATH", "/bin"), ("AWS_REGION", "x"), ("AWS_SECRET_KEY", "s"), ("HOME", "/h")]));
        assert_eq!(chosen, caller(&[("AWS_REGION", "x"), ("PATH", "/bin")]));
    }

    #[test]
    fn the_first_of_two_values_counts_and_a_set_value_replaces_both() {
        let mut env = Env { allow: patterns(&["A", "B"]), ..Env::default() };
        env.set.push(EnvValue { name: "B".into(), value: "policy".into(), origin: origin() });
        let chosen = env.select(caller(&[("A", "1"), ("A", "2"), ("B", "3")]));
        assert_eq!(chosen, caller(&[("A", "1"), ("B", "policy")]));
    }

    #[test]
    fn windows_names_are_compared_without_case() {
        let env = Env { allow: patterns(&["PATH"]), ignore_case: true, ..Env::default() };
        assert_eq!(env.select(caller(&[("Path", "x"), ("PATH", "y")])), caller(&[("Path", "x")]));
    }

    #[test]
    fn a_missing_name_is_refused_with_the_smallest_change() {
        let verdict = Env::default().verdict(OsStr::new("MY_TOKEN"));
        assert!(!verdict.allowed);
        assert_eq!(verdict.hint.as_deref(), Some("add `MY_TOKEN` to `env.allow`, or run once with `--env MY_TOKEN`"));
    }
}
