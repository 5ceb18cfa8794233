//! Looks at what lies outside, and at what is hidden in the workspace.

use pinfold_plan::Promise::{NothingInherited, ReadsConfined, SecretsHidden};

use super::Sign::{Own, Stolen};
use super::Verb::*;
use super::{Attack, attack};

pub(super) const ATTACKS: &[Attack] = &[
    attack(ReadsConfined, "read", "a file outside was read", Read, &[r"{outside}\file"], Stolen),
    attack(ReadsConfined, "names", "a directory outside was listed", Names, &[r"{outside}\directory"], Stolen),
    attack(
        ReadsConfined,
        "read-key",
        "a key in a directory like ~/.ssh was read",
        Read,
        &[r"{outside}\.ssh\id_ed25519"],
        Stolen,
    ),
    attack(
        ReadsConfined,
        "read-by-link",
        "a file outside was read through a hard link",
        ReadByLink,
        &[r"{outside}\file", r"{own}\link"],
        Stolen,
    ),
    attack(
        ReadsConfined,
        "read-by-junction",
        "a file outside was read through a junction",
        ReadByJunction,
        &[r"{outside}", r"{own}\junction", "file"],
        Stolen,
    ),
    attack(
        ReadsConfined,
        "read-by-root",
        "a file outside was read by a path from the root of all objects",
        Read,
        &[r"\\?\GLOBALROOT\GLOBAL??\{outside}\file"],
        Stolen,
    ),
    attack(
        ReadsConfined,
        "read-by-share",
        "a file outside was read by a share of this machine",
        Read,
        &[r"{shared}\file"],
        Stolen,
    ),
    // Whoever may list processes of the same user may read these.
    attack(
        ReadsConfined,
        "arguments-of",
        "the arguments of a process outside were read",
        ArgumentsOf,
        &["{victim}"],
        Stolen,
    ),
    attack(ReadsConfined, "read-section", "shared memory outside was read", ReadSection, &["{unique}"], Stolen),
    attack(SecretsHidden, "read-secret", "a .env file was read", Read, &[r"{own}\.env"], Stolen),
    attack(
        SecretsHidden,
        "read-secret-below",
        "a .env.local file in a subdirectory was read",
        Read,
        &[r"{own}\sub\.env.local"],
        Stolen,
    ),
    attack(
        SecretsHidden,
        "read-secret-in-capitals",
        "a .env file was read by its name in capitals",
        Read,
        &[r"{own}\.ENV"],
        Stolen,
    ),
    attack(
        SecretsHidden,
        "read-secret-as-stream",
        "a .env file was read by the name of its content",
        Read,
        &[r"\\?\{own}\.env::$DATA"],
        Stolen,
    ),
    attack(
        SecretsHidden,
        "link-secret",
        "a .env file was read through a hard link",
        ReadByLink,
        &[r"{own}\.env", r"{own}\link"],
        Stolen,
    ),
    attack(SecretsHidden, "change-secret", "a .env file was overwritten", Overwrite, &[r"{own}\.env"], Own(".env")),
    attack(
        NothingInherited,
        "variable",
        "a variable of the caller's was read",
        Variable,
        &["PINFOLD_DOCTOR_CANARY"],
        Stolen,
    ),
    attack(
        NothingInherited,
        "inherited-file",
        "a file that the caller had open was read",
        ReadHandle,
        &["{inherited-file}"],
        Stolen,
    ),
    attack(
        NothingInherited,
        "inherited-pipe",
        "a pipe that the caller had open was read",
        ReadHandle,
        &["{inherited-pipe}"],
        Stolen,
    ),
];
