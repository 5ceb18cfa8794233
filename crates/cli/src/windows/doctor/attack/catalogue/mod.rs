//! Every attack, as data: what it is after, what the attacker is told, and how harm is seen.
//!
//! Whoever reads this list knows what is tested. Nothing in it depends on the system, and it is looked through on all.

mod alone;
mod ends;
mod excesses;
mod metadata;
mod neighbours;
mod network;
mod places;
mod reads;
mod rights;
mod sign;
mod verb;
mod writes;

use pinfold_plan::Promise;

pub(crate) use self::excesses::{EXCESSES, Excess, Mark};
pub(crate) use self::sign::{Change, Key, Service, Sign};
pub(crate) use self::verb::Verb;

/// An attack. It succeeds without the sandbox, or proves nothing; that is its control.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attack {
    pub(crate) promise: Promise,
    /// Also the name of the directories that are its own: one outside, one in the workspace.
    pub(crate) name: &'static str,
    /// What it has done when it succeeds.
    pub(crate) harm: &'static str,
    pub(crate) verb: Verb,
    /// The words after the verb. What stands in braces is filled in where it is tried: see [`fill_in`].
    pub(crate) words: &'static [&'static str],
    /// How it is seen from outside that it has succeeded.
    pub(crate) sign: Sign,
}

/// One line of the list.
const fn attack(
    promise: Promise,
    name: &'static str,
    harm: &'static str,
    verb: Verb,
    words: &'static [&'static str],
    sign: Sign,
) -> Attack {
    Attack { promise, name, harm, verb, words, sign }
}

impl Attack {
    /// Whether what stands in braces is in one of its words.
    pub(crate) fn asks_for(&self, blank: &str) -> bool {
        self.words.iter().any(|word| word.contains(&format!("{{{blank}}}")))
    }
}

/// In the order in which they are tried: what takes something away that others are after comes last.
pub(crate) fn all() -> impl Iterator<Item = &'static Attack> {
    let groups: [&'static [Attack]; 9] = [
        writes::ATTACKS,
        alone::ATTACKS,
        places::ATTACKS,
        metadata::ATTACKS,
        reads::ATTACKS,
        network::ATTACKS,
        rights::ATTACKS,
        neighbours::ATTACKS,
        ends::ATTACKS,
    ];
    groups.into_iter().flatten()
}

/// Puts into a word what stands in braces. The error is the name of what there is not.
pub(crate) fn fill_in(word: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, &str> {
    let (mut filled, mut rest) = (String::new(), word);
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        filled.push_str(before);
        filled.push_str(&value(name).ok_or(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// What may stand in braces: names of paths, numbers and secrets that are known only where an attack is tried.
#[cfg(test)]
const BLANKS: &[&str] = &[
    // Directories of this attack's own, outside and in the workspace, and the first one by a share of this machine.
    "outside",
    "own",
    "shared",
    // Directories in the first one: of low integrity, and open to everybody.
    "low-place",
    "open-place",
    // Places of the user and of the machine.
    "workspace",
    "home",
    "roaming",
    "local-low",
    "startup",
    "profile",
    "public",
    "program-data",
    "temp",
    "windows",
    "drive",
    "cache",
    // A name that nobody else uses.
    "unique",
    // What lingers.
    "alive",
    "end",
    // Processes outside, and what is in the first.
    "victim",
    "sacrifice",
    "memory",
    "scratchpad",
    "file-handle",
    // Services outside.
    "tcp",
    "tcp-six",
    "tcp-host",
    "udp",
    "pipe",
    "host-far-away",
    // Handles that the caller left open.
    "inherited-file",
    "inherited-pipe",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names() -> Vec<&'static str> {
        all().map(|attack| attack.name).chain(EXCESSES.iter().map(|excess| excess.name)).collect()
    }

    #[test]
    fn there_are_many_attacks_with_names_of_their_own() {
        let names = names();
        assert!(names.len() >= 45, "{}", names.len());
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        // They are names of directories as well.
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-')), "{names:?}");
    }

    #[test]
    fn every_blank_is_known_and_every_word_can_be_filled_in() {
        let words = all().flat_map(|attack| attack.words.iter().chain(attack.sign.words()));
        for word in words.chain(EXCESSES.iter().flat_map(|excess| excess.words)) {
            let filled = fill_in(word, |name| BLANKS.contains(&name).then(|| "x".to_owned()));
            assert!(filled.as_ref().is_ok_and(|filled| !filled.contains(['{', '}'])), "{word}: {filled:?}");
        }
        assert_eq!(fill_in(r"\\?\{outside}\file", |_| Some(r"C:\x".into())).as_deref(), Ok(r"\\?\C:\x\file"));
        assert_eq!(fill_in("{none}", |_| None), Err("none"));
    }

    #[test]
    fn words_stand_for_verbs_and_nothing_else() {
        for verb in Verb::ALL {
            assert_eq!(Verb::of(verb.word()), Some(*verb));
        }
        assert_eq!(Verb::of("nothing"), None);
    }

    #[test]
    fn what_an_attack_has_done_is_said_in_words_that_fit_a_line() {
        let harms = all().map(|attack| attack.harm).chain(EXCESSES.iter().map(|excess| excess.harm));
        assert!(harms.into_iter().all(|harm| harm.len() <= 75 && !harm.ends_with('.')));
    }

    #[test]
    fn what_is_done_to_a_file_is_seen_at_that_file() {
        for attack in all() {
            let touches = |blank: &str| attack.words.iter().any(|word| word.contains(blank));
            match attack.sign {
                Sign::Outside => {
                    let outside = ["outside", "{shared}", "{low-place}", "{open-place}"].into_iter().any(touches);
                    assert!(outside, "{}", attack.name);
                }
                Sign::Own(_) | Sign::OpenToAll(_) => assert!(touches("{own}"), "{}", attack.name),
                Sign::Appeared(word) => {
                    assert!(
                        attack.words.iter().any(|other| word.starts_with(other) || other == &word),
                        "{}",
                        attack.name
                    );
                }
                _ => {}
            }
        }
    }

    #[test]
    fn all_promises_that_can_be_broken_are_attacked() {
        use Promise::*;
        let attacked: BTreeSet<Promise> =
            all().map(|attack| attack.promise).chain(EXCESSES.iter().map(|excess| excess.promise)).collect();
        let promises = [
            WritesConfined,
            CachesIntact,
            ReadsConfined,
            SecretsHidden,
            MetadataSealed,
            MetadataWatched,
            NetworkOff,
            NetworkRules,
            SocketsOutside,
            ProcessesOutside,
            IpcOutside,
            NoPrivileges,
            NothingSurvives,
            TerminalSafe,
            NothingInherited,
            LimitProcesses,
            LimitMemory,
            LimitDisk,
            LimitCpu,
            LimitWallTime,
            LimitOpenFiles,
            LimitOutput,
        ];
        assert!(promises.iter().all(|promise| attacked.contains(promise)), "{attacked:?}");
    }
}
