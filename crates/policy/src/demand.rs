//! A yes or no of which one answer is the stricter one: everybody may demand it, and who is trusted may let go of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::layers::{Layer, Withheld};
use crate::merging::NOT_TRUSTED;
use crate::origin::{Entry, Origin};

/// A yes or no, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Decided {
    /// Yes or no.
    pub value: bool,
    /// Who says so.
    pub origin: Arc<Origin>,
}

/// What a layer says under a key, and what the policy has.
pub(crate) struct Demand<'a> {
    pub(crate) key: &'static str,
    pub(crate) said: Option<&'a Entry<bool>>,
    pub(crate) decided: &'a mut Decided,
}

impl Demand<'_> {
    /// Adds a layer below the ceiling.
    pub(crate) fn add(self, layer: &Layer, withheld: &mut Vec<Withheld>) {
        let Some(entry) = self.said else { return };
        let origin = layer.origin(self.key, &entry.at);
        if layer.kind.is_trusted() || entry.value || !self.decided.value {
            *self.decided = Decided { value: entry.value, origin };
        } else {
            withheld.push(Withheld::new(format!("{} false", self.key), NOT_TRUSTED, origin));
        }
    }

    /// Applies a managed layer: what it demands stays demanded.
    pub(crate) fn cap(self, layer: &Layer) {
        if let Some(entry) = self.said.filter(|entry| entry.value) {
            *self.decided = Decided { value: true, origin: layer.origin(self.key, &entry.at) };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fixtures::merged;
    use crate::origin::LayerKind::{Managed, Project, User};

    #[test]
    fn a_way_back_can_be_demanded_by_all_and_let_go_of_by_those_who_may() {
        let undo = |layers: &[_]| merged(layers).policy.undo.value;
        let untrusted = Project { trusted: false };
        assert!(!undo(&[]));
        assert!(undo(&[(untrusted, "files.undo = true")]));
        assert!(undo(&[(User, "files.undo = true"), (untrusted, "files.undo = false")]));
        assert!(!undo(&[(User, "files.undo = true"), (Project { trusted: true }, "files.undo = false")]));
        assert!(undo(&[(User, "files.undo = false"), (Managed, "files.undo = true")]));
        assert!(!merged(&[(User, "files.undo = true")]).policy.stage.value);
    }
}
