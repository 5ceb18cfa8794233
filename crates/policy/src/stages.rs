//! The `[stages]` section: how long what waits beside a workspace is kept.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::amount::{Amount, Unit};
use crate::layers::{Layer, Withheld};
use crate::limits::{Limit, wider};
use crate::merging::managed_why;
use crate::origin::{Entry, LayerKind, Origin};

/// How long stages are kept in which nothing waits: 14 days.
const KEEP_MS: u64 = 14 * 86_400_000;
/// Why a project does not decide.
const OTHERS_WORK: &str = "only the user's own policy says how long stages are kept";

/// How long what staged runs wrote is kept. A project's policy says nothing about it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Stages")]
pub(crate) struct StagesSection {
    /// How long a stage is kept that nobody uses and in which nothing waits to be taken over, 14 days if nothing says so.
    #[schemars(with = "Option<Amount>")]
    pub(crate) keep: Option<Spanned<Amount>>,
    /// How large the stages of a workspace may grow together before the oldest in which nothing waits go; without a bound if
    /// nothing says so.
    #[schemars(with = "Option<Amount>")]
    pub(crate) keep_size: Option<Spanned<Amount>>,
    /// How long a stage is kept that nobody uses although something waits in it, for ever if nothing says so. What was
    /// written there and not taken over is lost then.
    #[schemars(with = "Option<Amount>")]
    pub(crate) keep_unapplied: Option<Spanned<Amount>>,
}

/// What one policy file says of stages; `None` inside an entry is an explicit `"none"`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageRules {
    /// `stages.keep`, in milliseconds.
    pub keep: Option<Entry<Option<u64>>>,
    /// `stages.keep-size`, in bytes.
    pub keep_size: Option<Entry<Option<u64>>>,
    /// `stages.keep-unapplied`, in milliseconds.
    pub keep_unapplied: Option<Entry<Option<u64>>>,
}

/// How long stages are kept by the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stages {
    /// Those in which nothing waits, in milliseconds since they were used; nothing for ever.
    pub keep_ms: Limit<u64>,
    /// How large all of a workspace may grow before such go, in bytes.
    pub keep_bytes: Limit<u64>,
    /// Those in which something waits, in milliseconds since they were used.
    pub keep_unapplied_ms: Limit<u64>,
}

/// A bound: the key, its unit, what a layer says, and what the policy has.
type Bound<'a> = (&'static str, Unit, Option<&'a Entry<Option<u64>>>, &'a mut Limit<u64>);

impl Stages {
    pub(crate) fn standard(origin: &Arc<Origin>) -> Self {
        let limit = |value| Limit { value, origin: origin.clone() };
        Self { keep_ms: limit(Some(KEEP_MS)), keep_bytes: limit(None), keep_unapplied_ms: limit(None) }
    }

    /// Does no layer say anything about it?
    pub(crate) fn is_standard(&self) -> bool {
        *self == Self::standard(&self.keep_ms.origin)
    }

    /// The keys with their values.
    pub(crate) fn shown(&self) -> [(&'static str, Unit, &Limit<u64>); 3] {
        [
            ("keep", Unit::Milliseconds, &self.keep_ms),
            ("keep-size", Unit::Bytes, &self.keep_bytes),
            ("keep-unapplied", Unit::Milliseconds, &self.keep_unapplied_ms),
        ]
    }

    fn bounds<'a>(&'a mut self, rules: &'a StageRules) -> [Bound<'a>; 3] {
        [
            ("stages.keep", Unit::Milliseconds, rules.keep.as_ref(), &mut self.keep_ms),
            ("stages.keep-size", Unit::Bytes, rules.keep_size.as_ref(), &mut self.keep_bytes),
            ("stages.keep-unapplied", Unit::Milliseconds, rules.keep_unapplied.as_ref(), &mut self.keep_unapplied_ms),
        ]
    }

    /// Adds a layer below the ceiling.
    pub(crate) fn add(&mut self, layer: &Layer, withheld: &mut Vec<Withheld>) {
        for (key, unit, entry, limit) in self.bounds(&layer.policy.stages) {
            let Some(entry) = entry else { continue };
            let origin = layer.origin(key, &entry.at);
            if matches!(layer.kind, LayerKind::Project { .. }) {
                withheld.push(Withheld::new(format!("{key} {}", unit.show(entry.value)), OTHERS_WORK, origin));
            } else {
                *limit = Limit { value: entry.value, origin };
            }
        }
    }

    /// Applies a managed layer: nothing goes before it says so.
    pub(crate) fn cap(&mut self, layer: &Layer, withheld: &mut Vec<Withheld>) {
        for (key, unit, entry, limit) in self.bounds(&layer.policy.stages) {
            let Some(entry) = entry.filter(|entry| wider(entry.value, limit.value)) else { continue };
            let raised = Limit { value: entry.value, origin: layer.origin(key, &entry.at) };
            let Limit { value, origin } = std::mem::replace(limit, raised);
            withheld.push(Withheld::new(format!("{key} {}", unit.show(value)), &managed_why(layer, key), origin));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::KEEP_MS;
    use crate::fixtures::merged;
    use crate::origin::LayerKind::{Managed, Project, User};

    const DAY: u64 = 86_400_000;

    #[test]
    fn what_was_not_taken_over_is_kept_for_ever_unless_its_user_says_otherwise() {
        let unapplied = |layers: &[_]| merged(layers).policy.stages.keep_unapplied_ms.value;
        assert_eq!(unapplied(&[]), None);
        assert_eq!(unapplied(&[(User, "stages.keep-unapplied = '30d'")]), Some(30 * DAY));
        let managed = (Managed, "stages.keep-unapplied = '60d'");
        assert_eq!(unapplied(&[(User, "stages.keep-unapplied = '30d'"), managed]), Some(60 * DAY));
        assert_eq!(unapplied(&[managed]), None);
    }

    #[test]
    fn a_project_does_not_say_how_long_stages_are_kept_not_even_one_that_is_trusted() {
        for trusted in [false, true] {
            let merged = merged(&[(Project { trusted }, "stages.keep = '1s'\nstages.keep-size = 1")]);
            assert_eq!(merged.policy.stages.keep_ms.value, Some(KEEP_MS));
            assert_eq!((merged.policy.stages.keep_bytes.value, merged.withheld.len()), (None, 2));
        }
    }
}
