//! The policy as canonical JSON: what is allowed, without who says so and why.

use serde::Serialize;

use crate::ceiling::Ceiling;
use crate::deny::Deny;
use crate::env::EnvPattern;
use crate::files::{Grant, Target};
use crate::ledger::Ledger;
use crate::limits::LimitName;
use crate::network::{BudgetName, HostRule, HostScope, Network, NetworkMode, PortRule};
use crate::platform::Places;
use crate::policy::Policy;
use crate::protect::{Protect, Scope};
use crate::secrets::{Secret, SecretSource, SecretUse};

/// Counts the forms this page has had: a digest of one form never equals one of another.
const FORM: u32 = 4;

/// Everything of a policy that decides something, in a fixed order of fields.
#[derive(Serialize)]
struct Canonical<'a> {
    form: u32,
    profile: &'a str,
    places: &'a Places,
    read: Vec<GrantForm<'a>>,
    write: Vec<GrantForm<'a>>,
    copy_on_write: Vec<GrantForm<'a>>,
    deny: Vec<DenyForm<'a>>,
    mask: Vec<DenyForm<'a>>,
    protect: Vec<(&'a std::path::Path, Scope, bool)>,
    #[serde(skip_serializing_if = "<&bool as std::ops::Not>::not")]
    stage: bool,
    #[serde(skip_serializing_if = "<&bool as std::ops::Not>::not")]
    undo: bool,
    network: NetworkForm<'a>,
    secrets: Vec<SecretForm<'a>>,
    env_allow: Vec<&'a str>,
    env_deny: Vec<&'a str>,
    env_set: Vec<(&'a str, &'a str)>,
    env_ceilings: Vec<Vec<&'a str>>,
    nested_namespaces: bool,
    limits: [(&'a str, Option<u64>); LimitName::ALL.len()],
    ledger: (bool, bool, Option<u64>, Option<u64>),
    ceilings: Vec<[Option<&'a [Target]>; 3]>,
}

#[derive(Serialize)]
struct NetworkForm<'a> {
    mode: NetworkMode,
    most: NetworkMode,
    allow: Vec<&'a HostScope>,
    deny: Vec<&'a HostScope>,
    ceilings: Vec<Vec<&'a HostScope>>,
    publish: Vec<u16>,
    host_ports: Vec<u16>,
    budget: [Option<u64>; BudgetName::ALL.len()],
}

/// Name, source, hosts, place and variable; the value is not known here.
type SecretForm<'a> = (&'a str, &'a SecretSource, &'a [HostScope], &'a SecretUse, Option<&'a str>);

/// Target and set: the set decides whether floating denials count.
type GrantForm<'a> = (&'a Target, Option<&'a str>);

/// Glob, literal, exception, directories only, and what an exception is weighed by: set and layer.
type DenyForm<'a> = (&'a str, bool, bool, bool, Option<&'a str>, u8);

pub(crate) fn canonical(policy: &Policy) -> Vec<u8> {
    let env = &policy.env;
    let form = Canonical {
        form: FORM,
        profile: &policy.profile,
        places: &policy.places,
        read: grants(&policy.read),
        write: grants(&policy.write),
        copy_on_write: grants(&policy.copy_on_write),
        deny: policy.deny.iter().map(deny).collect(),
        mask: policy.mask.iter().map(deny).collect(),
        protect: policy.protect.iter().map(protect).collect(),
        stage: policy.stage.value,
        undo: policy.undo.value,
        network: network(&policy.network),
        secrets: policy.secrets.iter().map(secret).collect(),
        env_allow: names(&env.allow),
        env_deny: names(&env.deny),
        env_set: env.set.iter().map(|value| (value.name.as_str(), value.value.as_str())).collect(),
        env_ceilings: env.ceilings.iter().map(|ceiling| names(ceiling)).collect(),
        nested_namespaces: policy.process.nested_namespaces,
        limits: LimitName::ALL.map(|name| (name.key(), policy.limits.get(name).value)),
        ledger: ledger(&policy.ledger),
        ceilings: policy.ceilings.iter().map(ceiling).collect(),
    };
    serde_json::to_vec(&form).expect("a policy holds only Unicode text, numbers and lists")
}

fn ledger(ledger: &Ledger) -> (bool, bool, Option<u64>, Option<u64>) {
    (ledger.required.value, ledger.programs.value, ledger.keep_ms.value, ledger.keep_bytes.value)
}

fn grants(grants: &[Grant]) -> Vec<GrantForm<'_>> {
    grants.iter().map(|grant| (&grant.target, grant.set.as_deref())).collect()
}

fn network(network: &Network) -> NetworkForm<'_> {
    let scopes = |rules| <[HostRule]>::iter(rules).map(|rule| &rule.scope).collect();
    let ports = |rules: &[PortRule]| rules.iter().map(|rule| rule.port).collect();
    NetworkForm {
        mode: network.mode,
        most: network.most,
        allow: scopes(&network.allow),
        deny: scopes(&network.deny),
        ceilings: network.ceilings.iter().map(|ceiling| scopes(&ceiling.allow)).collect(),
        publish: ports(&network.publish),
        host_ports: ports(&network.host_ports),
        budget: BudgetName::ALL.map(|name| network.budget.get(name).value),
    }
}

fn secret(secret: &Secret) -> SecretForm<'_> {
    (&secret.name, &secret.from, &secret.hosts, &secret.r#in, secret.env.as_deref())
}

fn deny(deny: &Deny) -> DenyForm<'_> {
    let (exception, literal) = (deny.exception, deny.literal.is_some());
    (&deny.glob, literal, exception, deny.directories_only, deny.set.as_deref(), deny.origin.layer.rank())
}

fn protect(protect: &Protect) -> (&std::path::Path, Scope, bool) {
    (&protect.name, protect.scope, protect.directory)
}

fn names(patterns: &[EnvPattern]) -> Vec<&str> {
    patterns.iter().map(|entry| &*entry.pattern).collect()
}

fn ceiling(ceiling: &Ceiling) -> [Option<&[Target]>; 3] {
    [&ceiling.read, &ceiling.write, &ceiling.copy_on_write].map(Option::as_deref)
}
