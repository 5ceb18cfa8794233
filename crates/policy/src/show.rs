//! The effective policy as TOML, each line with a comment that says where it comes from.

use std::fmt::{Display, Write};

use crate::files::Grant;
use crate::limits::LimitName;
use crate::origin::Origin;
use crate::policy::Policy;
use crate::text::{Text, plain};

/// The effective policy as a policy file, with the sets written out.
pub fn to_toml(policy: &Policy) -> String {
    let mut out = format!("version = 1\nprofile = {}\n", text(&policy.profile));
    files(policy, &mut out);
    let network = &policy.network;
    line(&mut out, "\n[network]", "");
    line(&mut out, &format!("mode = {}", text(network.mode.name())), &network.origin);
    env(policy, &mut out);
    line(&mut out, "\n[process]", "");
    let nested = policy.process.nested_namespaces;
    line(&mut out, &format!("nested-namespaces = {nested}"), &policy.process.origin);
    line(&mut out, "\n[limits]", "");
    for name in LimitName::ALL {
        let limit = policy.limits.get(name);
        line(&mut out, &format!("{} = {}", name.key(), name.unit().show(limit.value)), &limit.origin);
    }
    out
}

fn files(policy: &Policy, out: &mut String) {
    line(out, "\n[files]", "");
    let grants = |list: &[Grant]| -> Vec<_> {
        list.iter().map(|grant| (Text::from(grant.target.text()), source(grant.set.as_ref(), &grant.origin))).collect()
    };
    list(out, "read", grants(&policy.read));
    list(out, "write", grants(&policy.write));
    list(out, "copy-on-write", grants(&policy.copy_on_write));
    let denials = policy.deny.iter();
    list(out, "deny", denials.map(|deny| (deny.pattern.clone(), source(deny.set.as_ref(), &deny.origin))).collect());
    let protections = policy.protect.iter();
    let shown = protections.map(|protect| (Text::from(protect.text()), source(protect.set.as_ref(), &protect.origin)));
    list(out, "protect", shown.collect());
}

fn env(policy: &Policy, out: &mut String) {
    line(out, "\n[env]", "");
    let env = &policy.env;
    for (key, patterns) in [("allow", &env.allow), ("deny", &env.deny)] {
        let shown = patterns.iter().map(|entry| (entry.pattern.clone(), source(entry.set.as_ref(), &entry.origin)));
        list(out, key, shown.collect());
    }
    for ceiling in &env.ceilings {
        let names: Vec<&str> = ceiling.iter().map(|entry| &*entry.pattern).collect();
        line(out, "", format!("the managed policy lets only these pass: {}", names.join(" ")));
    }
    if env.set.is_empty() {
        return;
    }
    line(out, "\n[env.set]", "");
    for value in &env.set {
        line(out, &format!("{} = {}", text(&value.name), text(&value.value)), &value.origin);
    }
}

fn list(out: &mut String, key: &str, entries: Vec<(Text, String)>) {
    if entries.is_empty() {
        return line(out, &format!("{key} = []"), "");
    }
    line(out, &format!("{key} = ["), "");
    for (entry, source) in entries {
        line(out, &format!("  {},", text(&entry)), source);
    }
    line(out, "]", "");
}

fn source(set: Option<&Text>, origin: &Origin) -> String {
    set.map_or_else(|| origin.to_string(), |set| format!("{set}: {origin}"))
}

fn line(out: &mut String, code: &str, comment: impl Display) {
    let comment = plain(&comment.to_string());
    // Writing to a string does not fail.
    let _ = match (code.is_empty(), comment.is_empty()) {
        (_, true) => writeln!(out, "{code}"),
        (true, false) => writeln!(out, "# {comment}"),
        (false, false) => writeln!(out, "{code:<44}  # {comment}"),
    };
}

/// The text as a TOML string.
fn text(value: &str) -> String {
    toml::Value::from(value).to_string()
}
