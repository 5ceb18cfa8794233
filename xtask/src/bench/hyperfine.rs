//! Timing whole commands side by side.

use std::path::Path;

use crate::shell::{Result, command, read};

/// How commands are timed.
pub(super) struct Timing {
    pub(super) rounds: usize,
    pub(super) runs: usize,
    pub(super) warmup: usize,
}

/// For each round, the median seconds of each command.
pub(super) struct Times(Vec<Vec<f64>>);

/// Times commands, each a list of words, in one directory.
pub(super) fn time(hyperfine: &Path, directory: &Path, timing: &Timing, commands: &[Vec<String>]) -> Result<Times> {
    let export = directory.with_extension("hyperfine.json");
    let mut rounds = Vec::new();
    for _ in 0..timing.rounds {
        let mut hyperfine = command(&hyperfine.to_string_lossy(), ["-N", "--style", "none", "--export-json"]);
        hyperfine.arg(&export).args(["--runs", &timing.runs.to_string(), "--warmup", &timing.warmup.to_string()]);
        hyperfine
            .args(commands.iter().map(|words| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")));
        read(hyperfine.current_dir(directory))?;
        let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&export)?)?;
        let results = report["results"].as_array().ok_or("hyperfine reports no results")?;
        rounds.push(results.iter().map(|result| result["median"].as_f64().unwrap_or(f64::NAN)).collect());
    }
    std::fs::remove_file(&export)?;
    Ok(Times(rounds))
}

impl Times {
    /// The median time of a command in milliseconds.
    pub(super) fn milliseconds(&self, of: usize) -> f64 {
        1000.0 * self.median(|round| round[of])
    }

    /// How many times the time of `to` the command `of` takes.
    pub(super) fn ratio(&self, of: usize, to: usize) -> f64 {
        self.median(|round| round[of] / round[to])
    }

    /// The lowest and the highest ratio of all rounds.
    pub(super) fn ratio_range(&self, of: usize, to: usize) -> (f64, f64) {
        let ratios = || self.0.iter().map(|round| round[of] / round[to]);
        (ratios().fold(f64::INFINITY, f64::min), ratios().fold(0.0, f64::max))
    }

    /// How many milliseconds longer than `to` the command `of` takes.
    pub(super) fn difference(&self, of: usize, to: usize) -> f64 {
        1000.0 * self.median(|round| round[of] - round[to])
    }

    fn median(&self, value: impl Fn(&[f64]) -> f64) -> f64 {
        let mut values: Vec<f64> = self.0.iter().map(|round| value(round)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// A word as hyperfine reads it back.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,@+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_round() {
        let times = Times(vec![vec![1.0, 3.0], vec![2.0, 2.0], vec![1.0, 4.0]]);
        assert_eq!((times.ratio(1, 0), times.ratio_range(1, 0)), (3.0, (1.0, 4.0)));
        assert_eq!(times.milliseconds(0), 1000.0);
        assert_eq!(times.difference(1, 0), 2000.0);
    }

    #[test]
    fn words_are_quoted_when_a_shell_would_split_them() {
        assert_eq!(quoted("--deny=a"), "--deny=a");
        assert_eq!(quoted("it's *"), r"'it'\''s *'");
    }
}
