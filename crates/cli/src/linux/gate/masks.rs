//! A value of a masked file that is a secret of the policy: the gate knows its placeholder.

use pinfold_confine::linux::probe;
use pinfold_gate::link::Start;
use pinfold_plan::{Mount, Plan};

/// Puts the placeholders of secrets into masked files, so that a program that reads its settings there can use them.
pub(crate) fn with_placeholders(plan: &mut Plan, start: &Start) {
    let lent = |value: &str| {
        let secret = start.secrets.iter().find(|lent| lent.value == value)?;
        Some(secret.placeholder.clone())
    };
    for mount in &mut plan.mounts {
        // A file that has changed meanwhile, or a link, stays masked as it is planned.
        if let Mount::Mask { at, text } = mount
            && let Ok(masked) = probe::masked_with(at, &lent)
        {
            *text = masked;
        }
    }
}
