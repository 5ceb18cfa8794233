//! Counts of tests, and what those said that failed, read from what `cargo test` prints while it goes by.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::shell::{Result, shown};

/// How many lines of what a failed test has printed are told once more at the end: the last ones, where it says why.
const LINES_OF_A_FAILURE: usize = 60;

/// How many tests, and which have failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    pub(crate) failures: Vec<Failure>,
}

/// A test that failed, with the end of what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    name: String,
    lines: Vec<String>,
}

impl Tally {
    /// Runs tests, shows what they print and counts them. A run that fails without a failed test, such as one that
    /// does not compile, is an error.
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("no output to read")?;
        let mut reader = Reader::default();
        for line in BufReader::new(stdout).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            println!("{line}");
            reader.read(&line);
        }
        let status = child.wait()?;
        if !status.success() && reader.tally.failed == 0 {
            return Err(format!("`{}` failed ({status})", shown(command)).into());
        }
        Ok(reader.tally)
    }

    /// What failed, for the end of a long output, where a reader looks first.
    pub(crate) fn tell_failures(&self) {
        for Failure { name, lines } in &self.failures {
            println!("failed: {name}");
            lines.iter().for_each(|line| println!("    {line}"));
        }
    }
}

/// Reads line by line what tests print.
#[derive(Default)]
struct Reader {
    tally: Tally,
    /// Are these lines of the last test in the tally's failures?
    is_of_a_failure: bool,
}

impl Reader {
    fn read(&mut self, line: &str) {
        let Self { tally, is_of_a_failure } = self;
        if let Some([passed, failed, skipped]) = counts(line) {
            *tally = std::mem::take(tally) + Tally { passed, failed, skipped, failures: Vec::new() };
        } else if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            tally.failures.push(Failure { name: name.to_owned(), lines: Vec::new() });
            *is_of_a_failure = true;
        } else if line == "failures:" {
            *is_of_a_failure = false;
        } else if let Some(failure) = tally.failures.last_mut().filter(|_| *is_of_a_failure) {
            failure.add(line);
        }
    }
}

impl Failure {
    fn add(&mut self, line: &str) {
        let words = line.trim_start();
        let is_of_a_stack =
            words.starts_with("at ") || words.split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        if words.is_empty() || is_of_a_stack {
            return;
        }
        if self.lines.len() == LINES_OF_A_FAILURE {
            self.lines.remove(0);
        }
        self.lines.push(line.to_owned());
    }
}

/// `test result: ok. 12 passed; 0 failed; 1 ignored; …`: passed, failed and skipped.
fn counts(line: &str) -> Option<[u64; 3]> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |what: &str| {
        let part = counts.split(';').map(str::trim).find_map(|part| part.strip_suffix(what))?;
        part.trim().parse().ok()
    };
    Some([count("passed")?, count("failed")?, count("ignored")?])
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
            failures: [self.failures, other.failures].concat(),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(f, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_line_is_counted_and_any_other_is_not() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(counts(line), Some([12, 2, 1]));
        assert_eq!(counts("test passed ... ok"), None);
    }

    #[test]
    fn failed_tests_are_kept_with_what_they_said_last_and_without_their_stack() {
        let mut reader = Reader::default();
        let said: String = (1..=90).map(|line| format!("line {line}\n")).collect();
        let printed = format!(
            "running 2 tests\nfailures:\n\n---- one stdout ----\n{said}  7: main\n   at main.rs:1\n\n\
             ---- two stdout ----\nwhy\n\nfailures:\n    one\n    two\n\n\
             test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured\nafterwards\n"
        );
        printed.lines().for_each(|line| reader.read(line));
        let [one, two] = &reader.tally.failures[..] else { panic!("two have failed: {:?}", reader.tally) };
        assert_eq!((&*one.name, one.lines.len()), ("one", LINES_OF_A_FAILURE));
        assert_eq!(one.lines.last().map(String::as_str), Some("line 90"));
        assert_eq!((&*two.name, &two.lines[..]), ("two", &["why".to_owned()][..]));
    }

    #[test]
    fn the_closing_line_names_what_was_skipped_only_if_something_was() {
        let tally = |failed, skipped| Tally { passed: 3, failed, skipped, failures: Vec::new() };
        assert_eq!(tally(0, 0).to_string(), "3 passed, 0 failed");
        assert_eq!(tally(1, 2).to_string(), "3 passed, 1 failed, 2 skipped");
    }
}
