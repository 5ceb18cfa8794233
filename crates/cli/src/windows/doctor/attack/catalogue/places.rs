//! Places of the user and of the machine that many programs may write: what is planted there is executed or read by others.

use pinfold_plan::Promise::{CachesIntact, WritesConfined};

use super::Sign::{Appeared, Value};
use super::Verb::{MakeDirectory, Plant, SetValue};
use super::{Attack, Key, Sign, attack};

/// A file of a name that nobody else uses.
const fn planted(name: &'static str, harm: &'static str, path: &'static [&'static str; 1]) -> Attack {
    attack(WritesConfined, name, harm, Plant, path, Appeared(path[0]))
}

const RUN: Sign = Value(Key::Run);
const ENVIRONMENT: Sign = Value(Key::Environment);

pub(super) const ATTACKS: &[Attack] = &[
    planted("startup", "something is started when you log on", &[r"{startup}\{unique}.cmd"]),
    planted("shell-profile", "a file was made beside your PowerShell profile", &[r"{profile}\{unique}.txt"]),
    planted("home", "a file was made in your home directory", &[r"{home}\{unique}.txt"]),
    planted("roaming", "a file was made among the settings of programs", &[r"{roaming}\{unique}.txt"]),
    // Open to what has low integrity.
    planted("local-low", "a file was made in AppData\\LocalLow", &[r"{local-low}\{unique}.txt"]),
    planted("public", "a file was made in the directory of all users", &[r"{public}\{unique}.txt"]),
    planted("program-data", "a file was made in ProgramData", &[r"{program-data}\{unique}.txt"]),
    planted("temporary", "a file was made in your temporary directory", &[r"{temp}\{unique}.txt"]),
    planted(
        "windows-temporary",
        "a file was made in the temporary directory of the machine",
        &[r"{windows}\Temp\{unique}.txt"],
    ),
    attack(
        WritesConfined,
        "drive-root",
        "a directory was made in the root of the drive",
        MakeDirectory,
        &[r"{drive}\{unique}"],
        Appeared(r"{drive}\{unique}"),
    ),
    attack(
        WritesConfined,
        "run-key",
        "the registry starts something when you log on",
        SetValue,
        &[RUN_KEY, "{unique}"],
        RUN,
    ),
    attack(
        WritesConfined,
        "environment-key",
        "your variables in the registry were changed",
        SetValue,
        &["Environment", "{unique}"],
        ENVIRONMENT,
    ),
    attack(
        CachesIntact,
        "cache",
        "a package cache of yours was written to",
        Plant,
        &[r"{cache}\{unique}.txt"],
        Appeared(r"{cache}\{unique}.txt"),
    ),
];

const RUN_KEY: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
