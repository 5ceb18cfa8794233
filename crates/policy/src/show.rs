//! The effective policy as TOML, each line with a comment that says where it comes from.

use std::fmt::{Display, Write};

use crate::amount::Unit;
use crate::files::Grant;
use crate::ledger::Ledger;
use crate::limits::LimitName;
use crate::network::{BudgetName, HostRule, HostScope, Network, PathPattern, Ports};
use crate::origin::Origin;
use crate::policy::Policy;
use crate::secrets::{Secret, SecretSource};
use crate::sets;
use crate::stages::Stages;
use crate::text::{Text, plain};

/// How named sets are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sets {
    /// By name, one line each.
    Named,
    /// Each entry on a line.
    Expanded,
}

/// The effective policy as a policy file.
pub fn to_toml(policy: &Policy, sets: Sets) -> String {
    let show = Show { policy, sets };
    let mut out = format!("version = 1\nprofile = {}\n", text(&policy.profile));
    show.files(&mut out);
    network(&policy.network, &mut out);
    policy.secrets.iter().for_each(|one| secret(one, &mut out));
    show.env(&mut out);
    line(&mut out, "\n[process]", "");
    let nested = policy.process.nested_namespaces;
    line(&mut out, &format!("nested-namespaces = {nested}"), &policy.process.origin);
    line(&mut out, "\n[limits]", "");
    for name in LimitName::ALL {
        let limit = policy.limits.get(name);
        line(&mut out, &format!("{} = {}", name.key(), name.unit().show(limit.value)), &limit.origin);
    }
    if !policy.ledger.is_standard() {
        ledger(&policy.ledger, &mut out);
    }
    if !policy.stages.is_standard() {
        stages(&policy.stages, &mut out);
    }
    out
}

/// What is shown, and how.
struct Show<'a> {
    policy: &'a Policy,
    sets: Sets,
}

/// An entry of a list with the set it came from and who says so.
type Shown<'a> = (Text, Option<&'a Text>, &'a Origin);

impl<'a> Show<'a> {
    fn files(&self, out: &mut String) {
        line(out, "\n[files]", "");
        let policy = self.policy;
        for (key, grants) in
            [("read", &policy.read), ("write", &policy.write), ("copy-on-write", &policy.copy_on_write)]
        {
            let shown = |grant: &'a Grant| (Text::from(grant.target.text()), grant.set.as_ref(), &*grant.origin);
            self.list(out, key, grants.iter().map(shown).collect());
        }
        let denials = policy.deny.iter().map(|deny| (deny.pattern.clone(), deny.set.as_ref(), &*deny.origin));
        self.list(out, "deny", denials.collect());
        if !policy.mask.is_empty() {
            let masks = policy.mask.iter().map(|mask| (mask.pattern.clone(), mask.set.as_ref(), &*mask.origin));
            self.list(out, "mask", masks.collect());
        }
        let protections = policy.protect.iter();
        let shown = protections.map(|protect| (Text::from(protect.text()), protect.set.as_ref(), &*protect.origin));
        self.list(out, "protect", shown.collect());
        if policy.stage.value {
            line(out, "stage = true", &policy.stage.origin);
        }
        if policy.undo.value {
            line(out, "undo = true", &policy.undo.origin);
        }
    }

    fn env(&self, out: &mut String) {
        line(out, "\n[env]", "");
        let env = &self.policy.env;
        for (key, patterns) in [("allow", &env.allow), ("deny", &env.deny)] {
            let shown = patterns.iter().map(|entry| (entry.pattern.clone(), entry.set.as_ref(), &*entry.origin));
            self.list(out, key, shown.collect());
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

    fn list(&self, out: &mut String, key: &str, entries: Vec<Shown<'_>>) {
        if entries.is_empty() {
            return line(out, &format!("{key} = []"), "");
        }
        line(out, &format!("{key} = ["), "");
        for (index, (entry, set, origin)) in entries.iter().enumerate() {
            match set {
                Some(set) if self.sets == Sets::Named => {
                    let same = |other: &&Shown<'_>| other.1 == Some(*set) && other.2 == *origin;
                    if !entries[..index].iter().any(|other| same(&other)) {
                        let count = self.count(set, entries.iter().filter(same).count());
                        line(out, &format!("  {},", text(set)), format!("{count}: {origin}"));
                    }
                }
                Some(set) => line(out, &format!("  {},", text(entry)), format!("{set}: {origin}")),
                None => line(out, &format!("  {},", text(entry)), origin),
            }
        }
        line(out, "]", "");
    }

    /// How much of a set is in force: a later layer may have taken entries out of it.
    fn count(&self, set: &str, count: usize) -> String {
        match sets::entries(set, self.policy.places.platform).count() {
            all if all == count => format!("{all} entries"),
            all => format!("{count} of {all} entries"),
        }
    }
}

fn ledger(ledger: &Ledger, out: &mut String) {
    line(out, "\n[ledger]", "");
    for (key, decided) in [("required", &ledger.required), ("programs", &ledger.programs)] {
        line(out, &format!("{key} = {}", decided.value), &decided.origin);
    }
    let bounds = [("keep", Unit::Milliseconds, &ledger.keep_ms), ("keep-size", Unit::Bytes, &ledger.keep_bytes)];
    for (key, unit, limit) in bounds {
        line(out, &format!("{key} = {}", unit.show(limit.value)), &limit.origin);
    }
}

fn stages(stages: &Stages, out: &mut String) {
    line(out, "\n[stages]", "");
    for (key, unit, limit) in stages.shown() {
        line(out, &format!("{key} = {}", unit.show(limit.value)), &limit.origin);
    }
}

fn network(network: &Network, out: &mut String) {
    line(out, "\n[network]", "");
    line(out, &format!("mode = {}", text(network.mode.name())), &network.origin);
    let rules = |rules: &[HostRule]| -> Vec<_> {
        let source = |rule: &HostRule| {
            let set = rule.set.as_ref().map(|set| format!("{set}: ")).unwrap_or_default();
            format!("{set}{}", rule.origin)
        };
        rules.iter().map(|rule| (host(&rule.scope), source(rule))).collect()
    };
    lines(out, "allow", rules(&network.allow));
    lines(out, "deny", rules(&network.deny));
    for ceiling in &network.ceilings {
        let hosts: Vec<String> = ceiling.allow.iter().map(|rule| rule.scope.to_string()).collect();
        line(out, "", format!("the managed policy lets at most these be reached: {}", hosts.join(" ")));
    }
    for (key, ports) in [("publish", &network.publish), ("host-ports", &network.host_ports)] {
        lines(out, key, ports.iter().map(|rule| (rule.port.to_string(), rule.origin.to_string())).collect());
    }
    for name in BudgetName::ALL {
        let budget = network.budget.get(name);
        line(out, &format!("budget.{} = {}", name.key(), name.unit().show(budget.value)), &budget.origin);
    }
}

/// A rule as text, or as a table where it says more than text can.
fn host(scope: &HostScope) -> String {
    let several = matches!(&scope.ports, Ports::These(ports) if ports.len() > 1);
    if !several && !scope.looks_inside() {
        return text(&scope.to_string());
    }
    let mut table = toml::Table::new();
    let list = |items: Vec<&str>| items.into_iter().map(toml::Value::from).collect::<Vec<_>>();
    let (host, ports) = match &scope.ports {
        Ports::These(ports) => (scope.hosts.to_string(), Some(ports)),
        _ => (scope.to_string(), None),
    };
    table.insert("host".into(), host.into());
    table.extend(
        ports.map(|ports| ("ports".into(), ports.iter().map(|port| i64::from(*port)).collect::<Vec<_>>().into())),
    );
    let paths = scope.paths.iter().map(PathPattern::as_str).collect();
    for (key, items) in [("methods", list(scope.methods.iter().map(String::as_str).collect())), ("paths", list(paths))]
    {
        table.extend((!items.is_empty()).then(|| (key.into(), items.into())));
    }
    toml::Value::from(table).to_string()
}

fn secret(secret: &Secret, out: &mut String) {
    line(out, &format!("\n[secrets.{}]", secret.name), &secret.origin);
    let from = match &secret.from {
        SecretSource::Env(name) => ("env", text(name)),
        SecretSource::File(path) => ("file", text(&path.to_string_lossy())),
        SecretSource::Command(words) => ("command", toml::Value::from(words.clone()).to_string()),
        SecretSource::Keyring(name) => ("keyring", text(name)),
    };
    line(out, &format!("from = {{ {} = {} }}", from.0, from.1), "");
    line(out, &format!("in = {}", text(&secret.r#in.text())), "");
    lines(out, "hosts", secret.hosts.iter().map(|host| (text(&host.to_string()), String::new())).collect());
    if let Some(name) = &secret.env {
        line(out, &format!("env = {}", text(name)), "");
    }
}

/// A list of values in TOML, each with its source.
fn lines(out: &mut String, key: &str, entries: Vec<(String, String)>) {
    if entries.is_empty() {
        return line(out, &format!("{key} = []"), "");
    }
    line(out, &format!("{key} = ["), "");
    for (entry, source) in entries {
        line(out, &format!("  {entry},"), source);
    }
    line(out, "]", "");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::merged;
    use crate::origin::LayerKind::{Managed, User};

    #[test]
    fn a_set_is_one_line_that_says_how_much_of_it_is_in_force() {
        let user = (User, "files.read = ['/srv', '@system']");
        let shown = |layers: &[_]| {
            let toml = to_toml(&merged(layers).policy, Sets::Named);
            let lines: Vec<&str> = toml.lines().filter(|line| line.contains("@system")).collect();
            lines.join("\n")
        };
        let all = shown(&[user]);
        assert!(all.starts_with("  \"@system\",") && all.contains("# 13 entries: "), "{all}");
        let some = shown(&[user, (Managed, "files.read = ['/usr', '/bin', '/srv']")]);
        assert!(some.contains("# 2 of 13 entries: "), "{some}");
    }
}
