//! Facts about this machine and this workspace, for the plan.

use std::path::PathBuf;

use pinfold_plan::Host;
use pinfold_policy::{NetworkMode, Policy, Rules};
use pinfold_survey::SurveyError;

use self::links::links;
use self::machine::{can_map_ids, kernel, name, readable_secrets};
use self::other_names::other_names;
use super::sys;
use crate::probe::gather;

mod gate;
mod links;
mod machine;
mod other_names;
mod own;

use self::gate::java_trust_stores;
pub use self::gate::{can_redirect, resolver_text, trust_bundles};
pub use self::machine::no_user_namespaces;
pub use self::own::names;
pub use crate::probe::{Appearance, Names, Sight, Stores, Tree, look_again, look_anew, masked, masked_with};

/// Gathers what the plan for `policy` needs to know. `spelled` are paths as the user wrote them, whose links shall
/// work inside too; `no_user_namespaces` is what [`no_user_namespaces()`] said.
pub fn look(
    policy: &Policy,
    stores: Stores,
    spelled: &[PathBuf],
    no_user_namespaces: Option<String>,
) -> Result<Sight, SurveyError> {
    let mut sight = gather(policy, &stores)?;
    let roots: Vec<_> = sight.trees.iter().map(|tree| tree.root.as_path()).collect();
    let others = other_names(&sight.host, &roots);
    sight.host.denied.extend(others.into_iter().map(|path| (path, false)));
    own::deny(&mut sight.host, policy, &stores.own);
    let owner = rustix::fs::stat(&policy.places.workspace).map(|stat| (stat.st_uid, stat.st_gid)).unwrap_or_default();
    let id_mapped_mounts = can_map_ids(&[&policy.places.workspace, &stores.home]);
    // Only a run with a gate has its own names and certificates.
    let rules = policy.network.mode == NetworkMode::Rules;
    let opens_tls = rules && Rules::new(policy).inspects();
    let (uid, gid) = caller();
    let host = Host {
        uid,
        gid,
        no_user_namespaces,
        id_mapped_mounts,
        workspace_owner: owner,
        landlock_abi: sys::landlock_abi(),
        kernel: kernel(),
        overlay: kernel() >= (5, 11),
        links: links(&sight.host.paths, spelled),
        untold: policy.undo.value.then(machine::untold).flatten(),
        name: name(),
        resolver: std::fs::canonicalize("/etc/resolv.conf").ok(),
        hosts: rules.then(|| std::fs::canonicalize("/etc/hosts").ok()).flatten(),
        // Not asked here: who has laid a foundation knows.
        redirects: false,
        trust_bundles: if rules { trust_bundles() } else { Vec::new() },
        java_trust_stores: if opens_tls { java_trust_stores(&policy.places.home) } else { Vec::new() },
        // Root's shadow may not read what only root may.
        readable_secrets: if id_mapped_mounts { Vec::new() } else { readable_secrets() },
        ..sight.host
    };
    Ok(Sight { host, ..sight })
}

/// User and group id of the caller.
pub fn caller() -> (u32, u32) {
    (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw())
}
