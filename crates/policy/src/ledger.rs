//! The `[ledger]` section: what becomes of the record of a run.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::amount::{Amount, Unit};
use crate::demand::{Decided, Demand};
use crate::layers::{Layer, Withheld};
use crate::limits::{Limit, wider};
use crate::merging::{NOT_TRUSTED, managed_why};
use crate::origin::{Entry, Origin};

/// How long the records of runs are kept: 90 days.
const KEEP_MS: u64 = 90 * 86_400_000;
/// How large they may grow together.
const KEEP_BYTES: u64 = 1 << 30;

/// What becomes of the record of a run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Ledger")]
pub(crate) struct LedgerSection {
    /// Does a run that cannot be recorded not start? Without this it starts, and says so. Any layer may demand it.
    #[schemars(with = "Option<bool>")]
    pub(crate) required: Option<Spanned<bool>>,
    /// Are the programs that a run executes recorded? They are if nothing says otherwise. It takes a few percent of a
    /// build, and keeps programs inside from having a listener for system calls of their own (seccomp_unotify(2)).
    #[schemars(with = "Option<bool>")]
    pub(crate) programs: Option<Spanned<bool>>,
    /// How long records are kept, 90 days if nothing says so. The managed policy sets the least.
    #[schemars(with = "Option<Amount>")]
    pub(crate) keep: Option<Spanned<Amount>>,
    /// How large all records together may grow before the oldest go, 1 GiB if nothing says so. The managed policy sets
    /// the least.
    #[schemars(with = "Option<Amount>")]
    pub(crate) keep_size: Option<Spanned<Amount>>,
}

/// What one policy file says of the ledger; `None` inside an entry is an explicit `"none"`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerRules {
    /// `ledger.required`
    pub required: Option<Entry<bool>>,
    /// `ledger.programs`
    pub programs: Option<Entry<bool>>,
    /// `ledger.keep`, in milliseconds.
    pub keep: Option<Entry<Option<u64>>>,
    /// `ledger.keep-size`, in bytes.
    pub keep_size: Option<Entry<Option<u64>>>,
}

/// The ledger in the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ledger {
    /// Does a run that cannot be recorded not start?
    pub required: Decided,
    /// Are programs recorded?
    pub programs: Decided,
    /// How long records are kept, in milliseconds; nothing for ever.
    pub keep_ms: Limit<u64>,
    /// How large all of them may grow, in bytes.
    pub keep_bytes: Limit<u64>,
}

impl Ledger {
    pub(crate) fn standard(origin: &Arc<Origin>) -> Self {
        let limit = |value| Limit { value: Some(value), origin: origin.clone() };
        let decided = |value| Decided { value, origin: origin.clone() };
        Self {
            required: decided(false),
            programs: decided(true),
            keep_ms: limit(KEEP_MS),
            keep_bytes: limit(KEEP_BYTES),
        }
    }

    /// Does no layer say anything about it?
    pub(crate) fn is_standard(&self) -> bool {
        *self == Self::standard(&self.required.origin)
    }
}

fn demands<'a>(rules: &'a LedgerRules, ledger: &'a mut Ledger) -> [Demand<'a>; 2] {
    [
        Demand { key: "ledger.required", said: rules.required.as_ref(), decided: &mut ledger.required },
        Demand { key: "ledger.programs", said: rules.programs.as_ref(), decided: &mut ledger.programs },
    ]
}

/// A bound: the key, its unit, what a layer says, and what the policy has.
type Bound<'a> = (&'static str, Unit, Option<&'a Entry<Option<u64>>>, &'a mut Limit<u64>);

fn bounds<'a>(rules: &'a LedgerRules, ledger: &'a mut Ledger) -> [Bound<'a>; 2] {
    [
        ("ledger.keep", Unit::Milliseconds, rules.keep.as_ref(), &mut ledger.keep_ms),
        ("ledger.keep-size", Unit::Bytes, rules.keep_size.as_ref(), &mut ledger.keep_bytes),
    ]
}

/// Adds a layer below the ceiling. Whoever is not trusted may demand a record, and decides nothing else about it.
pub(crate) fn add(ledger: &mut Ledger, layer: &Layer, withheld: &mut Vec<Withheld>) {
    let rules = &layer.policy.ledger;
    let trusted = layer.kind.is_trusted();
    demands(rules, ledger).into_iter().for_each(|demand| demand.add(layer, withheld));
    for (key, unit, entry, limit) in bounds(rules, ledger) {
        let Some(entry) = entry else { continue };
        let origin = layer.origin(key, &entry.at);
        if trusted {
            *limit = Limit { value: entry.value, origin };
        } else {
            withheld.push(Withheld::new(format!("{key} {}", unit.show(entry.value)), NOT_TRUSTED, origin));
        }
    }
}

/// Applies a managed layer: what it demands stays demanded, and nothing goes before it says so.
pub(crate) fn cap(ledger: &mut Ledger, layer: &Layer, withheld: &mut Vec<Withheld>) {
    let rules = &layer.policy.ledger;
    demands(rules, ledger).into_iter().for_each(|demand| demand.cap(layer));
    for (key, unit, entry, limit) in bounds(rules, ledger) {
        let Some(entry) = entry.filter(|entry| wider(entry.value, limit.value)) else { continue };
        let raised = Limit { value: entry.value, origin: layer.origin(key, &entry.at) };
        let Limit { value, origin } = std::mem::replace(limit, raised);
        withheld.push(Withheld::new(format!("{key} {}", unit.show(value)), &managed_why(layer, key), origin));
    }
}

#[cfg(test)]
mod tests {
    use crate::fixtures::merged;
    use crate::origin::LayerKind::{Managed, Project, User};

    #[test]
    fn a_record_can_be_demanded_by_all_and_let_go_of_by_those_who_may() {
        let required = |layers: &[_]| merged(layers).policy.ledger.required.value;
        let untrusted = Project { trusted: false };
        assert!(!required(&[]));
        assert!(required(&[(untrusted, "ledger.required = true")]));
        assert!(required(&[(User, "ledger.required = true"), (untrusted, "ledger.required = false")]));
        assert!(!required(&[(User, "ledger.required = true"), (Project { trusted: true }, "ledger.required = false")]));
        assert!(required(&[(User, "ledger.required = false"), (Managed, "ledger.required = true")]));
    }

    #[test]
    fn programs_are_recorded_unless_somebody_who_may_says_otherwise() {
        let recorded = |layers: &[_]| merged(layers).policy.ledger.programs.value;
        let no = "ledger.programs = false";
        assert!(recorded(&[]) && !recorded(&[(User, no)]));
        assert!(recorded(&[(Project { trusted: false }, no)]));
        assert!(recorded(&[(User, no), (Managed, "ledger.programs = true")]));
    }

    #[test]
    fn records_are_kept_as_long_as_the_managed_policy_wants_at_least() {
        let user = (User, "ledger.keep = '1d'\nledger.keep-size = '2GiB'");
        let managed = (Managed, "ledger.keep = '30d'\nledger.keep-size = '1GiB'");
        let merged_both = merged(&[user, managed]);
        let ledger = &merged_both.policy.ledger;
        assert_eq!((ledger.keep_ms.value, ledger.keep_bytes.value), (Some(30 * 86_400_000), Some(2 << 30)));
        assert_eq!(merged_both.withheld.len(), 1);
        let untrusted = merged(&[(Project { trusted: false }, "ledger.keep = '1s'")]);
        assert_eq!(untrusted.policy.ledger.keep_ms.value, Some(super::KEEP_MS));
        assert_eq!(untrusted.withheld.len(), 1);
    }
}
