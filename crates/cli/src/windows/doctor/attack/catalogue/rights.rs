//! To become more than one is.

use pinfold_plan::Promise::NoPrivileges;

use super::Sign::{Outside, Told};
use super::Verb::{ChildOf, Impersonate, Privilege, RaiseIntegrity};
use super::{Attack, attack};

/// A privilege was enabled, which every token has or only those of some users.
const fn privilege(name: &'static str, harm: &'static str, word: &'static [&'static str; 1]) -> Attack {
    attack(NoPrivileges, name, harm, Privilege, word, Told)
}

pub(super) const ATTACKS: &[Attack] = &[
    privilege("privilege", "a privilege that every user has was enabled", &["SeIncreaseWorkingSetPrivilege"]),
    privilege("privilege-to-shut-down", "the privilege to shut down was enabled", &["SeShutdownPrivilege"]),
    privilege("privilege-to-debug", "the privilege to debug was enabled", &["SeDebugPrivilege"]),
    privilege("privilege-to-back-up", "the privilege to read every file was enabled", &["SeBackupPrivilege"]),
    privilege("privilege-to-restore", "the privilege to write every file was enabled", &["SeRestorePrivilege"]),
    privilege("privilege-to-impersonate", "the privilege to be somebody else was enabled", &["SeImpersonatePrivilege"]),
    attack(
        NoPrivileges,
        "raise-integrity",
        "a file outside was written after raising the own integrity",
        RaiseIntegrity,
        &[r"{outside}\file"],
        Outside,
    ),
    attack(
        NoPrivileges,
        "impersonate",
        "a file outside was written in the name of another process",
        Impersonate,
        &["{victim}", r"{outside}\file"],
        Outside,
    ),
    attack(
        NoPrivileges,
        "child-of",
        "a file outside was written by a child of another process",
        ChildOf,
        &["{victim}", r"{outside}\file"],
        Outside,
    ),
];
