//! Every attack that needs no company: what it is after, how it is tried, and how harm is seen from outside.

mod company;
mod metadata;
mod privileges;
mod processes;
mod reads;
mod sockets;
mod writes;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use pinfold_plan::Promise;

pub(super) use self::company::Company;
use crate::attack::Scene;

/// Stand for the numbers of descriptors that are known later.
pub(super) const FILE_NUMBER: &str = "@file";
pub(super) const PIPE_NUMBER: &str = "@pipe";

/// An attack.
pub(super) struct Attack {
    pub(super) promise: Promise,
    pub(super) name: &'static str,
    /// What it has done when it succeeds.
    pub(super) harm: &'static str,
    /// The attacker itself tells whether it succeeded.
    pub(super) told: bool,
    /// Prepares one side. The error says why it cannot be tried here.
    pub(super) prepare: Prepare,
}

type Prepare = fn(&Scene<'_>, &Company, &str) -> Result<Attempt, String>;

/// One attack on one side.
pub(super) struct Attempt {
    pub(super) verb: &'static str,
    pub(super) words: Vec<OsString>,
    pub(super) harmed: Box<dyn Fn(&Word<'_>) -> bool>,
}

/// What came out of the row.
pub(super) struct Word<'a> {
    /// Everything that all attackers of the row said.
    pub(super) said: &'a str,
    /// What this attacker says of itself.
    pub(super) done: bool,
}

/// In the order in which they are tried: what takes something away comes last.
pub(super) fn all() -> Vec<Attack> {
    let groups =
        [writes::ATTACKS, reads::ATTACKS, sockets::ATTACKS, processes::ATTACKS, privileges::ATTACKS, metadata::ATTACKS];
    groups
        .concat()
        .into_iter()
        .map(|(promise, name, harm, prepare)| {
            let told = name == privileges::USER_NAMESPACE;
            Attack { promise, name, harm, told, prepare }
        })
        .collect()
}

/// Promise, name, harm and how it is prepared.
type Listed = (Promise, &'static str, &'static str, Prepare);

/// An attempt whose harm is that a token gets out.
fn steals<S: AsRef<OsStr>>(verb: &'static str, words: impl IntoIterator<Item = S>, token: String) -> Attempt {
    attempt(verb, words, move |word| word.said.contains(&token))
}

fn attempt<S: AsRef<OsStr>>(
    verb: &'static str,
    words: impl IntoIterator<Item = S>,
    harmed: impl Fn(&Word<'_>) -> bool + 'static,
) -> Attempt {
    let words = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
    Attempt { verb, words, harmed: Box::new(harmed) }
}

/// Why the preparations failed.
fn prepared<T>(result: io::Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("it cannot be prepared here: {error}"))
}

fn only_for_root() -> Result<(), String> {
    if rustix::process::geteuid().is_root() { Ok(()) } else { Err("only root could do it without the sandbox".into()) }
}

/// The same path as seen through the root and the current directory of processes.
fn through_processes(path: &Path) -> Vec<OsString> {
    let own = std::process::id().to_string();
    let mut ways = Vec::new();
    for process in ["1", own.as_str()] {
        ways.push(format!("/proc/{process}/root{}", path.display()).into());
        let up = "/..".repeat(40);
        ways.push(format!("/proc/{process}/cwd{up}{}", path.display()).into());
    }
    ways
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_fit_for_file_names() {
        let names: Vec<_> = all().iter().map(|attack| attack.name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-')), "{names:?}");
    }
}
