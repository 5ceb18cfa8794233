//! What is tried out with a command's own token.

use std::fs::OpenOptions;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Breach, Mechanism};

/// The hidden first argument of the program when it is the one that tries.
pub const ARGUMENT: &str = "__canary";

/// Something to do with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Attempt {
    /// Put something into a file that exists.
    Write(PathBuf),
    /// Make a file.
    Create(PathBuf),
    /// Make a directory.
    MakeDirectory(PathBuf),
    /// Give a file another name.
    Rename(PathBuf, PathBuf),
    /// Remove a file.
    Remove(PathBuf),
    /// Open something for something, and do nothing with it.
    Open(PathBuf, Wish),
}

/// What something is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// To write a file, or to make files in a directory.
    Write,
    /// To rename or remove it.
    Remove,
    /// To change its access list.
    ChangeList,
}

/// How it went, as the one says who tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not, with the system's words.
    Refused(String),
}

/// How an attempt should go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The attempt.
    pub attempt: Attempt,
    /// Whether it should be done.
    pub done: bool,
    /// What does not hold where it goes otherwise.
    pub mechanism: Mechanism,
}

impl Expected {
    /// Of what several mechanisms keep, or none does.
    pub fn of_all(attempt: Attempt, done: bool) -> Self {
        Self { attempt, done, mechanism: Mechanism::Attempt }
    }
}

impl Attempt {
    /// Tries it. `open` opens things, which is a matter of the system.
    pub fn carry_out(&self, open: &dyn Fn(&Path, Wish) -> io::Result<()>) -> Outcome {
        let result = match self {
            Self::Write(path) => OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all(b"+")),
            Self::Create(path) => std::fs::File::create_new(path).map(drop),
            Self::MakeDirectory(path) => std::fs::create_dir(path),
            Self::Rename(from, to) => std::fs::rename(from, to),
            Self::Remove(path) => std::fs::remove_file(path),
            Self::Open(path, wish) => open(path, *wish),
        };
        result.map_or_else(|error| Outcome::Refused(error.to_string()), |()| Outcome::Done)
    }
}

/// The life of the one who tries: attempts come in, one a line, and outcomes go out.
pub fn live(
    input: impl BufRead,
    mut output: impl Write,
    open: &dyn Fn(&Path, Wish) -> io::Result<()>,
) -> io::Result<()> {
    for line in input.lines() {
        let attempt: Attempt = serde_json::from_str(&line?)?;
        serde_json::to_writer(&mut output, &attempt.carry_out(open))?;
        output.write_all(b"\n")?;
    }
    output.flush()
}

/// Attempts as they come in.
pub fn written<'a>(attempts: impl Iterator<Item = &'a Attempt>) -> String {
    attempts.map(|attempt| serde_json::to_string(attempt).expect("attempts are plain data") + "\n").collect()
}

/// Where outcomes are not as expected. One that is missing is not.
pub fn differences(expected: &[Expected], outcomes: &str) -> Vec<Breach> {
    let outcomes: Vec<Option<Outcome>> = outcomes.lines().map(|line| serde_json::from_str(line).ok()).collect();
    let wrong = |(place, expected): (usize, &Expected)| {
        let found = outcomes.get(place).and_then(Option::as_ref);
        let wrong = match (found, expected.done) {
            (Some(Outcome::Done), true) | (Some(Outcome::Refused(_)), false) => return None,
            (None, _) => format!("nobody says how {:?} went", expected.attempt),
            (Some(Outcome::Done), false) => format!("{:?} was done", expected.attempt),
            (Some(Outcome::Refused(why)), true) => format!("{:?} was refused: {why}", expected.attempt),
        };
        Some(Breach::new(expected.mechanism, wrong))
    };
    expected.iter().enumerate().filter_map(wrong).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path, _: Wish) -> io::Result<()> {
        if path.ends_with("open") { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    fn expected(name: &str, done: bool) -> Expected {
        Expected::of_all(Attempt::Open(name.into(), Wish::Remove), done)
    }

    #[test]
    fn outcomes_are_told_in_the_order_of_the_attempts() {
        let attempts = [expected("open", true), expected("closed", false)].map(|expected| expected.attempt);
        let mut output = Vec::new();
        live(written(attempts.iter()).as_bytes(), &mut output, &open).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), "\"done\"\n{\"refused\":\"permission denied\"}\n");
    }

    #[test]
    fn what_is_not_as_expected_is_found_and_so_is_silence() {
        let told = "\"done\"\n{\"refused\":\"no\"}\n";
        let count = |expected: &[Expected]| differences(expected, told).len();
        assert_eq!(count(&[expected("a", true), expected("b", false)]), 0);
        assert_eq!(count(&[expected("a", false), expected("b", true)]), 2);
        assert_eq!(count(&[expected("a", true), expected("b", false), expected("c", false)]), 1);
        assert_eq!(differences(&[expected("a", false)], "nonsense").len(), 1);
    }
}
